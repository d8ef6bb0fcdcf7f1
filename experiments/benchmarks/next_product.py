"""The next product on public sequences: our model against general recommenders, fitted without and with validation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.basket_peers import fit_als, fit_bpr, fit_lightfm
from experiments.benchmarks.sequence_cases import SequenceSet, as_baskets, read_sequence_set
from experiments.measure import measured
from recsys.metrics import PerMember, hits, ndcg, recall
from recsys.ragged import Ragged
from recsys.report import Report, Table
from recsys.scorers.base import Scorer
from recsys.scorers.popularity import PopularityScorer
from training.baskets import Labels
from training.bootstrap import paired_gain
from training.memory import peak_rss_mb, restart_peak
from training.models import next_product
from training.sequence_config import NextProductConfig

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 2_000}
_CUTS = (10, 20)
_CONFIDENCE = 0.95
_CHOSEN_BY = "recall_at_10"
_FLOORS = ("popularity",)
_COSTS = ("fit_cpu_s", "fit_s", "score_cpu_s", "peak_rss_mb")

Fit = Callable[[Ragged, Ragged], Scorer]
"""From histories to learn from, and those to rank for, to a scorer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One method in one protocol.

    Attributes:
        setting: The one that was best on validation; empty where there is one only.
        figures: By name, shape (judged members,).
        costs: `_COSTS`: of one fit and all lists; the memory is the highest of the process meanwhile, MB.
    """

    setting: str
    figures: Mapping[str, PerMember]
    costs: Mapping[str, float]

    def facts(self) -> dict[str, Any]:
        """Means over members, the costs, the setting."""
        means = {name: float(figure.mean()) for name, figure in self.figures.items()}
        return {**means, **self.costs, "setting": self.setting}


def run(options: Mapping[str, Any]) -> Report:
    """
    Rank all products for each member's test purchase, twice: fitted on train alone, and on train and validation.

    In both, the history that is ranked for ends right before the test, and what it holds is ranked by nobody. Our
    settings are the defaults of the product.

    Args:
        options: ``data``, a folder that `read_sequence_set` understands; ``seed``; ``resamples`` of the bootstrap.

    Raises:
        InputError: No folder was given, or it is of another form.
        NotEnoughDataError: There is nothing to judge or to learn from.
    """
    asked = chosen("next_product", options, _DEFAULTS)
    data = data_folder("next_product", asked, "a folder with sequences.parquet, such as amazon_beauty")
    folder = read_sequence_set(data)
    with threadpoolctl.threadpool_limits(limits=1):
        settings = {name: _best(of, folder) for name, of in _methods(folder, asked["seed"]).items()}
        outcomes = {
            protocol: {name: _outcome(setting, fit, learn, folder) for name, (setting, fit) in settings.items()}
            for protocol, learn in (("train_only", folder.train), ("refit", folder.known))
        }
    return _report(data.name, folder, outcomes, asked)


def _methods(folder: SequenceSet, seed: int) -> dict[str, dict[str, Fit]]:
    """Settings of every method; where there are several, validation chooses."""
    n_products = folder.attributes.shape[0]

    def ours(learn: Ragged, histories: Ragged) -> Scorer:
        return next_product.fit(learn, folder.attributes, NextProductConfig()).with_histories(histories)

    def popularity(learn: Ragged, _: Ragged) -> Scorer:
        counts = np.bincount(learn.values, minlength=n_products).astype(np.float32)
        return PopularityScorer(counts[None], np.full(len(learn), -1, dtype=np.int16))

    def bpr(learning_rate: float) -> Fit:
        return lambda learn, _: fit_bpr(as_baskets(learn, n_products), seed=seed, learning_rate=learning_rate)

    return {
        "ours": {"": ours},
        "popularity": {"": popularity},
        "implicit_als": {"": lambda learn, _: fit_als(as_baskets(learn, n_products), seed=seed)},
        "implicit_bpr": {f"learning rate {rate:g}": bpr(rate) for rate in (0.01, 0.05)},
        "lightfm_warp": {"": lambda learn, _: fit_lightfm(as_baskets(learn, n_products), seed=seed)},
    }


def _best(settings: Mapping[str, Fit], folder: SequenceSet) -> tuple[str, Fit]:
    """The best on validation, fitted on train; the first where there is no choice or nobody to judge by."""
    if len(settings) == 1 or not len(folder.validation):
        return next(iter(settings.items()))

    def figure(setting: str) -> float:
        scorer = settings[setting](folder.train, folder.train)
        return float(_figures(scorer, folder.train, folder.validation, folder.attributes.shape[0])[_CHOSEN_BY].mean())

    best = max(settings, key=figure)
    return best, settings[best]


def _outcome(setting: str, fit: Fit, learn: Ragged, folder: SequenceSet) -> Outcome:
    restart_peak()
    fitted = measured(partial(fit, learn, folder.known))
    lists = measured(partial(_figures, fitted.result, folder.known, folder.test, folder.attributes.shape[0]))
    costs = (fitted.cpu_s, fitted.wall_s, lists.cpu_s, peak_rss_mb())
    return Outcome(setting, lists.result, dict(zip(_COSTS, costs, strict=True)))


def _figures(scorer: Scorer, histories: Ragged, asked: Labels, n_products: int) -> dict[str, PerMember]:
    members, truth = asked.members, asked.truth
    keep = np.ones(n_products, dtype=np.bool_)
    lists, _ = scorer.best(members, keep=keep, k=max(_CUTS), without=histories.take(members))
    hit, n_true = hits(lists, truth, n_products), truth.lengths()
    figures = {}
    for k in _CUTS:
        figures[f"recall_at_{k}"] = recall(hit, n_true, k)
        figures[f"ndcg_at_{k}"] = ndcg(hit, n_true, k)
    return figures


def _report(
    name: str, folder: SequenceSet, outcomes: Mapping[str, Mapping[str, Outcome]], asked: Mapping[str, Any]
) -> Report:
    methods = {
        method: {protocol: of[method].facts() for protocol, of in outcomes.items()} for method in outcomes["refit"]
    }
    ours = methods.pop("ours")
    gains = {protocol: _gains(of, asked) for protocol, of in outcomes.items()}
    facts = {
        "benchmark": "next_product",
        "set": name,
        "seed": asked["seed"],
        "judged_members": len(folder.test),
        "products": folder.attributes.shape[0],
        **ours,
        "fit_s": max(one["fit_s"] for one in ours.values()),
        "peers": methods,
        "floors": {floor: methods[floor] for floor in _FLOORS},
        "gain_over_best_peer": gains,
    }
    columns = [f"{figure}_at_{k}" for k in _CUTS for figure in ("recall", "ndcg")] + [*_COSTS, "setting"]
    rows = [
        (method, protocol, *(of[protocol][column] for column in columns))
        for protocol in outcomes
        for method, of in {"ours": ours, **methods}.items()
    ]
    bounds = [
        (protocol, figure, gain["peer"], gain["mean"], gain["low"], gain["high"])
        for protocol, of in gains.items()
        for figure, gain in of.items()
    ]
    title = f"{name}: next product among {facts['products']}, {facts['judged_members']} members"
    return Report(
        facts=facts,
        tables=(
            Table(title, ("method", "fitted on", *columns), tuple(rows)),
            Table(
                f"ours minus the best peer, {_CONFIDENCE:.0%} interval",
                ("fitted on", "figure", "peer", "gain", "low", "high"),
                tuple(bounds),
            ),
        ),
        notes=(_NOTE,),
    )


def _gains(outcomes: Mapping[str, Outcome], asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Against the peer that is best on the test itself, which errs against us."""
    gains = {}
    for figure in ("recall_at_10", "ndcg_at_10"):
        sides = {method: outcome.figures[figure] for method, outcome in outcomes.items()}
        ours = sides.pop("ours")
        peer = max(sides, key=lambda method: float(sides[method].mean()))
        rng = np.random.default_rng(asked["seed"])
        gain = paired_gain(ours, sides[peer], n_resamples=asked["resamples"], confidence=_CONFIDENCE, rng=rng)
        gains[figure] = {"peer": peer, "mean": gain.mean, "low": gain.low, "high": gain.high}
    return gains


_NOTE = (
    "Full ranking; products of the history are left out for all methods, and equal scores go by product id. refit: "
    "fitted on train and validation. train_only: fitted on train; ours then reads the validation purchase as part of "
    "the history, while the vectors of the peers stay as they were fitted. Settings are fixed but BPR's learning rate, "
    "by recall@10 on validation after a fit on train. One thread; fit_s is by the clock, of the slower of our two fits."
)
