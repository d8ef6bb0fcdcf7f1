"""Who bought what, on a public set: our model against its parts, matrix factorisations and popularity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.basket_peers import fit_als, fit_bpr, fit_lightfm
from experiments.benchmarks.collaborative_cases import CollaborativeSet, read_collaborative_set
from experiments.measure import measured
from recsys.metrics import PerMember, hits, ndcg, recall
from recsys.report import Report, Table
from recsys.scorers.base import Scorer
from recsys.scorers.factors import FactorScorer
from recsys.scorers.neighbours import NeighbourScorer
from recsys.scorers.popularity import PopularityScorer
from training.baskets import Baskets
from training.bootstrap import paired_gain
from training.collaborative_config import CollaborativeConfig, IalsConfig, SparseEaseConfig
from training.memory import peak_rss_mb, restart_peak
from training.models import collaborative, ials, item_graph, sparse_ease

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 2_000}
_CUT = 20
_CONFIDENCE = 0.95
_FLOORS = ("popularity",)
_FIGURES = (f"recall_at_{_CUT}", f"ndcg_at_{_CUT}")
_COSTS = ("fit_cpu_s", "fit_s", "score_cpu_s", "peak_rss_mb")

Fit = Callable[[], Scorer]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One method.

    Attributes:
        figures: By name, shape (judged members,).
        costs: `_COSTS`: of one fit and all lists; the memory is the highest of the process meanwhile, MB.
    """

    figures: Mapping[str, PerMember]
    costs: Mapping[str, float]

    def facts(self) -> dict[str, float]:
        """Means over members, and the costs."""
        return {name: float(figure.mean()) for name, figure in self.figures.items()} | dict(self.costs)


def run(options: Mapping[str, Any]) -> Report:
    """
    Rank all products that a member has not in train, for all members with both train and test.

    All settings are fixed before the test is read; ours are the defaults of the product.

    Args:
        options: ``data``, a folder that `read_collaborative_set` understands; ``seed``; ``resamples`` of the bootstrap.

    Raises:
        InputError: No folder was given, or it is of another form.
        NotEnoughDataError: There is nothing to judge or to learn from.
    """
    asked = chosen("collaborative", options, _DEFAULTS)
    data = data_folder("collaborative", asked, "a folder with interactions.parquet, such as cf_gowalla")
    folder = read_collaborative_set(data)
    with threadpoolctl.threadpool_limits(limits=1):
        outcomes = {name: _outcome(fit, folder) for name, fit in _methods(folder, asked["seed"]).items()}
    return _report(data.name, folder, outcomes, asked)


def _methods(folder: CollaborativeSet, seed: int) -> dict[str, Fit]:
    bought, shape = folder.train, folder.train.shape
    peers_own = Baskets.of(
        np.repeat(np.arange(shape[0]), np.diff(bought.indptr)),
        np.zeros(bought.nnz, dtype=np.int64),
        bought.indices,
        n_members=shape[0],
        n_products=shape[1],
    )
    no_bias = np.zeros(shape[1], dtype=np.float32)

    def walks() -> Scorer:
        ours = CollaborativeConfig()
        powers = {"alpha": ours.walk_power, "beta": ours.popularity_power}
        return NeighbourScorer(bought, item_graph.rp3beta(bought.T.tocsr(), ours.n_related, **powers))

    def popularity() -> Scorer:
        counts = np.bincount(bought.indices, minlength=shape[1]).astype(np.float32)
        return PopularityScorer(counts[None], np.full(shape[0], -1, dtype=np.int16))

    als = partial(fit_als, peers_own, seed=seed, factors=128)
    return {
        "ours": lambda: collaborative.mixture(bought, CollaborativeConfig(), np.random.default_rng(seed)),
        "rp3beta": walks,
        "ials": lambda: FactorScorer(*ials.factorise(bought, IalsConfig(), np.random.default_rng(seed)), no_bias),
        "sparse_ease": lambda: NeighbourScorer(bought, sparse_ease.weights_of(bought, SparseEaseConfig())),
        "implicit_als": partial(als, alpha=40.0, regularization=0.05),
        "implicit_als_default": partial(als, alpha=0.0, regularization=0.01),
        "implicit_bpr": partial(fit_bpr, peers_own, seed=seed, learning_rate=0.05),
        "lightfm_warp": partial(fit_lightfm, peers_own, seed=seed),
        "popularity": popularity,
    }


