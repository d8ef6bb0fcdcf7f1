"""The default pipeline on public receipts: ours against what sells, own habits, item kNN and general recommenders."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.basket_peers import fit_als, fit_bpr, fit_lightfm
from experiments.benchmarks.retail_cases import RetailSet, Window, read_retail_set
from experiments.measure import measured
from recsys.metrics import coverage, hit_rate, hits, ndcg, recall
from recsys.report import SILENT, Report, Table
from recsys.scorers.base import Scorer
from recsys.types import Rows
from training.baskets import Baskets, build_baskets
from training.bootstrap import Interval, paired_gain
from training.cases import Case, cases_of
from training.config import TrainConfig
from training.fit import Cost, Fitted, fit_models
from training.memory import peak_rss_mb, restart_peak
from training.rankings import BLEND, FLOORS, lists_of_case, ranked_lists
from training.sources import NEIGHBOURS
from training.weights import choose_weights

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 2_000, "validation_days": 30, "test_days": 70}
_CONFIDENCE = 0.95
_METRIC = "ndcg_at_10"
_DEPTH = 50
_BPR_RATES = (0.01, 0.05)
_FREE = (*FLOORS, NEIGHBOURS)
"""What ours must beat: the floors of every table, and item kNN."""

Figures = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One case of the test window.

    Attributes:
        case: The question.
        figures: By ranker and metric, shape (m,).
        coverage: By ranker: share of the products on sale that some member's first ten hold.
    """

    case: Case
    figures: Mapping[str, Figures]
    coverage: Mapping[str, float]


def run(options: Mapping[str, Any]) -> Report:
    """
    Choose the blend on the validation window of a folder and judge it, and every other ranker, once on its test window.

    Args:
        options: ``data``, a folder that `read_retail_set` understands; ``seed``; ``resamples`` of the bootstrap;
            ``validation_days`` and ``test_days`` where receipts are cut by time.

    Raises:
        InputError: No folder was given.
        SourceError: It is of another form.
        NotEnoughDataError: There is nothing to judge or to learn from.
    """
    asked = chosen("retail", options, _DEFAULTS)
    data = data_folder("retail", asked, "a folder with receipts, such as online_retail or complete_journey")
    days = {name: asked[name] for name in ("validation_days", "test_days")}
    with tempfile.TemporaryDirectory() as work, threadpoolctl.threadpool_limits(limits=1):
        folder = read_retail_set(data, Path(work) / "workspace", **days, progress=SILENT)
        return _judged(data.name, folder, asked)


def _judged(name: str, folder: RetailSet, asked: Mapping[str, Any]) -> Report:
    config, seed = TrainConfig(), asked["seed"]
    weights, rate = _choices(folder.validation, config, seed)
    fitted = fit_models(folder.test.dataset, config, seed, SILENT)
    costs: dict[str, Cost] = {source: cost for source, cost in fitted.costs.items() if source in fitted.scorers}
    costs[BLEND] = Cost(sum(cost.cpu_s for cost in costs.values()), max(cost.peak_rss_mb for cost in costs.values()))
    peers = _peers(build_baskets(folder.test.dataset), seed, rate, costs)
    peers[NEIGHBOURS], costs[NEIGHBOURS] = fitted.neighbours, fitted.costs[NEIGHBOURS]
    outcomes = {
        case.name: _outcome(case, fitted, weights, peers) for case in _cases(folder.test, fitted) if len(case.members)
    }
    return _report(name, folder, outcomes, costs, {"weights": weights, "bpr_rate": rate, **asked})


def _cases(window: Window, fitted: Fitted) -> tuple[Case, Case]:
    return cases_of(
        window.member,
        window.product,
        window.dataset.cut_off,
        fitted.members,
        fitted.catalogue,
        max_members=len(fitted.members),
        rng=np.random.default_rng(0),
    )


def _choices(window: Window, config: TrainConfig, seed: int) -> tuple[dict[str, float], float]:
    """What the validation window chooses: the weights of the blend, and the learning rate of BPR."""
    fitted = fit_models(window.dataset, config, seed, SILENT)
    cases = _cases(window, fitted)
    asked = [(case, lists_of_case(fitted.scorers, case, k=config.n_candidates, progress=SILENT)) for case in cases]
    case = cases[0]
    baskets = build_baskets(window.dataset)

    def quality(rate: float) -> float:
        scorer = fit_bpr(baskets, seed=seed, learning_rate=rate)
        rows, _ = scorer.best(case.members, keep=case.keep, k=_DEPTH)
        return float(_figures(rows, case)[_METRIC].mean())

    return choose_weights(asked), max(_BPR_RATES, key=quality)


def _peers(baskets: Baskets, seed: int, rate: float, costs: dict[str, Cost]) -> dict[str, Scorer]:
    """General recommenders as their libraries have them, repeats allowed; their costs are added to *costs*."""
    fits: dict[str, Callable[[], Scorer]] = {
        "implicit_als": partial(fit_als, baskets, seed=seed),
        "implicit_bpr": partial(fit_bpr, baskets, seed=seed, learning_rate=rate),
        "lightfm_warp": partial(fit_lightfm, baskets, seed=seed),
    }
    peers = {}
    for name, fit in fits.items():
        restart_peak()
        done = measured(fit)
        peers[name], costs[name] = done.result, Cost(done.cpu_s, peak_rss_mb())
    return peers


