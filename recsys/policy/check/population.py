"""Whom each `who` of a policy speaks of, asked of a bundle's members wherever the answer may be another."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.batch import build_batch
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch, Subject
from recsys.policy.attributes import who_attributes
from recsys.policy.calendar.periods_on import PeriodsOn
from recsys.policy.check.examined import Examined
from recsys.policy.evaluate import ErrorCounter
from recsys.policy.expressions.formula import Formula
from recsys.policy.file.rule import Rule
from recsys.policy.file.schema import Policy
from recsys.policy.masks import WORD, Words
from recsys.policy.members.circumstances import Circumstances, circumstances
from recsys.policy.members.readers import Audience
from recsys.policy.members.segments import Segments
from recsys.policy.members.who_compile import Question, compile_who
from recsys.policy.rules import WHO_ON_ERROR, CompiledRule
from recsys.types import Channel, EpochSeconds, KeepMask

MOST_MEMBERS = 20_000
_AT_ONCE = 4_096
_PLACEMENT, _CHANNEL = "context.placement", "context.channel"
_OF_THE_DAY = frozenset({"member.is_birthday_month", "member.days_to_birthday", "member.days_after_birthday"})

_SINCE_PURCHASE = "member.days_since_last_purchase"


class Slot(NamedTuple):
    """A placement, the channel in which it is asked for, and when."""

    placement: str
    channel: Channel
    now: EpochSeconds


@dataclass(frozen=True, slots=True)
class Told:
    """
    What m people are told in one slot; the last of them is a stranger.

    Attributes:
        holds: Shape (m, words): bit i is rule i of the population; that which fails holds where it limits.
        failed: Same shape: it could not be evaluated.
        segments: Shape (m,) each, by name, int8: 0 outside, 1 inside, 2 where that could not be evaluated.
    """

    holds: Words
    failed: Words
    segments: Mapping[str, NDArray[np.int8]]

    def holds_for(self, number: int) -> KeepMask:
        """Shape (m,): for whom a rule holds."""
        return bit_of(self.holds, number)

    def fails_for(self, number: int) -> KeepMask:
        """Shape (m,): for whom a rule could not be evaluated."""
        return bit_of(self.failed, number)


@dataclass(frozen=True, slots=True)
class Population:
    """
    The members of a bundle and a stranger, and whom of them each rule is about, whatever its dates and its period.

    Attributes:
        rules: Of the file, in the order in which they are asked.
        n_members: How many were asked; a stranger besides.
        n_all: How many the bundle has.
        slots: Every placement in every channel, now and, where something read grows by the day, also at the bundle's
            cut-off; each with where in ``told`` its answers stand.
        told: What differs between slots.
        segments: Expressions by name.
    """

    rules: tuple[CompiledRule, ...]
    n_members: int
    n_all: int
    slots: Mapping[Slot, int]
    told: tuple[Told, ...]
    segments: Mapping[str, Formula]

    @classmethod
    def of(cls, examined: Examined) -> "Population":
        """Ask all of them, in each slot in which any answer may be another."""
        policy, knowledge = examined.policy, examined.knowledge
        parts = examined.parts()
        rules = tuple(rule for rule in examined.compiled.rules if rule.rule.id in parts)
        segments = Segments.compiled(policy, knowledge)
        read = {name for one in _formulas(rules, segments) for name in one.references}
        slots: dict[Slot, int] = {}
        places: dict[tuple[str | None, Channel | None, int], tuple[int, Slot]] = {}
        for slot in _slots(policy, _instants(read, knowledge, examined.now)):
            placement = slot.placement if _PLACEMENT in read else None
            channel = slot.channel if _CHANNEL in read else None
            slots[slot] = places.setdefault((placement, channel, slot.now), (len(places), slot))[0]
        asked = _Asked(rules, segments, policy, knowledge)
        at = [_circumstances(slot, policy) for _, slot in places.values()]
        told: list[list[Told]] = [[] for _ in at]
        ids = _spread(knowledge)
        for batch in _batches(ids, knowledge):
            for parts_told, one in zip(told, at, strict=True):
                parts_told.append(asked.of(batch, one))
        joined = tuple(_joined(parts_told) for parts_told in told)
        return cls(rules, len(ids), len(knowledge.members), slots, joined, segments.formulas)

    def slots_of(self, rule: Rule) -> list[Slot]:
        """Where a rule is in force, but for dates and its period."""
        return [
            slot
            for slot in self.slots
            if (rule.placements is None or slot.placement in rule.placements)
            and (rule.channels is None or slot.channel in rule.channels)
        ]

    def told_of(self, rule: Rule) -> list[Told]:
        """What is told in those, each once."""
        return [self.told[at] for at in sorted({self.slots[slot] for slot in self.slots_of(rule)})]

    def is_known(self, formula: Formula | None) -> bool:
        """Does it read nothing that only a request or the day knows?"""
        return formula is None or all(self._is_known(name) for name in formula.references)

    def called(self) -> str:
        """What messages call them."""
        if self.n_members == self.n_all:
            return f"{self.n_all:,} members of the bundle"
        return f"{self.n_members:,} members looked at of the {self.n_all:,} of the bundle"

    def _is_known(self, name: str) -> bool:
        if name.startswith("segment."):
            return self.is_known(self.segments[name.removeprefix("segment.")])
        return name in (_PLACEMENT, _CHANNEL) or (name.startswith("member.") and name not in _OF_THE_DAY)


def bit_of(words: Words, number: int) -> KeepMask:
    """Shape (m,): one bit of each row of words."""
    word, bit = divmod(number, WORD)
    return np.asarray((words[:, word] >> np.uint64(bit)) & np.uint64(1) != 0)


class _Asked:
    """Every `who` by itself: without the rule's dates, and without its period."""

    def __init__(self, rules: Sequence[CompiledRule], segments: Segments, policy: Policy, knowledge: Knowledge) -> None:
        self._segments, self._errors = segments, ErrorCounter()
        self._n_words = -(-len(rules) // WORD)
        self._who = compile_who(
            [Question(at, one.who, on_error=WHO_ON_ERROR[one.rule.effect]) for at, one in enumerate(rules)],
            self._n_words,
            knowledge,
            who_attributes(policy, knowledge.members.profile),
        )

    def of(self, batch: MemberBatch, at: Circumstances) -> Told:
        inside = self._segments.of(Audience(batch, at), self._errors)
        answers = self._who.ask(Audience(batch, at, inside))
        failed = np.zeros((len(batch), self._n_words), dtype=np.uint64) if answers.failed is None else answers.failed
        return Told(answers.holds, failed, inside)


def _formulas(rules: Sequence[CompiledRule], segments: Segments) -> Iterator[Formula]:
    yield from segments.formulas.values()
    yield from (rule.who for rule in rules if rule.who is not None)


def _slots(policy: Policy, instants: Sequence[EpochSeconds]) -> Iterator[Slot]:
    for placement in policy.placements:
        for channel in Channel:
            yield from (Slot(placement, channel, now) for now in instants)


def _instants(read: Collection[str], knowledge: Knowledge, now: EpochSeconds) -> tuple[EpochSeconds, ...]:
    """Days since something are small again in the next bundle, so that they are asked as fresh as they get too."""
    ageing = {f"member.{spec.name}" for spec in knowledge.members.profile.specs if spec.ages} | {_SINCE_PURCHASE}
    return (now,) if ageing.isdisjoint(read) else tuple(dict.fromkeys((now, knowledge.cut_off)))


def _circumstances(slot: Slot, policy: Policy) -> Circumstances:
    return circumstances(
        Context(slot.placement, slot.now),
        placement=slot.placement,
        channel=slot.channel,
        zone=ZoneInfo(policy.time_zone),
        declared=policy.context_attributes,
        periods=PeriodsOn((), policy.time_zone),
    )


def _spread(knowledge: Knowledge) -> list[str]:
    """All members, or as many as are asked at most, evenly spread."""
    members = knowledge.members.members
    n = len(members)
    rows = np.arange(n) if n <= MOST_MEMBERS else np.arange(MOST_MEMBERS) * n // MOST_MEMBERS
    return members.ids(rows.astype(np.int32))


def _batches(ids: Sequence[str], knowledge: Knowledge) -> Iterator[MemberBatch]:
    """In parts; the stranger comes last."""
    for first in range(0, len(ids), _AT_ONCE):
        yield build_batch([Subject(one) for one in ids[first : first + _AT_ONCE]], knowledge)
    yield build_batch([Subject("")], knowledge)


def _joined(parts: Sequence[Told]) -> Told:
    return Told(
        np.concatenate([part.holds for part in parts]),
        np.concatenate([part.failed for part in parts]),
        {name: np.concatenate([part.segments[name] for part in parts]) for name in parts[0].segments},
    )