def _outcome(fit: Fit, folder: CollaborativeSet) -> Outcome:
    restart_peak()
    fitted = measured(fit)
    lists = measured(partial(_figures, fitted.result, folder))
    costs = (fitted.cpu_s, fitted.wall_s, lists.cpu_s, peak_rss_mb())
    return Outcome(lists.result, dict(zip(_COSTS, costs, strict=True)))


def _figures(scorer: Scorer, folder: CollaborativeSet) -> dict[str, PerMember]:
    members, truth = folder.test.members, folder.test.truth
    n_products = folder.train.shape[1]
    keep = np.ones(n_products, dtype=np.bool_)
    lists, _ = scorer.best(members, keep=keep, k=_CUT, without=folder.known().take(members))
    hit, n_true = hits(lists, truth, n_products), truth.lengths()
    return dict(zip(_FIGURES, (recall(hit, n_true, _CUT), ndcg(hit, n_true, _CUT)), strict=True))


def _report(name: str, folder: CollaborativeSet, outcomes: Mapping[str, Outcome], asked: Mapping[str, Any]) -> Report:
    methods = {method: outcome.facts() for method, outcome in outcomes.items()}
    gains = {figure: _gain(outcomes, figure, asked) for figure in _FIGURES}
    facts = {
        "benchmark": "collaborative",
        "set": name,
        "seed": asked["seed"],
        "judged_members": len(folder.test),
        "strangers": folder.n_strangers,
        "products": folder.train.shape[1],
        "ours": methods["ours"],
        "peers": {method: of for method, of in methods.items() if method not in ("ours", *_FLOORS)},
        "floors": {floor: methods[floor] for floor in _FLOORS},
        "gain_over_best_peer": gains,
    }
    columns = (*_FIGURES, *_COSTS)
    rows = tuple((method, *(of[column] for column in columns)) for method, of in methods.items())
    bounds = tuple((figure, *(gain[key] for key in ("peer", "mean", "low", "high"))) for figure, gain in gains.items())
    title = f"{name}: {facts['judged_members']} members, {facts['products']} products"
    formats = dict.fromkeys(("fit_cpu_s", "fit_s", "score_cpu_s"), ",.1f") | {"peak_rss_mb": ",.0f"}
    return Report(
        facts=facts,
        tables=(
            Table(title, ("method", *columns), rows, spare=("fit_s", "score_cpu_s"), formats=formats),
            Table(
                f"ours minus the best other, {_CONFIDENCE:.0%} interval",
                ("figure", "peer", "gain", "low", "high"),
                bounds,
            ),
        ),
        notes=(_NOTE,),
    )


def _gain(outcomes: Mapping[str, Outcome], figure: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Against the one that is best on the test itself, which errs against us."""
    sides = {method: outcome.figures[figure] for method, outcome in outcomes.items()}
    ours = sides.pop("ours")
    peer = max(sides, key=lambda method: float(sides[method].mean()))
    rng = np.random.default_rng(asked["seed"])
    gain = paired_gain(ours, sides[peer], n_resamples=asked["resamples"], confidence=_CONFIDENCE, rng=rng)
    return {"peer": peer, "mean": gain.mean, "low": gain.low, "high": gain.high}


_NOTE = (
    "Full ranking of all products that the member has not in train; equal scores by product id; ndcg has its ideal "
    "over min(20, products of the test). One thread. rp3beta, ials and sparse_ease are ours too, each alone at its "
    "defaults. implicit ALS has 128 factors and 15 iterations, with confidence 41 for a purchase (alpha 40, Hu, Koren, "
    "Volinsky 2008), and as default with the library's own, by which a purchase weighs like its absence. BPR has 64 "
    "factors and 100 epochs, LightFM 64 and 15. Settings are fixed and the test chooses nothing."
)
