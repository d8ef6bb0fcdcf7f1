"""Tries a new bundle and policy out on golden members before anybody else is answered from them."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from recsys.decision import Context, Decision, SlateItem
from recsys.engine import Engine
from recsys.errors import BundleError
from recsys.members import Subject
from recsys.types import EpochSeconds, ItemKind

N_GOLDEN = 16
STRANGER = "golden stranger"


def try_out(engine: Engine, placements: Sequence[str], *, now: EpochSeconds) -> Mapping[str, tuple[SlateItem, ...]]:
    """
    Decide for golden members, spread evenly over the bundle, and one stranger in every placement.

    It also warms what the first real request would otherwise wait for.

    Returns:
        By placement: the products a stranger is shown.

    Raises:
        BundleError: An answer breaks what every answer keeps, or no golden member is shown anything anywhere.
    """
    members = engine.knowledge.members
    rows = np.unique(np.linspace(0, max(0, len(members) - 1), N_GOLDEN).astype(np.int32))
    ids = members.members.ids(rows) if len(members) else []
    subjects = [Subject(member_id) for member_id in (*ids, STRANGER)]
    fallbacks: dict[str, tuple[SlateItem, ...]] = {}
    n_items = 0
    for placement in placements:
        decisions = engine.decide_many(subjects, Context(placement=placement, now=now)).records()
        for decision in decisions:
            _check(decision, engine)
            n_items += len(decision.items)
        fallbacks[placement] = tuple(item for item in decisions[-1].items if item.kind is ItemKind.PRODUCT)
    if n_items == 0:
        raise BundleError(
            f"bundle {engine.knowledge.bundle_id[:16]}: no golden member is shown anything in any placement; "
            "look at the catalogue's stock and dates of sale, and at the policy's rules"
        )
    return fallbacks


def _check(decision: Decision, engine: Engine) -> None:
    where = f"bundle {engine.knowledge.bundle_id[:16]}: the golden answer for {decision.placement!r}"
    shown = [(item.kind, item.id) for item in decision.items]
    if len(set(shown)) != len(shown):
        raise BundleError(f"{where} shows something twice; train again")
    if any(after.position <= before.position for before, after in pairwise(decision.items)):
        raise BundleError(f"{where} has positions out of order; train again")
    if not all(math.isfinite(item.score) for item in decision.items):
        raise BundleError(f"{where} has a score that is no number; train again")
