"""The small world whose members are told of their programme, and whose offers wait for something."""

from dataclasses import replace
from typing import Any

import numpy as np

from recsys.batch import build_batch
from recsys.knowledge import Knowledge
from recsys.members import LiveFacts, MemberBatch, ProductFact, Subject
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.offers.triggers import TriggerWindows
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.types import OFFER_KINDS, EventKind, OfferKind
from tests.worlds import CUT_OFF, NOW, small_knowledge

N_MEMBERS = 7


def world(waits: dict[str, tuple[Trigger, int]] | None = None, **columns: Any) -> Knowledge:
    """
    The small world with nudges that wait, and profile columns, one value for each of the first members.

    Args:
        waits: By offer: its trigger and days.
        columns: By name; ``points``, ``stage``, ``tier``, ``orders_per_day`` and ``basket_minor`` are no profile's.
    """
    knowledge = small_knowledge(N_MEMBERS)
    offers, members = knowledge.offers, knowledge.members
    trigger, days, kind = offers.trigger.copy(), offers.trigger_days.copy(), offers.kind.copy()
    for offer, (told, n_days) in (waits or {}).items():
        row = offers.offers.row(offer)
        trigger[row], days[row], kind[row] = TRIGGERS.index(told), n_days, OFFER_KINDS.index(OfferKind.NUDGE)
    own = {
        name: columns.pop(name)
        for name in ("points", "stage", "tier", "orders_per_day", "basket_minor")
        if name in columns
    }
    replaced = {name: _of_all(values, getattr(members, name)) for name, values in own.items()}
    unknown = np.full(N_MEMBERS, -1)
    named = {name: _of_all(values, unknown.astype(np.int64)) for name, values in columns.items()}
    specs = tuple(ColumnSpec(name, "int64", Unit.NONE, name, -1, 2**53, -1) for name in named)
    profile = MemberProfile(specs, named, {}, CUT_OFF)
    return replace(
        knowledge,
        offers=replace(offers, trigger=trigger, trigger_days=days, kind=kind),
        members=replace(members, profile=profile, **replaced),
    )


def asked(knowledge: Knowledge, n: int, *, bought: int | None = None) -> MemberBatch:
    """The first members in turned order and a stranger; the one at row *bought* bought since the bundle was made."""
    fact = LiveFacts(product_facts=(ProductFact("p020", EventKind.PURCHASE, CUT_OFF + 60),))
    subjects = [Subject(f"m{row:03}", fact) if row == bought else Subject(f"m{row:03}") for row in range(n)]
    return build_batch([*subjects[::-1], Subject("stranger")], knowledge)


def opened(
    trigger: Trigger,
    days: int = 0,
    *,
    n: int,
    now: int = NOW,
    zone: str = "UTC",
    bought: int | None = None,
    **columns: Any,
) -> list[bool]:
    """For each of the first n members, whether the window of a trigger is open; never for a stranger."""
    knowledge = world({"o003": (trigger, days)}, **columns)
    windows = TriggerWindows.of(knowledge.offers, knowledge.members.profile, zone)
    assert windows.offers.tolist() == [3]
    closed = windows.closed(asked(knowledge, n, bought=bought), now)
    assert closed.shape == (n + 1, 1)
    assert closed[-1, 0]
    return (~closed[:-1, 0][::-1]).tolist()


def _of_all(values: Any, otherwise: np.ndarray) -> np.ndarray:
    found = otherwise.copy()
    found[: len(values)] = values
    return found
