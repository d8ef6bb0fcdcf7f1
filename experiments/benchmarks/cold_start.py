"""Products without a sale: a seeded tenth loses all purchases, and attributes have to do without hurting the rest."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.basket_peers import fit_als, fit_bpr, fit_lightfm
from experiments.benchmarks.sequence_cases import SequenceSet, as_baskets, read_sequence_set
from experiments.measure import measured
from recsys.errors import NotEnoughDataError
from recsys.metrics import PerMember, hits, ndcg
from recsys.ragged import Ragged
from recsys.report import Report, Table
from recsys.scorers.base import Scorer
from recsys.scorers.next_product import NextProductScorer, SourceWeights
from recsys.scorers.popularity import PopularityScorer
from recsys.types import KeepMask
from training.baskets import Labels
from training.bootstrap import paired_gain
from training.memory import peak_rss_mb, restart_peak
from training.models import cold_products, next_product
from training.sequence_config import ColdProductsConfig, NextProductConfig

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 2024, "resamples": 2_000}
_K, _COLD_SHARE, _CONFIDENCE, _BPR_RATE = 20, 10, 0.95, 0.05
_CF = ("graphs_alone", "implicit_als", "implicit_bpr", "lightfm_warp")
_FIGURES = ("cold_ndcg_at_20", "warm_ndcg_at_20", "cold_among_all_ndcg_at_20")
_COSTS = ("fit_cpu_s", "fit_s", "score_cpu_s", "peak_rss_mb")

Outcome = tuple[Mapping[str, PerMember], Mapping[str, float]]


def run(options: Mapping[str, Any]) -> Report:
    """
    Take all purchases of a random tenth of the products away, fit on train and validation, rank for the test.

    Cold test purchases are ranked among the cold products, and both kinds among all products.

    Args:
        options: ``data``, a folder that `read_sequence_set` understands; ``seed`` of the tenth and of the peers;
            ``resamples`` of the bootstrap.

    Raises:
        InputError: No folder was given, or it is of another form.
        NotEnoughDataError: No test purchase is cold, or none is warm.
    """
    asked = chosen("cold_start", options, _DEFAULTS)
    data = data_folder("cold_start", asked, "a folder with sequences.parquet, such as amazon_beauty")
    folder = read_sequence_set(data)
    n_products = folder.attributes.shape[0]
    cold = np.zeros(n_products, dtype=np.bool_)
    cold[np.random.default_rng(asked["seed"]).permutation(n_products)[: n_products // _COLD_SHARE]] = True
    histories = _part(folder.known, ~cold[folder.known.values])
    judged = {"cold": _judged(folder, histories, cold), "warm": _judged(folder, histories, ~cold)}
    for part, labels in judged.items():
        if not len(labels):
            raise NotEnoughDataError(f"no {part} purchase of a member with a history is in the test; give a larger set")
    with threadpoolctl.threadpool_limits(limits=1):
        outcomes = {
            name: _outcome(fit, histories, cold, judged)
            for name, fit in _methods(folder, histories, cold, asked["seed"]).items()
        }
    return _report(data.name, judged, outcomes, asked)


def _part(lists: Ragged, which: KeepMask) -> Ragged:
    return Ragged(np.concatenate([[0], np.cumsum(which)])[lists.indptr].astype(np.int64), lists.values[which])


def _judged(folder: SequenceSet, histories: Ragged, wanted: KeepMask) -> Labels:
    truth = _part(folder.test.truth, wanted[folder.test.truth.values])
    has = (truth.lengths() > 0) & (histories.lengths()[folder.test.members] > 0)
    return Labels(folder.test.members, truth).take(np.flatnonzero(has))


def _methods(folder: SequenceSet, histories: Ragged, cold: KeepMask, seed: int) -> dict[str, Callable[[], Scorer]]:
    attributes, baskets = folder.attributes, as_baskets(histories, len(cold))

    def graphs() -> NextProductScorer:
        return next_product.fit(histories, attributes, NextProductConfig())

    def only(base: NextProductScorer, **weights: float) -> NextProductScorer:
        nothing = dict.fromkeys((field.name for field in dataclasses.fields(SourceWeights)), 0.0)
        return dataclasses.replace(base, weights=SourceWeights(**{**nothing, **weights}))

    def graphs_alone() -> Scorer:
        default = NextProductConfig().weights
        return only(graphs(), following=default.following, second=default.second, popular=default.popular)

    def content_profile() -> Scorer:
        base = graphs()
        return dataclasses.replace(only(base, profile=1.0), profile=base.space, attribute_decay=1.0)

    def attribute_popularity() -> Scorer:
        n_bought = np.bincount(histories.values, minlength=len(cold)).astype(np.float32)
        score = np.asarray(attributes @ (attributes.T @ n_bought), dtype=np.float32)
        return PopularityScorer(score[None], np.full(len(histories), -1, dtype=np.int16))

    return {
        "ours": lambda: cold_products.fit(graphs(), np.flatnonzero(cold).astype(np.int32), ColdProductsConfig()),
        "content_profile": content_profile,
        "attribute_popularity": attribute_popularity,
        "graphs_alone": graphs_alone,
        "implicit_als": lambda: fit_als(baskets, seed=seed),
        "implicit_bpr": lambda: fit_bpr(baskets, seed=seed, learning_rate=_BPR_RATE),
        "lightfm_warp": lambda: fit_lightfm(baskets, seed=seed),
    }


def _outcome(fit: Callable[[], Scorer], histories: Ragged, cold: KeepMask, judged: Mapping[str, Labels]) -> Outcome:
    restart_peak()
    fitted = measured(fit)
    every = np.ones(len(cold), dtype=np.bool_)
    asked = zip(_FIGURES, ("cold", "warm", "cold"), (cold, every, every), strict=True)
    lists = measured(lambda: {name: _ndcg(fitted.result, judged[part], histories, keep) for name, part, keep in asked})
    costs = (fitted.cpu_s, fitted.wall_s, lists.cpu_s, peak_rss_mb())
    return lists.result, dict(zip(_COSTS, costs, strict=True))


def _ndcg(scorer: Scorer, asked: Labels, histories: Ragged, keep: KeepMask) -> PerMember:
    lists, _ = scorer.best(asked.members, keep=keep, k=_K, without=histories.take(asked.members))
    return ndcg(hits(lists, asked.truth, len(keep)), asked.truth.lengths(), _K)


def _report(
    name: str, judged: Mapping[str, Labels], outcomes: Mapping[str, Outcome], asked: Mapping[str, Any]
) -> Report:
    methods = {
        method: {**{figure: float(of.mean()) for figure, of in figures.items()}, **costs}
        for method, (figures, costs) in outcomes.items()
    }
    best_cf = max(_CF, key=lambda method: methods[method]["warm_ndcg_at_20"])
    gain = partial(_gain, outcomes, asked)
    gains = {
        "cold_ndcg_at_20": gain("cold_ndcg_at_20", "content_profile"),
        "warm_ndcg_at_20": gain("warm_ndcg_at_20", best_cf),
    }
    ours = methods.pop("ours")
    facts = {
        "benchmark": "cold_start",
        "set": name,
        "seed": asked["seed"],
        "judged_members": {part: len(labels) for part, labels in judged.items()},
        "ours": ours,
        "content_profile": methods["content_profile"],
        "best_cf": {"method": best_cf, **methods[best_cf]},
        "peers": methods,
        "gains": gains,
    }
    columns = (*_FIGURES, *_COSTS)
    rows = tuple((method, *(of[column] for column in columns)) for method, of in {"ours": ours, **methods}.items())
    bounds = tuple((figure, *of.values()) for figure, of in gains.items())
    title = f"{name}: a tenth of the products cold, {len(judged['cold'])} cold and {len(judged['warm'])} warm purchases"
    return Report(
        facts=facts,
        tables=(
            Table(title, ("method", *columns), rows),
            Table(f"ours minus, {_CONFIDENCE:.0%} interval", ("figure", "peer", "gain", "low", "high"), bounds),
        ),
        notes=(_NOTE,),
    )


def _gain(outcomes: Mapping[str, Outcome], asked: Mapping[str, Any], figure: str, peer: str) -> dict[str, Any]:
    sides = (outcomes[method][0][figure] for method in ("ours", peer))
    rng = np.random.default_rng(asked["seed"])
    gain = paired_gain(*sides, n_resamples=asked["resamples"], confidence=_CONFIDENCE, rng=rng)
    return {"peer": peer, "mean": gain.mean, "low": gain.low, "high": gain.high}


_NOTE = (
    "cold_ndcg is among the cold products, the other two among all. Cold purchases are taken out of the histories too. "
    "content_profile: the plain sum of the TF-IDF vectors of what the member bought. The best CF is the best on "
    "the test itself, which errs against us. Settings are fixed; the interval is over members, for this one seed. "
    "What cannot tell cold products apart ranks them by id; that beats chance where ids follow first appearance."
)
