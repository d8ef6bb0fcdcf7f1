import numpy as np
import pytest

from training.response.grounded import Block, Evidence, fit_grounded

BLOCKS = (Block("effect", 3, 1.0), Block("bias", 1, 0.5))


def rows(n: int, *, bias: float, seed: int, drawn: bool):
    """Columns of three effects and of the bias of what was not drawn; what is left of the outcome."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, 3))
    columns = np.hstack((features, np.full((n, 1), 0.0 if drawn else 1.0)))
    left = columns @ np.array([0.4, -0.2, 0.1, bias]) + rng.standard_normal(n)
    return columns, left, np.ones(n)


def test_effects_are_found_and_their_errors_are_as_large_as_they_say():
    found = fit_grounded(Evidence.none(4).with_rows(*rows(20_000, bias=0.0, seed=1, drawn=True)), BLOCKS)
    wanted = np.eye(4)[:3]
    away = (found.effect(wanted) - np.array([0.4, -0.2, 0.1])) / found.effect_sd(wanted)
    assert np.abs(away).max() < 3
    assert found.effect_sd(wanted) == pytest.approx(1 / np.sqrt(20_000), rel=0.05)


def test_evidence_of_two_parts_is_that_of_both_together():
    columns, left, variance = rows(600, bias=0.3, seed=2, drawn=False)
    whole = Evidence.none(4).with_rows(columns, left, variance)
    first = Evidence.none(4).with_rows(columns[:200], left[:200], variance[:200])
    second = Evidence.none(4).with_rows(columns[200:], left[200:], variance[200:])
    assert first.plus(second).gram == pytest.approx(whole.gram, rel=1e-5, abs=1e-3)
    assert first.plus(second).pull == pytest.approx(whole.pull)
    assert first.plus(second).rows == 600


def test_a_bias_of_contacts_that_nobody_drew_does_not_reach_the_effects():
    evidence = Evidence.none(4).with_rows(*rows(5_000, bias=0.0, seed=3, drawn=True))
    evidence = evidence.plus(Evidence.none(4).with_rows(*rows(50_000, bias=0.8, seed=4, drawn=False)))
    found = fit_grounded(evidence, BLOCKS)
    assert found.mean == pytest.approx([0.4, -0.2, 0.1, 0.8], abs=0.03)


def test_contacts_that_nobody_drew_make_effects_surer_where_they_agree():
    drawn = Evidence.none(4).with_rows(*rows(2_000, bias=0.0, seed=5, drawn=True))
    both = drawn.plus(Evidence.none(4).with_rows(*rows(40_000, bias=0.0, seed=6, drawn=False)))
    one = np.eye(4)[:1]
    assert fit_grounded(both, BLOCKS).effect_sd(one)[0] < 0.4 * fit_grounded(drawn, BLOCKS).effect_sd(one)[0]


def test_without_evidence_effects_are_as_stated():
    found = fit_grounded(Evidence.none(2), (Block("own", 1, 0.5, mean=1.0), Block("rest", 1, 0.2)))
    assert found.mean.tolist() == [1.0, 0.0]
    assert found.effect_sd(np.eye(2)) == pytest.approx([0.5, 0.2])


def test_a_block_that_turns_out_small_is_drawn_together_and_a_known_one_is_not():
    rng = np.random.default_rng(7)
    columns = rng.standard_normal((3_000, 20))
    evidence = Evidence.none(20).with_rows(columns, rng.standard_normal(3_000), np.ones(3_000))
    assert fit_grounded(evidence, (Block("none", 20, 1.0),)).sd[0] < 0.3
    assert fit_grounded(evidence, (Block("none", 20, 1.0, known=True),)).sd[0] == 1.0
