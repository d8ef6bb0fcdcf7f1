"""The gate: which figures let a challenger pass."""

import pytest

from recsys.errors import RegistryError
from training.gate import judge_challenger


def evaluation(ndcg=0.12, floor=0.10, low=0.005, *, new_low=None, min_gain_low=0.0, max_lift_drop=0.1, n_members=500):
    cases = {"all": _case(ndcg, floor, low) | {"n_members": n_members}}
    if new_low is not None:
        cases["explore"] = _case(0.03, 0.02, new_low)
    limits = {"min_gain_low": min_gain_low, "max_loss_share": 0.02, "max_lift_drop": max_lift_drop, "min_members": 30}
    return {"cases": cases, "gate": limits}


def _case(ndcg, floor, low):
    gain = {"mean": ndcg - floor, "low": low, "high": 2 * (ndcg - floor) - low}
    rows = {
        "own": {"metrics": {"ndcg_at_10": floor}, "gain": {"mean": 0.0, "low": 0.0, "high": 0.0}},
        "blend": {"metrics": {"ndcg_at_10": ndcg}, "gain": gain},
    }
    return {"best_floor": "own", "rows": rows}


def test_a_sure_gain_over_the_best_floor_passes():
    finding = judge_challenger(evaluation(), None)
    assert finding.failures == ()
    assert finding.figures["challenger"]["lift"] == pytest.approx(1.2)


def test_a_sure_gain_among_new_products_passes_where_repeats_are_surely_no_worse():
    assert judge_challenger(evaluation(ndcg=0.1, low=-0.0019, new_low=0.001), None).failures == ()
    assert judge_challenger(evaluation(ndcg=0.1, low=-0.0021, new_low=0.001), None).failures
    assert judge_challenger(evaluation(ndcg=0.1, low=-0.0019, new_low=0.0), None).failures


def test_a_loss_among_new_products_does_not_hold_up_a_sure_gain_with_repeats():
    assert judge_challenger(evaluation(new_low=-0.01), None).failures == ()


@pytest.mark.parametrize("low", [0.0, -0.001])
def test_a_gain_that_may_be_luck_does_not_pass_and_is_named(low):
    (failure,) = judge_challenger(evaluation(low=low), None).failures
    assert "best floor (own)" in failure
    assert "must be above 0" in failure


def test_the_configured_limit_counts():
    assert judge_challenger(evaluation(low=-0.01, min_gain_low=-0.02), None).failures == ()
    assert judge_challenger(evaluation(low=0.01, min_gain_low=0.02), None).failures


def test_a_lift_far_below_the_champions_does_not_pass():
    assert judge_challenger(evaluation(ndcg=0.12), evaluation(ndcg=0.13)).failures == ()
    (failure,) = judge_challenger(evaluation(ndcg=0.12), evaluation(ndcg=0.14)).failures
    assert "the champion's was 1.400 times its own" in failure


def test_an_easier_window_does_not_help_a_worse_model():
    easy, hard = evaluation(ndcg=0.44, floor=0.40), evaluation(ndcg=0.13, floor=0.10)
    assert judge_challenger(easy, hard).failures


def test_a_gain_of_a_handful_of_members_does_not_pass_however_sure_it_looks():
    assert judge_challenger(evaluation(n_members=30), None).failures == ()
    (failure,) = judge_challenger(evaluation(n_members=29, low=0.4), None).failures
    assert "29 members were judged" in failure


def test_a_figure_that_is_none_does_not_pass():
    failures = judge_challenger(evaluation(ndcg=float("nan"), low=float("nan")), None).failures
    assert any("not finite" in failure for failure in failures)


def test_an_evaluation_without_figures_is_refused():
    with pytest.raises(RegistryError, match="train again"):
        judge_challenger({"cases": {}}, None)
