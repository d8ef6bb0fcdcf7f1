"""Purchase counts, spend and silence on a log cut in two: parameters, forecasts, and how well intervals hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.clv_cases import LifetimeCase, auc, auc_gain, read_lifetime_case
from experiments.measure import measured
from features.lifetime.counts import CountParameters, Leaving
from features.lifetime.fit import fit_counts
from features.lifetime.model import LifetimeModel
from features.lifetime.silence import SilenceModel, fit_silence
from features.lifetime.spend import fit_spend
from features.lifetime.summary import PurchaseSummary
from recsys.report import Report, Table
from training.calibrate import Outcomes, reliability
from training.memory import peak_rss_mb, restart_peak

_KS = (1, 2, 3, 4)
_LEVELS = (0.8, 0.9)
_BINS = 10
_WEEK = 7.0
_YEARLY_DISCOUNT = 0.0
"""What is judged is what was paid, not what it was worth in advance."""

Figures = NDArray[np.float64]
Counts = NDArray[np.int64]
Came = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Question:
    """What the calibration knows, and what then happened."""

    known: PurchaseSummary
    horizon: int
    orders: Counts
    worth: Figures

    @property
    def came(self) -> Came:
        """Shape (n,): at least one order."""
        return self.orders > 0


def measure(folder: Path, options: Mapping[str, Any]) -> Report:
    """
    Fit on the calibration part of a folder that `read_lifetime_case` knows, and judge on the rest once.

    Which count model is ours is chosen by likelihood on the calibration; the chance of silence learns from earlier days
    of the calibration. Without amounts there is no spend.

    Args:
        folder: Of the log.
        options: ``seed`` of draws and bootstrap, ``resamples`` of the bootstrap.
    """
    restart_peak()
    case = read_lifetime_case(folder)
    orders, worth = case.came()
    known = case.summary(first_order_valued=False)
    asked = Question(known, case.horizon_days, orders, worth)
    published = measured(partial(fit_counts, known, Leaving.BG))
    fits = measured(partial(_all_fits, known))
    chosen = max(fits.result, key=lambda one: one.facts.log_likelihood)
    model = measured(partial(LifetimeModel.fit, known, leaving=chosen.leaving, ks=(chosen.k,)))
    silence = measured(partial(_silence, case, chosen))
    rows = [_model_row(one, asked) for one in fits.result]
    facts = {
        "calibration_days": case.until_day + 1,
        "horizon_days": case.horizon_days,
        "n_members": len(known),
        "n_repeaters": int((known.repeats > 0).sum()),
        "n_late": case.n_late,
        "bg_nbd": _count_facts(published.result, known),
        "holdout_corr": next(row["holdout_corr"] for row in rows if row["model"] == chosen.name),
        "models": {row.pop("model"): row for row in rows},
        "chosen_model": chosen.name,
        "total": {"actual": int(orders.sum()), **asdict(model.result.total_forecast(known, case.horizon_days))},
        "interval_coverage": _count_coverage(model.result, asked),
        **_silence_facts(silence.result, asked, case.summary(), options),
    }
    fit_s, cpu_s = published.wall_s, fits.cpu_s + silence.cpu_s + model.cpu_s
    if model.result.spend is not None:
        spend = measured(partial(fit_spend, known))
        fit_s += spend.wall_s
        facts |= _spend_facts(model.result, asked, options)
    facts |= {"fit_s": fit_s, "all_fits_cpu_s": cpu_s, "silence_fit_cpu_s": silence.cpu_s, "peak_rss_mb": peak_rss_mb()}
    return Report(facts, _tables(folder.name, facts), (_NOTE,))


def _all_fits(known: PurchaseSummary) -> list[CountParameters]:
    return [fit_counts(known, leaving, k=k) for leaving in Leaving for k in _KS]


def _silence(case: LifetimeCase, chosen: CountParameters) -> SilenceModel:
    return fit_silence(
        case.orders,
        until_day=case.until_day,
        horizon_days=case.horizon_days,
        leaving=chosen.leaving,
        ks=(chosen.k,),
    )


def _count_facts(fitted: CountParameters, known: PurchaseSummary) -> dict[str, Any]:
    """Parameters and likelihood as published: time in weeks."""
    unit = np.array([1.0, _WEEK, 1.0, 1.0])
    in_weeks = fitted.facts.log_likelihood + float(np.maximum(known.repeats, 0).sum() * np.log(_WEEK))
    names = ("r", "alpha", "a", "b")
    facts: dict[str, Any] = dict(zip(names, (fitted.values() / unit).tolist(), strict=True))
    if fitted.facts.covariance is not None:
        errors = fitted.facts.standard_errors(fitted.values()) / unit
        facts["standard_errors"] = dict(zip(names, errors.tolist(), strict=True))
    return facts | {"log_likelihood": in_weeks}


def _model_row(fitted: CountParameters, asked: Question) -> dict[str, Any]:
    model = LifetimeModel(fitted, None, None)
    expected = model.expected_purchases(asked.known, asked.horizon)
    return {
        "model": fitted.name,
        "log_likelihood": fitted.facts.log_likelihood,
        "holdout_corr": _correlation(expected, asked.orders),
        "expected_total": float(expected.sum()),
        "mae": float(np.abs(expected - asked.orders).mean()),
        "expected_auc": auc(expected, asked.came),
        "probability_auc": auc(model.purchase_probability(asked.known, asked.horizon), asked.came),
    }


def _count_coverage(model: LifetimeModel, asked: Question) -> dict[str, float]:
    """By level: share of members whose orders are within their interval; at least the level, as counts are whole."""
    covered = {}
    for level in _LEVELS:
        forecast = model.purchase_forecast(asked.known, asked.horizon, confidence=level)
        covered[f"{level:.0%}"] = _inside(asked.orders, forecast.low, forecast.high)
    return covered


def _silence_facts(
    fitted: SilenceModel, asked: Question, known: PurchaseSummary, options: Mapping[str, Any]
) -> dict[str, Any]:
    silent = fitted.silence_probability(known)
    recency = (known.watched_days - known.last_days).astype(np.float64)
    gone = ~asked.came
    gain = auc_gain(silent, recency, gone, n_resamples=options["resamples"], rng=np.random.default_rng(options["seed"]))
    n = len(known)
    checked = reliability(silent, Outcomes(silent, gone.astype(np.float64), np.ones(n), np.arange(n)), _BINS)
    return {
        "churn_auc": auc(silent, gone),
        "recency_auc": auc(recency, gone),
        "frequency_auc": auc(-known.repeats.astype(np.float64), gone),
        "churn_auc_gain": asdict(gain),
        "silence": {
            "share": float(gone.mean()),
            "predicted_share": float(silent.mean()),
            "calibration_error": checked.calibration_error,
            "brier": checked.brier,
            "n_origins": fitted.n_origins,
            "bins": [asdict(one) for one in checked.bins],
        },
    }


def _spend_facts(model: LifetimeModel, asked: Question, options: Mapping[str, Any]) -> dict[str, Any]:
    """Spend and value; only for logs with amounts."""
    spend = model.spend
    if spend is None:
        return {}
    coverage = {}
    for level in _LEVELS:
        value = model.lifetime_value(
            asked.known,
            asked.horizon,
            rng=np.random.default_rng(options["seed"]),
            yearly_discount=_YEARLY_DISCOUNT,
            confidence=level,
        )
        coverage[f"{level:.0%}"] = _inside(asked.worth, value.low, value.high)
    valued = asked.known.n_valued > 0
    errors = None if spend.facts.covariance is None else spend.facts.standard_errors(spend.values()) / [1, 1, 100]
    return {
        "gamma_gamma": {
            "p": spend.p,
            "q": spend.q,
            "v": spend.v_minor / 100,
            "log_likelihood_minor": spend.facts.log_likelihood,
            **({} if errors is None else {"standard_errors": dict(zip("pqv", errors.tolist(), strict=True))}),
        },
        "frequency_value_corr": model.correlation,
        "order_value": {
            "expected": float(model.order_value(asked.known)[valued].mean()) / 100,
            "observed": float(asked.known.mean_value_minor[valued].mean()) / 100,
        },
        "value": {
            "actual": float(asked.worth.sum()) / 100,
            "expected": float(value.mean.sum()) / 100,
            "corr": _correlation(value.mean, asked.worth),
            "interval_coverage": coverage,
        },
    }


def _correlation(expected: Figures, actual: Figures | Counts) -> float:
    return float(np.corrcoef(expected, actual)[0, 1])


def _inside(actual: Figures | Counts, low: Figures | Counts, high: Figures | Counts) -> float:
    return float(((actual >= low) & (actual <= high)).mean())


def _tables(name: str, facts: Mapping[str, Any]) -> tuple[Table, ...]:
    columns = ("count model", *next(iter(facts["models"].values())))
    shown = {one: f"{one} (ours)" if one == facts["chosen_model"] else one for one in facts["models"]}
    models = tuple((shown[one], *row.values()) for one, row in facts["models"].items())
    title = f"{name}: {facts['n_members']:,} members, {facts['calibration_days']} + {facts['horizon_days']} days"
    wide = {"log_likelihood": ",.1f", "expected_total": ",.0f"}
    gain, silence, total = facts["churn_auc_gain"], facts["silence"], facts["total"]
    scores: tuple[tuple[Any, ...], ...] = (
        ("chance of silence (ours)", facts["churn_auc"], gain["mean"], gain["low"], gain["high"]),
        ("days since the last order", facts["recency_auc"], "", "", ""),
        ("repeats", facts["frequency_auc"], "", "", ""),
    )
    fitted = [("BG/NBD (weeks)", one, value) for one, value in facts["bg_nbd"].items() if isinstance(value, float)]
    spend = facts.get("gamma_gamma", {})
    fitted += [("Gamma-Gamma", one, value) for one, value in spend.items() if isinstance(value, float)]
    covered = [("orders", level, share) for level, share in facts["interval_coverage"].items()]
    value = facts.get("value", {"interval_coverage": {}})
    covered += [("value", level, share) for level, share in value["interval_coverage"].items()]
    totals: list[tuple[Any, ...]] = [("orders", total["actual"], total["mean"], total["low"], total["high"])]
    if "actual" in value:
        totals.append(("value", value["actual"], value["expected"], "", ""))
    bins = tuple(tuple(one.values()) for one in silence["bins"])
    return (
        Table("Parameters", ("model", "parameter", "value"), tuple(fitted), formats={"value": ",.3f"}),
        Table(title, columns, models, formats=wide, spare=("mae", "probability_auc")),
        Table("Who stays silent: area under the ROC curve", ("score", "auc", "gain", "low", "high"), scores),
        Table("All members together", ("what", "actual", "expected", "low", "high"), tuple(totals)),
        Table("Share of members inside their interval", ("what", "level", "inside"), tuple(covered)),
        Table("Chance of silence, in bins", tuple(silence["bins"][0]), bins, formats={"n_trials": ",.0f"}),
    )


_NOTE = (
    "Count models are fitted and chosen, by likelihood, on the calibration part alone; the chance of silence learns "
    "from earlier days of it. Gains and totals have 95 % intervals, the gain paired over members. holdout_corr is of "
    "ours; BG/NBD is the model whose parameters are published; fit_s is the wall time of it and of Gamma-Gamma."
)
