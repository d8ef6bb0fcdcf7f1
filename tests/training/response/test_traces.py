import numpy as np
import pytest

from training.response.traces import Traces

ROWS = np.arange(3)


def told(traces: Traces, left, felt, *, times: int = 1, redeemed=(False, False, False)) -> Traces:
    for _ in range(times):
        traces.add(
            ROWS,
            np.full(3, 0.2),
            np.asarray(felt, dtype=np.float64),
            np.asarray(left, dtype=np.float64),
            redeemed=np.asarray(redeemed),
            expected=np.full(3, 0.1),
        )
    return traces


def test_nothing_is_known_of_members_who_were_never_contacted():
    assert Traces(3).of(ROWS) == pytest.approx(np.zeros((3, 3)))


def test_shifts_are_the_posterior_means_of_two_normals():
    traces = told(told(Traces(3, (0.3, 0.5)), [0.4, -0.2, 0.0], [0.0] * 3, times=4), [0.1, 0.6, -0.3], [0.8] * 3)
    gram = 0.2 * (4 * np.outer([1, 0], [1, 0]) + np.outer([1, 0.8], [1, 0.8]))
    precision = gram + np.diag([1 / 0.3**2, 1 / 0.5**2])
    pull = np.array([[4 * 0.4 + 0.1, 0.8 * 0.1], [4 * -0.2 + 0.6, 0.8 * 0.6], [-0.3, 0.8 * -0.3]])
    assert traces.of(ROWS)[:, :2] == pytest.approx(np.linalg.solve(precision, pull.T).T)


def test_who_orders_more_after_deep_deals_than_after_reminders_is_moved_by_deals():
    contact, deal, _ = told(Traces(3), [0.5, 0.0, -0.5], [1.0] * 3, times=9).of(ROWS).T
    assert deal[0] > contact[0] > 0 > contact[2] > deal[2]


def test_redemptions_beyond_the_expected_raise_the_last_trace():
    use = told(Traces(3), [0.0] * 3, [0.5] * 3, times=3, redeemed=(True, False, False)).of(ROWS)[:, 2]
    assert use[0] == pytest.approx(np.log(4.2 / 1.5))
    assert use[1] == pytest.approx(np.log(1.2 / 1.5))


@pytest.mark.parametrize(("contact", "deal"), [(0.4, 0.03), (0.03, 0.6)])
def test_the_spread_of_members_is_found_from_what_they_did(contact, deal):
    rng, n = np.random.default_rng(4), 4_000
    traces, rows, spread = Traces(n), np.arange(n), np.full(n, 0.2)
    own, own_deal = contact * rng.standard_normal(n), deal * rng.standard_normal(n)
    for _ in range(60):
        felt = rng.random(n)
        left = spread * (own + felt * own_deal) + np.sqrt(spread) * rng.standard_normal(n)
        traces.add(rows, spread, felt, left, redeemed=np.zeros(n, dtype=np.bool_), expected=np.zeros(n))
    found = traces.tuned()
    assert found[0] == pytest.approx(contact, abs=0.11)
    assert found[1] == pytest.approx(deal, abs=0.21)
