"""When the next purchase comes and whether it comes soon: ours against the mean of own gaps, the last gap, recency."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.timing_cases import ORDERS, WINDOW_DAYS, Parts, read_parts, truth_of
from experiments.benchmarks.timing_judge import HORIZONS, Judged, auc, gain, joined, judge
from experiments.benchmarks.timing_rivals import (
    NAIVE,
    Forecaster,
    last_gap,
    ours_orders,
    ours_products,
    recency,
)
from experiments.measure import measured
from recsys.report import Report, Table
from training.calibrate import Outcomes, Reliability, reliability
from training.memory import peak_rss_mb, restart_peak

_OURS, _NAIVE, _RECENCY, _LAST = "ours", "naive_gap", "recency", "last_gap"
_CHOSEN_BY = "log_loss_14"
_HEADLINE = "crps_days"
_N_BINS = 10


def measure(folder: Path, options: Mapping[str, Any]) -> Report:
    """
    Forecast the next purchase of every member, and of every member and product, as of several days.

    Validation chooses which form of the naive rule is the stronger; ours has the settings of the package. The test part
    is forecast once.

    Args:
        folder: One that `read_parts` understands.
        options: ``seed`` and ``resamples`` of the bootstrap over members.

    Raises:
        SourceError: The folder is of another form.
        NotEnoughDataError: It covers too few days.
    """
    facts: dict[str, Any] = {"timing_window_days": WINDOW_DAYS}
    tables: list[Table] = []
    for kind, parts in read_parts(folder).items():
        facts[kind] = _judged(kind, parts, options)
        tables += _tables(f"{folder.name}, {kind}", facts[kind])
    return Report(facts, tuple(tables), (_NOTE,))


def _judged(kind: str, parts: Parts, options: Mapping[str, Any]) -> dict[str, Any]:
    ours = ours_orders if kind == ORDERS else ours_products
    forms = {form: _over(parts, parts.validation, forecaster)[0] for form, forecaster in NAIVE.items()}
    form = min(forms, key=lambda name: float(forms[name].losses[_CHOSEN_BY].mean()))
    methods: dict[str, Forecaster] = {_OURS: ours, _NAIVE: NAIVE[form], _RECENCY: recency, _LAST: last_gap}
    validation = {_OURS: _over(parts, parts.validation, ours)[0], _NAIVE: forms[form]}
    validation[_RECENCY] = _over(parts, parts.validation, recency)[0]
    done = {name: _over(parts, parts.test, forecaster) for name, forecaster in methods.items()}
    test = {name: one for name, (one, _) in done.items()}
    gains = {
        rival: {loss: _bounds(test, rival, loss, options) for loss in test[rival].losses}
        for rival in (_NAIVE, _RECENCY, _LAST)
    }
    best = min((_NAIVE, _RECENCY), key=lambda name: float(test[name].losses[_HEADLINE].mean()))
    curves = {str(horizon): asdict(_curve(test[_OURS], horizon)) for horizon in HORIZONS}
    return {
        **{name: _figures(one) | cost for name, (one, cost) in done.items()},
        "gain": gains[best][_HEADLINE],
        "gain_in": _HEADLINE,
        "gain_over": best,
        "gains": gains,
        "validation": {name: _figures(one) for name, one in validation.items()},
        "naive_form": form,
        "calibration": curves,
        "as_of_days": {"validation": parts.validation, "test": parts.test},
        "n_cases": len(test[_OURS].member),
        "n_members": len(np.unique(test[_OURS].member)),
        "share_within": {str(one): float(test[_OURS].happened[one].mean()) for one in HORIZONS},
    }


def _over(parts: Parts, cuts: tuple[int, ...], forecaster: Forecaster) -> tuple[Judged, dict[str, float]]:
    """The forecasts of all as-of days, each from what was known then, and what one of them costs."""
    judged, cpu_s = [], 0.0
    restart_peak()
    for as_of_day in cuts:
        known = parts.history.before(as_of_day)
        done = measured(partial(forecaster, known, as_of_day))
        judged.append(judge(done.result, truth_of(parts.history, as_of_day)))
        cpu_s += done.cpu_s
    return joined(judged), {"cpu_s": cpu_s / len(cuts), "peak_rss_mb": peak_rss_mb()}


def _figures(one: Judged) -> dict[str, float]:
    means = {name: float(loss.mean()) for name, loss in one.losses.items()}
    error = one.losses["error_days"][one.bought]
    means["error_days_bought"] = float(error.mean()) if len(error) else float("nan")
    for horizon, chance in one.chance.items():
        means[f"auc_{horizon}"] = auc(chance, one.happened[horizon])
        means[f"calibration_error_{horizon}"] = _curve(one, horizon).calibration_error
    return means


def _curve(one: Judged, horizon: int) -> Reliability:
    chance, n = one.chance[horizon], len(one.member)
    outcomes = Outcomes(chance, one.happened[horizon].astype(np.float64), np.ones(n), one.member.astype(np.int64))
    return reliability(chance, outcomes, _N_BINS)


def _bounds(test: Mapping[str, Judged], rival: str, loss: str, options: Mapping[str, Any]) -> dict[str, float]:
    rng = np.random.default_rng(options["seed"])
    return asdict(gain(test[_OURS], test[rival], loss, resamples=options["resamples"], rng=rng))


_SHOWN = (
    *(f"auc_{horizon}" for horizon in HORIZONS),
    *(f"log_loss_{horizon}" for horizon in HORIZONS),
    *("brier_14", "calibration_error_14", "error_days", "error_days_bought", "crps_days", "cpu_s", "peak_rss_mb"),
)
_FORMATS = {"error_days": ".2f", "error_days_bought": ".2f", "crps_days": ".3f", "cpu_s": ",.2f", "peak_rss_mb": ",.0f"}


def _tables(title: str, facts: Mapping[str, Any]) -> list[Table]:
    names = (_OURS, _NAIVE, _RECENCY, _LAST)
    rows = tuple((name, *(facts[name].get(column) for column in _SHOWN)) for name in names)
    cases = f"{title}: {facts['n_cases']} cases of {facts['n_members']} members"
    gains = tuple(
        (rival, loss, *bounds.values(), _verdict(bounds))
        for rival, losses in facts["gains"].items()
        for loss, bounds in losses.items()
    )
    bins = tuple(tuple(one.values()) for one in facts["calibration"]["14"]["bins"])
    spare = ("peak_rss_mb", "cpu_s", "log_loss_7", "log_loss_30", "auc_7", "auc_30")
    return [
        Table(cases, ("forecast", *_SHOWN), rows, spare=spare, formats=_FORMATS),
        Table(f"{title}: gain of ours", ("over", "loss", "mean", "low", "high", "verdict"), gains),
        Table(f"{title}: calibration of ours, 14 days", ("cases", "predicted", "happened", "low", "high"), bins),
    ]


def _verdict(bounds: Mapping[str, float]) -> str:
    if bounds["low"] > 0:
        return "better"
    return "worse" if bounds["high"] < 0 else "may be luck"


_NOTE = (
    f"Cases are members, or members and products, who bought before the as-of day; what follows within {WINDOW_DAYS} "
    "days is known of all, so nothing is censored in a score: error_days takes a later purchase as one on the last day "
    "of the window, error_days_bought is of those who bought within it (and favours who always says soon), crps_days "
    "sums squared errors of the chance over its days. Gains are how much lower ours is, over members with 95% "
    "intervals. naive_gap is the stronger form on validation. The test part is forecast once."
)
