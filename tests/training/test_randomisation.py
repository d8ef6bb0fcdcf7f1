"""Logs that agree with their draw, and logs that do not."""

import numpy as np

from training.randomisation import MISMATCH, contradictions


def judged(arm, probability, owner=None, campaign=None):
    n = len(arm)
    nothing = np.zeros(n, dtype=np.int64)
    return contradictions(
        nothing if campaign is None else campaign,
        np.asarray(arm),
        np.broadcast_to(np.asarray(probability, dtype=np.float64), (n,)),
        np.arange(n) if owner is None else owner,
    )


def test_a_fifth_where_the_log_says_half_is_a_contradiction_with_its_figures():
    arm = np.array([1] * 200 + [0] * 800)
    found = judged(arm, 0.5)
    assert [(one.campaign, one.n) for one in found] == [(0, 1_000)]
    assert (found[0].expected, found[0].share) in {(0.5, 0.2), (0.5, 0.8)}
    assert found[0].p_value < MISMATCH


def test_honest_draws_are_never_a_contradiction():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        chances = np.array([0.2, 0.1, 0.7])
        arm = rng.choice(3, 3_000, p=chances)
        assert judged(arm, chances[arm]) == ()


def test_only_the_campaign_that_contradicts_itself_is_named():
    arm = np.concatenate([[1] * 480 + [0] * 520, [1] * 900 + [0] * 100])
    campaign = np.repeat([3, 5], 1_000)
    mixed = np.random.default_rng(1).permutation(2_000)
    assert [one.campaign for one in judged(arm[mixed], 0.5, campaign=campaign[mixed])] == [5]


def test_offers_for_some_members_only_are_no_contradiction():
    """Offer 1 for the 300 who may have it, offer 2 for the other 900, each by a coin against none."""
    assert judged([1] * 150 + [2] * 450 + [0] * 600, 0.5) == ()


def test_an_arm_that_the_log_lacks_is_no_contradiction():
    arm = np.array([1] * 500 + [0] * 1_000)
    assert judged(arm, np.where(arm == 1, 0.25, 0.5)) == ()


def test_probabilities_that_differ_bound_an_arm_from_above():
    probability = np.linspace(0.1, 0.3, 1_000)
    rng = np.random.default_rng(0)
    treated = rng.random(1_000) < probability
    own = np.where(treated, probability, 1 - probability)
    assert judged(treated.astype(int), own) == ()
    arm = np.array([1] * 700 + [0] * 300)
    assert len(judged(arm, np.where(arm == 1, probability, 1 - probability))) == 1


def test_one_draw_for_all_rows_of_an_owner_counts_once():
    owner = np.repeat(np.arange(10), 100)
    assert judged((owner < 1).astype(int), 0.5, owner=owner) == ()
    assert len(judged((owner < 1).astype(int), 0.5)) == 1


def test_one_arm_alone_and_nothing_at_all_are_no_contradiction():
    assert judged([1] * 500, 0.3) == ()
    assert judged(np.zeros(0, dtype=np.int64), np.zeros(0)) == ()
