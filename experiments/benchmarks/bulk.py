"""Decisions for everybody against implicit's bare recommend: same members, same products, one process, one thread."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from experiments.benchmarks import chosen
from experiments.benchmarks.world import workspace_for
from experiments.measure import measured
from recsys.bundle import Bundle
from recsys.decision import Context
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.schema import PlacementSpec, Policy
from recsys.policy.reading.load import load_policy
from recsys.report import Report, Table
from recsys.scorers.factors import FactorScorer
from recsys.types import SECONDS_PER_DAY, Channel, ItemKind
from serving.export.columns import export_columns
from serving.export.pool import map_spawned
from serving.live import read_pointer
from training.memory import peak_rss_mb

N = 20
FACTORS = 64
BLOCK = 1_000
PLACEMENT = "bench_top_20"
_DEFAULTS: dict[str, Any] = {"workspace": None, "members": 20_000, "products": 5_000, "rounds": 3}


@dataclass(frozen=True, slots=True)
class Timing:
    """
    One pass over all members in a process of its own.

    Attributes:
        members_per_s: Of the thing itself, by the clock.
        members_per_cpu_s: The same by CPU-seconds of this one thread: what other programs do does not disturb it.
        rows_per_s: Ours: members a CPU-second when every row of the e-mail file is laid out too.
        lists_per_s: Ours: members a CPU-second of the nightly lists that the decisions begin from, one source.
        peak_rss_mb: Of the process, MB.
    """

    members_per_s: float
    members_per_cpu_s: float
    rows_per_s: float
    lists_per_s: float
    peak_rss_mb: float


def run(options: Mapping[str, Any]) -> Report:
    """
    Compare, turn by turn.

    Args:
        options: ``workspace`` (with a published bundle; absent means a made-up one of ``members`` and ``products``),
            ``rounds``.
    """
    asked = chosen("bulk", options, _DEFAULTS)
    with workspace_for(asked["workspace"], members=asked["members"], products=asked["products"]) as workspace:
        bundle = Bundle.open(read_pointer(workspace / "serving"))
        shape = (len(bundle["members.ids"]), len(bundle["products.ids"]))
        turns = [
            timing
            for _ in range(asked["rounds"])
            for opener in (_open_ours, _open_implicit)
            for timing in map_spawned(opener, workspace, [0], workers=1)
        ]
    ours, peer = turns[::2], turns[1::2]
    pairs = list(zip(ours, peer, strict=True))
    facts = {
        "benchmark": "bulk",
        "n_members": shape[0],
        "n_products": shape[1],
        "made_up": asked["workspace"] is None,
        "rounds": asked["rounds"],
        "ratio_to_implicit": median(one.members_per_s / other.members_per_s for one, other in pairs),
        "ratio_to_implicit_cpu": median(one.members_per_cpu_s / other.members_per_cpu_s for one, other in pairs),
        "ratio_to_implicit_cpu_rows": median(one.rows_per_s / other.members_per_cpu_s for one, other in pairs),
        **_figures(ours),
        "rows_members_per_cpu_s": median(one.rows_per_s for one in ours),
        "nightly_list_members_per_cpu_s": median(one.lists_per_s for one in ours),
        "peers": {"implicit_recommend": _figures(peer)},
    }
    return Report(facts=facts, tables=(_table(facts),), notes=_NOTES)


def _figures(timings: list[Timing]) -> dict[str, float]:
    return {
        "members_per_s": median(one.members_per_s for one in timings),
        "members_per_cpu_s": median(one.members_per_cpu_s for one in timings),
        "peak_rss_mb": max(one.peak_rss_mb for one in timings),
    }


_NOTES = (
    "Decisions: candidates, rules, offers, exploration, reasons. Rows: also ids, names, codes, as the e-mail has.",
    "Decisions begin from lists that training made; implicit scores all products from its factors. "
    "Making one such list for each member costs what the row 'nightly list' says, once a bundle.",
)


def _table(facts: Mapping[str, Any]) -> Table:
    peer = facts["peers"]["implicit_recommend"]

    def row(name: str, figures: Mapping[str, Any], by_clock: float | None, by_cpu: float) -> tuple[Any, ...]:
        speeds = (round(figures["members_per_s"]), round(figures["members_per_cpu_s"]))
        return (name, *speeds, by_clock, by_cpu, round(figures["peak_rss_mb"]))

    with_rows = round(facts["rows_members_per_cpu_s"])
    nightly = round(facts["nightly_list_members_per_cpu_s"])
    rows = (
        row("decisions (ours)", facts, facts["ratio_to_implicit"], facts["ratio_to_implicit_cpu"]),
        ("decisions and rows (ours)", None, with_rows, None, facts["ratio_to_implicit_cpu_rows"], None),
        ("nightly list, one source (ours)", None, nightly, None, None, None),
        row("implicit recommend", peer, 1.0, 1.0),
    )
    title = f"{facts['n_members']:,} members x {facts['n_products']:,} products, top {N}, one thread"
    columns = ("what", "members/s", "members/cpu_s", "ratio", "ratio by cpu", "peak_rss_mb")
    return Table(title, columns, rows)


def with_top_20(policy: Policy) -> Policy:
    """The same policy with a placement as wide as implicit's list, for products and an offer."""
    wide = PlacementSpec(channel=Channel.WEB, capacity=N, types=(ItemKind.PRODUCT, ItemKind.OFFER), max_offers=1)
    return policy.model_copy(update={"placements": {**policy.placements, PLACEMENT: wide}})


