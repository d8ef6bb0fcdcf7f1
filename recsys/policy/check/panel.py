"""Members who stand for all of a bundle: any of them given a tier and a stage, reachable, and not written to lately."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.batch import build_batch
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import LiveFacts, MemberBatch, Subject
from recsys.policy.check.examined import Examined
from recsys.policy.contact.hours import is_quiet, local_minute
from recsys.policy.rules import read_segments
from recsys.traits import EVERYTHING, NOBODY
from recsys.types import SECONDS_PER_DAY, UNKNOWN_ROW, Consent, ItemKind

_STEP_S = 900
_AT_ONCE = 1_600_000
_OF_THE_PLACE = frozenset({"context.placement", "context.channel"})


class Person(NamedTuple):
    """
    A member of the bundle, or a stranger, perhaps with another tier and stage.

    Attributes:
        row: In the bundle; UNKNOWN_ROW is a stranger.
        tier, stage: Their codes; absent where they stay.
        consent: All that they agreed to.
    """

    row: int = UNKNOWN_ROW
    tier: int | None = None
    stage: int | None = None
    consent: Consent = EVERYTHING


def batch_of(people: Sequence[Person], knowledge: Knowledge) -> MemberBatch:
    """Their columns; nothing is known of them since the cut-off."""
    ids = knowledge.members.members
    subjects = [Subject(ids.id(one.row) if one.row >= 0 else NOBODY, LiveFacts(consent=one.consent)) for one in people]
    batch = build_batch(subjects, knowledge)
    tier, stage = batch.tier.copy(), batch.stage.copy()
    for at, one in enumerate(people):
        tier[at] = tier[at] if one.tier is None else one.tier
        stage[at] = stage[at] if one.stage is None else one.stage
    return replace(batch, tier=tier, stage=stage)


def spread(rows: NDArray[np.intp], most: int) -> list[int]:
    """Some of many, evenly."""
    if not len(rows):
        return []
    some: list[int] = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64))].tolist()
    return some


def awake(examined: Examined, placement: str) -> Context | None:
    """A call in that placement at the first instant of a day outside quiet hours; absent where there is none."""
    policy = examined.policy
    zone, channel = ZoneInfo(policy.time_zone), policy.placements[placement].channel
    for now in range(examined.now, examined.now + SECONDS_PER_DAY, _STEP_S):
        minute = local_minute(now, zone)
        if not any(is_quiet(hours, channel, minute) for hours in policy.contact.quiet_hours):
            return Context(placement, now)
    return None


def removals(
    examined: Examined, context: Context, people: Sequence[Person], *, kind: ItemKind, rows: NDArray[np.int32]
) -> NDArray[np.int16]:
    """
    Shape (people, rows): position in ``rule_ids`` of the first rule that removes each; -1 where none does.

    Args:
        examined: The policy and the bundle.
        context: Of the call.
        people: Who asks.
        kind: Of what.
        rows: Shape (rows,): of the products, or of the offers.
    """
    found = [np.empty((0, len(rows)), dtype=np.int16)]
    step = max(1, _AT_ONCE // max(1, len(rows)))
    for start in range(0, len(people), step):
        batch = batch_of(people[start : start + step], examined.knowledge)
        ruling = examined.compiled.ruling(batch, context)
        if kind is ItemKind.PRODUCT:
            found.append(ruling.product_removals(np.tile(rows, (len(batch), 1))))
        else:
            nobody = np.zeros(len(batch), dtype=np.bool_)
            found.append(ruling.offer_removals(withhold=nobody)[:, rows])
    return np.concatenate(found)


def asked_of_the_call(examined: Examined) -> frozenset[str]:
    """Ids of the rules whose ``who`` reads something of the call that no check can know: basket, clock, attributes."""
    segments = read_segments(examined.policy, examined.knowledge.members.profile)
    found = set()
    for rule in examined.compiled.rules:
        names = set() if rule.who is None else set(rule.who.references)
        for name in [one for one in names if one.startswith("segment.")]:
            names |= set(segments[name.removeprefix("segment.")].references)
        if any(name.startswith(("context.", "basket.")) for name in names - _OF_THE_PLACE):
            found.add(rule.rule.id)
    return frozenset(found)


def path_of(examined: Examined, rule_id: str) -> tuple[str | int, ...]:
    """Of a rule, bound or limit in the file; the nearest there is of what is always on."""
    part = examined.parts().get(rule_id)
    if part is not None:
        return part.path
    policy = examined.policy
    lists = {
        ("guardrails", "depth_bands"): [one.id for one in policy.guardrails.depth_bands],
        ("guardrails", "budgets"): [one.id for one in policy.guardrails.budgets],
        ("contact", "caps"): [one.id for one in policy.contact.caps],
        ("calendar",): [one.id for one in policy.calendar],
    }
    for path, ids in lists.items():
        if rule_id in ids:
            return (*path, ids.index(rule_id))
    return {"max_depth": ("guardrails", "max_depth"), "min_margin": ("guardrails", "min_margin_rate")}.get(rule_id, ())
