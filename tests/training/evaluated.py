"""Facts of an evaluation written by hand, no two figures alike, for tests of what shows them."""

from copy import deepcopy

FLOORS = ("popular_7_days", "popular_28_days", "own_frequency_then_popular")
DAY = 86_400


def row(role, base, gain, *, cpu_s=None):
    metrics = ("ndcg_at_10", "recall_at_10", "hit_rate_at_10")
    shown = ("coverage_at_10", "novelty_at_10", "gini_at_10", "price_minor_at_10", "margin_minor_at_10")
    units = (1, 10, 1, 1000, 400)
    return {
        "role": role,
        "metrics": {name: round(base * (1 + 0.1 * at), 6) for at, name in enumerate(metrics)},
        "shown": {name: round(base * units[at] * (1 + 0.01 * at), 6) for at, name in enumerate(shown)},
        "gain": {"mean": gain, "low": gain - 0.011 if gain else 0.0, "high": gain + 0.013 if gain else 0.0},
        "cpu_s": cpu_s,
        "peak_rss_mb": None if cpu_s is None else 321.5,
    }  # fmt: skip


def case(shift=0.0, n_members=1234):
    return {
        "n_members": n_members,
        "n_eligible": n_members,
        "share_reachable": 1.0,
        "best_floor": "popular_28_days",
        "rows": {
            "popular_7_days": row("floor", 0.21 + shift, -0.02),
            "popular_28_days": row("floor", 0.23 + shift, 0.0),
            "own_frequency_then_popular": row("floor", 0.19 + shift, -0.04),
            "als": row("source", 0.25 + shift, 0.02, cpu_s=3.21),
            "own_orders": row("source", 0.235 + shift, 0.005, cpu_s=0.0),
            "blend": row("ours", 0.29 + shift, 0.06, cpu_s=4.56),
        },
        "slices": [
            slice_of("tier", "gold", 111, 0.031), slice_of("tier", "silver", 222, -0.001),
            slice_of("stage", "active", 333, 0.041), slice_of("bought", "hot", 444, 0.051, metric="recall_at_10"),
        ],
        "n_small_slices": 0,
    }  # fmt: skip


def slice_of(by, group, n_members, gain, metric="ndcg_at_10"):
    named = {"by": by, "group": group, "metric": metric, "n_members": n_members, "blend": 0.3 + gain, "floor": 0.3}
    return named | {"mean": gain, "low": gain - 0.002, "high": gain + 0.003}


def fold(number, cases):
    begins = (20_000 + 14 * number) * DAY
    split = {"validation_at": begins - 14 * DAY, "test_at": begins, "end": begins + 14 * DAY}
    return {"split": split, "weights": {"als": 1.0}, "dataset_digest": "d", "cases": cases}


def evaluated(n_folds=1):
    """Facts as `training.summary.evaluation_facts` gives them, without re-ranker and calibration, and of `train`."""
    cases = {"all": case(), "explore": case(shift=-0.1, n_members=987)}
    folds = [
        fold(number, {name: case(0.01 * number - 0.1 * (name == "explore")) for name in cases})
        for number in range(n_folds)
    ]
    return deepcopy({
        "format": 1, "metric": "ndcg_at_10", "seed": 77, "split": folds[-1]["split"], "holdout_days": 14.0,
        "confidence": 0.9, "weights": {"als": 1.0, "own_orders": 0.125}, "dataset_digest": "digest-of-facts",
        "n_left_out": 0, "gate": {"min_members": 30}, "cases": cases, "folds": folds,
        "workspace_source": "corner shop", "currency": "TWD", "git_sha": "0123abc", "bundle_id": "bundle-9",
    })  # fmt: skip


def bins(*found):
    columns = ("n_trials", "predicted", "happened", "low", "high")
    return {
        "bins": [dict(zip(columns, one, strict=True)) for one in found],
        "calibration_error": 0.0321,
        "brier": 0.123,
    }


def calibrated(*, applied=True):
    before = bins((640.0, 0.1, 0.06, 0.04, 0.09), (360.0, 0.4, 0.31, 0.27, 0.36))
    after = bins((640.0, 0.061, 0.06, 0.04, 0.09), (360.0, 0.32, 0.31, 0.27, 0.36)) if applied else before
    tested = {"before": before, "after": after}
    one = {"of": "a member orders", "applied": applied, "reason": "it helps", "n_outcomes": 1000, "knots": []}
    unknown = {"of": "an offer is redeemed", "applied": False, "reason": "12 outcomes are too few", "n_outcomes": 12}
    return {"order": one | {"test": tested}, "redeem": unknown | {"knots": [], "test": None}}


def reranked(*, shipped=True):
    gains = {"als": {"mean": 0.07, "low": 0.05, "high": 0.09}, "rrf": {"mean": 0.03, "low": -0.01, "high": 0.05}}
    return {
        "shipped": shipped, "reason": "surely better than als", "n_members": 555, "best_source": "als",
        "ndcg_at_10": {"als": 0.251, "rrf": 0.291, "reranked": 0.321}, "gains": gains,
    }  # fmt: skip


def everything():
    """Facts with every part that an evaluation may have."""
    return evaluated(n_folds=3) | {"calibration": calibrated(), "reranker": reranked()}