class _Ours:
    def __init__(self, workspace: Path) -> None:
        knowledge = Knowledge.of(Bundle.open(read_pointer(workspace / "serving"), verify=False))
        self._engine = Engine(knowledge, compile_policy(with_top_20(load_policy(workspace / "policy.yaml")), knowledge))
        self._members = knowledge.members.members
        self._context = Context(placement=PLACEMENT, now=knowledge.cut_off + SECONDS_PER_DAY)

    def __call__(self, _task: int) -> Timing:
        self._decide(0, BLOCK, rows=True)
        decided = measured(lambda: self._everybody(rows=False))
        peak = peak_rss_mb()
        laid_out = measured(lambda: self._everybody(rows=True))
        n = len(self._members)
        lists = n / self._list_cpu_s()
        return Timing(n / decided.wall_s, n / decided.cpu_s, n / laid_out.cpu_s, lists, peak)

    def _everybody(self, *, rows: bool) -> None:
        for start in range(0, len(self._members), BLOCK):
            self._decide(start, start + BLOCK, rows=rows)

    def _decide(self, start: int, stop: int, *, rows: bool) -> None:
        subjects = [Subject(value.decode()) for value in self._members.encoded[start:stop].tolist()]
        decisions = self._engine.decide_many(subjects, self._context)
        if rows:
            export_columns(decisions, np.ones(len(decisions), dtype=np.bool_))

    def _list_cpu_s(self) -> float:
        rng = np.random.default_rng(0)
        n, n_products = len(self._members), len(self._engine.knowledge.catalogue)
        scorer = FactorScorer(_factors(rng, n), _factors(rng, n_products), np.zeros(n_products, dtype=np.float32))
        keep, everybody = np.ones(n_products, dtype=np.bool_), np.arange(n, dtype=np.int32)
        return measured(lambda: scorer.best(everybody, keep=keep, k=50)).cpu_s


class _Implicit:
    def __init__(self, workspace: Path) -> None:
        purchased = Knowledge.of(Bundle.open(read_pointer(workspace / "serving"), verify=False)).members.purchased
        n_products = len(Bundle.open(read_pointer(workspace / "serving"), verify=False)["products.ids"])
        ones = np.ones(len(purchased.values), dtype=np.float32)
        self._bought = csr_matrix((ones, purchased.values, purchased.indptr), shape=(len(purchased), n_products))
        rng = np.random.default_rng(0)
        # What the factors are does not change the work of recommend; fitting them would only take time.
        self._model = AlternatingLeastSquares(factors=FACTORS, num_threads=1)
        self._model.user_factors = _factors(rng, len(purchased))
        self._model.item_factors = _factors(rng, n_products)

    def __call__(self, _task: int) -> Timing:
        everybody = np.arange(self._bought.shape[0])
        self._recommend(everybody[:BLOCK])
        in_one = measured(lambda: self._recommend(everybody))
        in_blocks = measured(lambda: self._in_blocks(everybody))
        faster = min(in_one, in_blocks, key=lambda one: one.cpu_s)
        n = len(everybody)
        return Timing(n / faster.wall_s, n / faster.cpu_s, math.nan, math.nan, peak_rss_mb())

    def _in_blocks(self, members: NDArray[np.int64]) -> None:
        for start in range(0, len(members), BLOCK):
            self._recommend(members[start : start + BLOCK])

    def _recommend(self, members: NDArray[np.int64]) -> None:
        self._model.recommend(members, self._bought[members], N=N, filter_already_liked_items=False)


def _factors(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    return rng.standard_normal((n, FACTORS), dtype=np.float32)


def _open_ours(workspace: Path) -> _Ours:
    return _Ours(workspace)


def _open_implicit(workspace: Path) -> _Implicit:
    return _Implicit(workspace)
