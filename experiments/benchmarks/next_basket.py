"""The next basket on public data: our model against the free lists, TIFU-KNN, UP-CF and general recommenders."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.basket_cases import BasketSet, Case, read_basket_set
from experiments.benchmarks.basket_judge import CUTS, FIGURES, Judged, by_member, judge, mean_over_folds
from experiments.benchmarks.basket_peers import fit_als, fit_bpr, fit_lightfm
from experiments.measure import Measured, measured
from recsys.report import Report, Table
from recsys.scorers.base import Scorer
from training.basket_config import NextBasketConfig, TifuKnnConfig, UpCfConfig
from training.bootstrap import paired_gain
from training.memory import peak_rss_mb, restart_peak
from training.models import basket_floors, next_basket, tifu_knn, up_cf

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 2_000}
_CHOSEN_BY = "recall_at_10"
_CONFIDENCE = 0.95
_FLOORS = ("g_topfreq", "p_topfreq", "gp_topfreq", "tifu_knn", "up_cf")

Fit = Callable[[Case], Scorer]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One method on one folder.

    Attributes:
        setting: The one that was best on validation; empty where there is one only.
        validation: Means over members, then folds.
        test: Per fold, figures a member.
        fit_cpu_s, score_cpu_s: CPU-seconds of one thread: of one fit, and of all lists of the test.
        peak_rss_mb: Highest resident memory of the process while this method was fitted and judged, MB.
    """

    setting: str
    validation: Mapping[str, float]
    test: tuple[Judged, ...]
    fit_cpu_s: float
    score_cpu_s: float
    peak_rss_mb: float


def run(options: Mapping[str, Any]) -> Report:
    """
    Choose settings on the validation part of a folder and judge every method once on its test part.

    Args:
        options: ``data``, a folder that `read_basket_set` understands; ``seed``; ``resamples`` of the bootstrap.

    Raises:
        InputError: No folder was given, or it is of no known form.
        NotEnoughDataError: There is nothing to judge or to learn from.
    """
    asked = chosen("next_basket", options, _DEFAULTS)
    data = data_folder("next_basket", asked, "a folder with baskets.parquet, such as nbr_tafeng")
    folder = read_basket_set(data)
    outcomes = {
        name: _outcome(settings, folder, learns_labels=name == "ours")
        for name, settings in _methods(asked["seed"]).items()
    }
    return _report(data.name, folder, outcomes, asked)


def _methods(seed: int) -> dict[str, dict[str, Fit]]:
    """Settings of every method; where there are several, validation chooses."""
    return {
        "ours": {"": lambda case: next_basket.fit(case.baskets, NextBasketConfig(), seed=seed, labels=case.labels)},
        "g_topfreq": {"": lambda case: basket_floors.fit_global(case.baskets)},
        "p_topfreq": {"": lambda case: basket_floors.fit_personal(case.baskets)},
        "gp_topfreq": {"": lambda case: basket_floors.fit_personal_then_global(case.baskets)},
        "tifu_knn": {f"own_weight {weight:g}": _tifu(weight) for weight in (0.3, 0.5, 0.7, 0.9)},
        "up_cf": {f"locality {locality:g}": _up_cf(locality) for locality in (2.0, 5.0, 10.0)},
        "implicit_als": {"": lambda case: fit_als(case.baskets, seed=seed)},
        "implicit_bpr": {f"learning rate {rate:g}": _bpr(rate, seed) for rate in (0.01, 0.05)},
        "lightfm_warp": {"": lambda case: fit_lightfm(case.baskets, seed=seed)},
    }


def _tifu(own_weight: float) -> Fit:
    return lambda case: tifu_knn.fit(case.baskets, TifuKnnConfig(own_weight=own_weight))


def _up_cf(locality: float) -> Fit:
    return lambda case: up_cf.fit(case.baskets, UpCfConfig(locality=locality))


def _bpr(learning_rate: float, seed: int) -> Fit:
    return lambda case: fit_bpr(case.baskets, seed=seed, learning_rate=learning_rate)