def _outcome(case: Case, fitted: Fitted, weights: Mapping[str, float], peers: Mapping[str, Scorer]) -> Outcome:
    others = lists_of_case(peers, case, k=_DEPTH, progress=SILENT)
    ranked = ranked_lists(fitted, weights, case, depth=_DEPTH, progress=SILENT)
    ranked |= {name: one.products for name, one in others.items()}
    return Outcome(
        case,
        {name: _figures(lists, case) for name, lists in ranked.items()},
        {name: coverage(lists, 10, int(case.keep.sum())) for name, lists in ranked.items()},
    )


def _figures(lists: Rows, case: Case) -> Figures:
    hit, n_true = hits(lists[:, :_DEPTH], case.truth, len(case.keep)), case.truth.lengths()
    return {
        _METRIC: ndcg(hit, n_true, 10),
        "recall_at_10": recall(hit, n_true, 10),
        "recall_at_20": recall(hit, n_true, 20),
        "hit_rate_at_10": hit_rate(hit, n_true, 10),
    }


def _report(
    name: str,
    folder: RetailSet,
    outcomes: Mapping[str, Outcome],
    costs: Mapping[str, Cost],
    settings: Mapping[str, Any],
) -> Report:
    cases = {case: _case_facts(outcome, costs, settings) for case, outcome in outcomes.items()}
    every = cases["all"]
    best = every["best_floor"]
    facts = {
        "benchmark": "retail",
        "set": name,
        "form": folder.form,
        **{key: settings[key] for key in ("seed", "weights", "bpr_rate", "validation_days", "test_days")},
        "members_unknown_before": {"validation": folder.validation.n_unknown, "test": folder.test.n_unknown},
        "ours": every["gain_over"][best],
        "best_floor": best,
        "floors": {floor: every["rows"][floor] for floor in _FREE},
        "cases": cases,
    }
    return Report(facts, tuple(_case_table(name, folder.form, case, facts) for case, facts in cases.items()), (_NOTE,))


def _case_facts(outcome: Outcome, costs: Mapping[str, Cost], settings: Mapping[str, Any]) -> dict[str, Any]:
    figures = {ranker: float(figure[_METRIC].mean()) for ranker, figure in outcome.figures.items()}
    return {
        "n_members": len(outcome.case.members),
        "best_floor": max(_FREE, key=lambda floor: figures[floor]),
        "rows": {ranker: _row(ranker, outcome, costs.get(ranker)) for ranker in outcome.figures},
        "gain_over": {other: _bounds(_gain(outcome, other, settings)) for other in outcome.figures if other != BLEND},
    }


def _case_table(name: str, form: str, case: str, facts: Mapping[str, Any]) -> Table:
    gains = facts["gain_over"]
    columns = tuple(facts["rows"][BLEND])
    rows = tuple(
        (
            f"{ranker} (ours)" if ranker == BLEND else ranker,
            *("" if value is None else value for value in row.values()),
            *(gains[ranker].values() if ranker in gains else ("", "", "")),
        )
        for ranker, row in facts["rows"].items()
    )
    title = f"{name} ({_FORMS[form]}), {_TITLES[case]}: {facts['n_members']} members"
    formats = {"fit_cpu_s": ",.1f", "peak_rss_mb": ",.0f"}
    return Table(title, ("ranker", *columns, "gain of ours", "low", "high"), rows, formats=formats)


_FORMS = {"receipts": "receipts cut by time", "early_and_last": "last baskets of half the households"}
_TITLES = {"all": "repeats allowed", "explore": "products the member never bought"}
_NOTE = (
    f"ours is the row {BLEND}: the default configuration of `recsys train` without its second stage, the blend chosen "
    f"on the validation window; gains are in {_METRIC}, paired over members, with {_CONFIDENCE:.0%} intervals. Full "
    "ranking of all products on sale. The last line's `ours` is the gain over the best of the floors and item kNN on "
    "the test itself, which errs against us. als, lightfm, graph and the like are our sources; implicit_als, "
    "implicit_bpr and lightfm_warp are the libraries on their own. One thread; fit_cpu_s of ours is the sum over its "
    "sources; peak_rss_mb is of the whole process."
)


def _row(ranker: str, outcome: Outcome, cost: Cost | None) -> dict[str, float | None]:
    means: dict[str, float | None] = {
        metric: float(figure.mean()) for metric, figure in outcome.figures[ranker].items()
    }
    costs = {"fit_cpu_s": cost.cpu_s if cost else None, "peak_rss_mb": cost.peak_rss_mb if cost else None}
    return means | {"coverage_at_10": outcome.coverage[ranker]} | costs


def _gain(outcome: Outcome, other: str, settings: Mapping[str, Any]) -> Interval:
    return paired_gain(
        outcome.figures[BLEND][_METRIC],
        outcome.figures[other][_METRIC],
        n_resamples=settings["resamples"],
        confidence=_CONFIDENCE,
        rng=np.random.default_rng(settings["seed"]),
    )


def _bounds(gain: Interval) -> dict[str, float]:
    return {_METRIC: gain.mean, "low": gain.low, "high": gain.high}
