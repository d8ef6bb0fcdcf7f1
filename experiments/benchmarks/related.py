"""Answers about products on orders held out: what is bought together, and what completes a basket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks import chosen
from features.dataset import read_truth
from features.workspace import Workspace
from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError, NotEnoughDataError
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.schema import PlacementSpec, Policy
from recsys.reasons import RERANKED_SOURCE
from recsys.report import SILENT, Report, Table
from recsys.types import Channel, ItemKind, Relation
from training.bootstrap import paired_gain
from training.build import build_knowledge
from training.config import TrainConfig
from training.leaks import read_before
from training.pipeline import judge

_DEFAULTS: dict[str, Any] = {"workspace": None, "seed": 1, "orders": 4_000, "resamples": 2_000}
_CONFIDENCE = 0.95
_SHOWN = 10
_AT_ONCE = 500
_PLACEMENT = "bench"

Hits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Order:
    """One order of the test window: who bought, the product to be found again, and the others."""

    member_id: str
    held_out: int
    others: tuple[int, ...]


def run(options: Mapping[str, Any]) -> Report:
    """
    Leave one product of each test order out and look for it among ten.

    Models are those of the bundle that training would have published at the beginning of the test window, without its
    second stage. No rule is in force but those that always are. ``together`` starts from one other product of the
    order, ``complete`` from all others; the same ten places are filled with what sells, with similar products, and
    with the member's own list.

    Args:
        options: ``workspace``; ``seed`` of training and of the product left out; ``orders`` that are judged at most;
            ``resamples`` of the bootstrap, which draws orders.

    Raises:
        InputError: No workspace was given.
        NotEnoughDataError: There is too little to learn from, or no order of the test window holds two known products.
    """
    asked = chosen("related", options, _DEFAULTS)
    if asked["workspace"] is None:
        raise InputError("related needs --workspace W, whose last orders are held out")
    workspace, config, seed = Workspace.open(Path(asked["workspace"])), TrainConfig(), asked["seed"]
    judged = judge(workspace, config, seed=seed, progress=SILENT)
    dataset = read_before(workspace, judged.split.test_at)
    # The second stage that a judgement holds has learnt from the test window, so the first alone is asked here.
    weights = {name: weight for name, weight in judged.weights.items() if name != RERANKED_SOURCE}
    knowledge = build_knowledge(dataset, config, weights, seed=seed, progress=SILENT)
    orders = _orders(workspace, knowledge, judged.split.end, np.random.default_rng(seed), asked["orders"])
    if not orders:
        raise NotEnoughDataError(
            f"no order of {workspace.path} from {judged.split.test_at} to {judged.split.end} holds two known products; "
            "give a workspace with more history"
        )
    return _report(_all_hits(knowledge, orders), asked)


def _orders(workspace: Workspace, knowledge: Knowledge, stop: int, rng: np.random.Generator, most: int) -> list[Order]:
    members, products = knowledge.members.members, knowledge.catalogue.products
    truth = read_truth(workspace, members, products, knowledge.cut_off, stop)
    sold = knowledge.catalogue.on_sale(knowledge.cut_off)[truth.product]
    lines = np.unique(np.stack([truth.order, truth.product, truth.member], axis=1)[sold], axis=0)
    starts = np.flatnonzero(np.diff(lines[:, 0], prepend=-1))
    drawn = [rng.permutation(part) for part in np.split(lines, starts[1:]) if len(part) > 1]
    kept = np.sort(rng.permutation(len(drawn))[:most])
    return [
        Order(members.id(int(part[0, 2])), int(part[0, 1]), tuple(part[1:, 1].tolist()))
        for part in (drawn[at] for at in kept)
    ]


def _all_hits(knowledge: Knowledge, orders: list[Order]) -> dict[str, dict[str, Hits]]:
    """By question and ranker: shape (n_orders,), 1 where the product left out is among the ten."""
    policy = Policy(
        name=_PLACEMENT,
        currency=knowledge.currency,
        tiers=knowledge.tiers,
        placements={
            _PLACEMENT: PlacementSpec(channel=Channel.WEB, capacity=_SHOWN, types=(ItemKind.PRODUCT,), max_offers=0)
        },
        default_placement=_PLACEMENT,
    )
    engine = Engine(knowledge, compile_policy(policy, knowledge))
    ids = knowledge.catalogue.products.id

    def hits(relation: Relation | None, subject: Callable[[Order], Subject]) -> Hits:
        context = Context(_PLACEMENT, knowledge.cut_off, relation=relation)
        found = []
        for start in range(0, len(orders), _AT_ONCE):
            some = orders[start : start + _AT_ONCE]
            shown = engine.decide_many([subject(one) for one in some], context).row
            found.append((shown == np.array([one.held_out for one in some])[:, None]).any(axis=1))
        return np.concatenate(found).astype(np.float64)

    def first(one: Order) -> tuple[str, ...]:
        return (ids(one.others[0]),)

    def others(one: Order) -> tuple[str, ...]:
        return tuple(map(ids, one.others))

    return {
        "together": {
            "popular": _popular(knowledge, orders, 1),
            "similar": hits(Relation.SIMILAR, lambda one: Subject("", about=first(one))),
            "together": hits(Relation.TOGETHER, lambda one: Subject("", about=first(one))),
        },
        "complete": {
            "popular": _popular(knowledge, orders, None),
            "similar": hits(Relation.SIMILAR, lambda one: Subject("", about=others(one))),
            "own list": hits(None, lambda one: Subject(one.member_id, exclude_ids=frozenset(others(one)))),
            "complete, nobody": hits(Relation.COMPLETE, lambda one: Subject("", basket=others(one))),
            "complete, the member": hits(Relation.COMPLETE, lambda one: Subject(one.member_id, basket=others(one))),
        },
    }


def _popular(knowledge: Knowledge, orders: list[Order], n_known: int | None) -> Hits:
    listed = [row for row in knowledge.popular.products[0].tolist() if row >= 0]
    found = [one.held_out in [row for row in listed if row not in one.others[:n_known]][:_SHOWN] for one in orders]
    return np.array(found, dtype=np.float64)


def _report(hits: Mapping[str, Mapping[str, Hits]], asked: Mapping[str, Any]) -> Report:
    rows: list[tuple[Any, ...]] = []
    facts: dict[str, Any] = {}
    for question, rankers in hits.items():
        floor = rankers["popular"]
        for name, found in rankers.items():
            rng = np.random.default_rng(asked["seed"])
            gain = paired_gain(found, floor, n_resamples=asked["resamples"], confidence=_CONFIDENCE, rng=rng)
            rows.append((question, name, float(found.mean()), gain.mean, gain.low, gain.high))
            facts.setdefault(question, {})[name] = {
                "hit_rate_at_10": float(found.mean()), "gain": gain.mean, "low": gain.low, "high": gain.high,
            }  # fmt: skip
    n = len(hits["together"]["popular"])
    columns = ("question", "ranker", "hit rate at 10", "gain over popular", "low", "high")
    return Report(
        facts={"n_orders": n, **facts},
        tables=(Table(f"One product left out of each of {n:,} orders", columns, tuple(rows)),),
        notes=("Models know nothing of the test window.",),
    )