def _outcome(settings: Mapping[str, Fit], folder: BasketSet, *, learns_labels: bool) -> Outcome:
    restart_peak()
    fitted = {setting: _once(fit, learns_labels=learns_labels) for setting, fit in settings.items()}
    validated = {
        setting: mean_over_folds([judge(fit(case).result, case) for case in folder.validation])
        for setting, fit in fitted.items()
    }
    best = max(validated, key=lambda setting: validated[setting][_CHOSEN_BY])
    fits = [fitted[best](case) for case in folder.test]
    lists = [measured(partial(judge, fit.result, case)) for fit, case in zip(fits, folder.test, strict=True)]
    fit_cpu_s = fmean({id(fit): fit.cpu_s for fit in fits}.values())
    score_cpu_s = sum(one.cpu_s for one in lists)
    test = tuple(one.result for one in lists)
    return Outcome(best, validated[best], test, fit_cpu_s, score_cpu_s, peak_rss_mb())


def _once(fit: Fit, *, learns_labels: bool) -> Callable[[Case], Measured[Scorer]]:
    """The fit, done once for cases that share all it learns from."""
    done: dict[tuple[int, int], Measured[Scorer]] = {}

    def fitted(case: Case) -> Measured[Scorer]:
        key = id(case.baskets), id(case.labels) if learns_labels else 0
        if key not in done:
            done[key] = measured(partial(fit, case))
        return done[key]

    return fitted


def _report(name: str, folder: BasketSet, outcomes: Mapping[str, Outcome], asked: Mapping[str, Any]) -> Report:
    rivals = [method for method in outcomes if method != "ours"]
    floor = max(_FLOORS, key=lambda method: outcomes[method].validation[_CHOSEN_BY])
    gains = {}
    for figure in ("recall_at_10", "recall_at_20", "ndcg_at_10"):
        sides = (by_member(outcomes[method].test, folder.test, figure) for method in ("ours", floor))
        rng = np.random.default_rng(asked["seed"])
        gain = paired_gain(*sides, n_resamples=asked["resamples"], confidence=_CONFIDENCE, rng=rng)
        gains[figure] = {"mean": gain.mean, "low": gain.low, "high": gain.high}
    facts = {
        "benchmark": "next_basket",
        "set": name,
        "form": folder.form,
        "seed": asked["seed"],
        "folds": len(folder.test),
        "judged_members": [len(case.judged) for case in folder.test],
        "ours": _facts(outcomes["ours"]),
        "peers": {method: _facts(outcomes[method]) for method in rivals},
        "floors": {method: _facts(outcomes[method]) for method in _FLOORS},
        "gain_over_best_floor": {"floor": floor, "confidence": _CONFIDENCE, **gains},
    }
    figures = [f"{figure}_at_{k}" for k in CUTS for figure in FIGURES]
    columns = ("method", *figures, "fit_cpu_s", "score_cpu_s", "peak_rss_mb", "setting")
    rows = [(method, *(facts_of[column] for column in columns[1:])) for method, facts_of in _all(facts)]
    title = f"{name}: next basket, {len(folder.test)} fold(s), {sum(facts['judged_members'])} judged"
    bounds = tuple((figure, floor, gain["mean"], gain["low"], gain["high"]) for figure, gain in gains.items())
    return Report(
        facts=facts,
        tables=(
            Table(title, columns, tuple(rows)),
            Table(
                f"ours minus the best floor, {_CONFIDENCE:.0%} interval",
                ("figure", "floor", "gain", "low", "high"),
                bounds,
            ),
        ),
        notes=(_NOTE,),
    )


_NOTE = (
    "Full ranking, bought products stay in; equal scores by global popularity, then product id. ndcg has its ideal "
    "over min(k, bought), ndcg_full over all bought. Settings by recall@10 on validation; so is the floor. "
    "The interval resamples distinct members, of whom one judged in several folds counts with their mean."
)


def _all(facts: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [("ours", facts["ours"]), *facts["peers"].items()]


def _facts(outcome: Outcome) -> dict[str, Any]:
    test = {name: None if math.isnan(value) else value for name, value in mean_over_folds(outcome.test).items()}
    return {
        **test,
        "validation": {figure: outcome.validation[figure] for figure in ("recall_at_10", "recall_at_20", "ndcg_at_10")},
        "setting": outcome.setting,
        "fit_cpu_s": outcome.fit_cpu_s,
        "score_cpu_s": outcome.score_cpu_s,
        "peak_rss_mb": outcome.peak_rss_mb,
    }
