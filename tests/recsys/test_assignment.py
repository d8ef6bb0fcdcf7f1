"""Arms and chance: published vectors, and arrays that agree with scalars."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.assignment import assign, bucket_ranges, hash_unit, hash_units, uniforms
from recsys.policy.file.schema import Arm, Experiment
from recsys.vocabulary import encode_id


# docs.growthbook.io, "Build your own SDK", test cases of the hash.
@pytest.mark.parametrize(
    ("seed", "value", "expected"),
    [
        ("seed", "a", 0.0505),
        ("seed", "b", 0.2696),
        ("foo", "ab", 0.2575),
        ("foo", "def", 0.2019),
        ("89123klj", "8952klfjas09ujkasdf", 0.124),
        ("90850943850283058242805", "123", 0.7516),
        ("()**(%$##$%#$#", '___)((*":&', 0.0128),
    ],
)
def test_version_2_gives_the_published_figures(seed: str, value: str, expected: float) -> None:
    assert hash_unit(seed, value) == expected
    assert hash_units(seed, np.array([value.encode(), b"another"] * 30))[::2].tolist() == [expected] * 30


@pytest.mark.parametrize(
    ("seed", "value", "expected"),
    [
        ("", "a", 0.22),
        ("", "b", 0.077),
        ("b", "a", 0.946),
        ("ef", "d", 0.652),
        ("asdf", "8952klfjas09ujk", 0.549),
        ("", "123", 0.011),
        ("", '___)((*":&', 0.563),
    ],
)
def test_version_1_gives_the_published_figures(seed: str, value: str, expected: float) -> None:
    assert hash_unit(seed, value, version=1) == expected


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="use 1 or 2"):
        hash_unit("a", "b", version=3)


@given(
    st.text(max_size=5),
    st.lists(st.text(st.characters(exclude_characters="\0"), max_size=9)),
)
def test_many_hash_as_each_alone(seed: str, values: list[str]) -> None:
    seed = seed.encode("utf-16", "replace").decode("utf-16", "replace")
    many = values * 30
    encoded = np.array([encode_id(value) for value in many], dtype="S40")
    assert hash_units(seed, encoded).tolist() == [hash_unit(seed, value) for value in many]


def test_ranges_leave_the_tail_of_each_arm_to_those_outside() -> None:
    assert bucket_ranges([0.5, 0.5], 1.0) == [(0.0, 0.5), (0.5, 1.0)]
    assert bucket_ranges([0.5, 0.5], 0.5) == [(0.0, 0.25), (0.5, 0.75)]


def experiment(coverage: float) -> Experiment:
    arms = (Arm(name="control", weight=0.2), Arm(name="treated", weight=0.8))
    return Experiment(key="price", seed="s", coverage=coverage, arms=arms)


IDS = np.array([f"m{row:05}".encode() for row in range(20_000)])


def test_arms_have_their_shares() -> None:
    arms = assign(experiment(1.0), IDS)
    assert np.bincount(arms).tolist() == pytest.approx([4_000, 16_000], abs=200)


def test_growing_coverage_moves_nobody_between_arms() -> None:
    before, after = assign(experiment(0.3), IDS), assign(experiment(0.9), IDS)
    assert (before == -1).mean() == pytest.approx(0.7, abs=0.01)
    assert np.array_equal(before[before >= 0], after[before >= 0])


def test_an_arm_is_the_same_alone_and_among_many() -> None:
    arms = assign(experiment(1.0), IDS[:100])
    assert [int(assign(experiment(1.0), IDS[row : row + 1])[0]) for row in range(100)] == arms.tolist()
    assert len(assign(experiment(1.0), IDS[:0])) == 0


def test_without_a_seed_the_key_is_hashed() -> None:
    plain = experiment(1.0).model_copy(update={"seed": ""})
    keyed = experiment(1.0).model_copy(update={"seed": "price"})
    assert np.array_equal(assign(plain, IDS[:500]), assign(keyed, IDS[:500]))


def test_uniforms_are_uniform_fine_and_independent_of_the_salt() -> None:
    draws = uniforms(1, "explore", IDS)
    assert ((draws >= 0) & (draws < 1)).all()
    assert len(np.unique(draws)) == len(draws)
    assert np.histogram(draws, 10, (0, 1))[0].tolist() == pytest.approx([2_000] * 10, abs=200)
    other = uniforms(1, "tie", IDS)
    assert abs(np.corrcoef(draws, other)[0, 1]) < 0.03
    assert np.array_equal(uniforms(1, "explore", IDS[5:9]), draws[5:9])
    assert not np.array_equal(uniforms(2, "explore", IDS[:9]), draws[:9])
