"""One plan of contacts from members to files: decides, plans, writes and counts block after block."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.members import Subject
from recsys.policy.contact.plan import ContactPlan, PlanRules, Possible, Send, plan_contacts
from recsys.policy.file.fields import iso
from recsys.policy.file.schema import Policy
from recsys.report import Progress
from recsys.types import EpochSeconds
from serving.export.audience import COLUMN, Audience
from serving.export.worker import known_by
from serving.plan_messages import ALTERNATIVES, MessageMaker
from serving.plan_sends import PlannedSend
from serving.stated_consents import StatedConsents
from serving.store.members import MemberStore

_BLOCK = 1_000
"""Members decided in one call, as in an export."""


@dataclass(frozen=True, slots=True)
class MembersThen:
    """
    Members as they were known at the instant of the plan; consent and erasure as they are today.

    Attributes:
        store: Of live facts.
        stated: What ingest says of members without personalisation.
        now: The instant of the plan.
        since: Cut-off of the bundle.
    """

    store: MemberStore
    stated: StatedConsents
    now: EpochSeconds
    since: EpochSeconds

    def subjects(self, encoded: NDArray[np.bytes_]) -> list[Subject]:
        """Members by their UTF-8 ids."""
        ids = [one.decode() for one in encoded.tolist()]
        then = [known_by(self.now, facts) for facts in self.store.fetch(ids, since=self.since)]
        return [Subject(one, facts) for one, facts in zip(ids, self.stated.complete(ids, then), strict=True)]


@dataclass(slots=True)
class SendTotals:
    """
    What became of one send.

    Attributes:
        possible, planned, first_come: Members who could get it, get it, and would get it by first come.
        value, first_come_value: Of those messages, minor units.
        nothing: Members who get nothing whatever is planned, by reason.
        messages: Planned messages by alternative.
        replaced, dropped: Members whose best message gave way to another, or to none, by the first cap that forbids it.
        for_later: Of the replaced, those where it gave way for the sake of later messages alone.
    """

    possible: int = 0
    planned: int = 0
    first_come: int = 0
    value: int = 0
    first_come_value: int = 0
    nothing: dict[str, int] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    for_later: int = 0

    def add(self, plan: ContactPlan, possible: Possible, at: int, *, cap_ids: Sequence[str]) -> None:
        """Count a block of members for the send at a position."""
        value, choice, first = possible.value[:, at], plan.choice[:, at], plan.first_come[:, at]
        self.possible += int((value >= 0).any(axis=1).sum())
        self.planned += int((choice >= 0).sum())
        self.first_come += int((first >= 0).sum())
        self.value += int(_values(value, choice).sum())
        self.first_come_value += int(_values(value, first).sum())
        _count(self.messages, ALTERNATIVES, choice)
        _count(self.replaced, cap_ids, plan.capped_by[choice >= 0, at])
        _count(self.dropped, cap_ids, plan.capped_by[choice < 0, at])
        self.for_later += int((plan.for_later[:, at] & (choice >= 0)).sum())


class PlanRun:
    """Plans the sends of a period; members do not depend on each other."""

    def __init__(self, policy: Policy, sends: Sequence[PlannedSend], *, rules: PlanRules, maker: MessageMaker) -> None:
        self._specs, self._rules, self._maker = tuple(sends), rules, maker
        self._sends = [Send(one.id, one.at, policy.placements[one.placement].channel) for one in sends]

    def write(self, audience: Audience, members: MembersThen, folder: Path, *, progress: Progress) -> list[SendTotals]:
        """
        Plan for an audience and write the files of every send.

        Raises:
            StoreError: The store does not answer.
        """
        totals = [SendTotals() for _ in self._sends]
        cap_ids = [cap.id for cap in self._rules.caps]
        with ExitStack() as files:
            ids, rows = (
                [
                    files.enter_context((folder / f"{send.id}.{ending}").open("w", encoding="utf-8", newline=""))
                    for send in self._sends
                ]
                for ending in ("txt", "csv")
            )
            tables = [csv.writer(one, lineterminator="\n") for one in rows]
            for table in tables:
                table.writerow((COLUMN, "message", "value_minor", "for_later"))
            for start in range(0, len(audience), _BLOCK):
                subjects = members.subjects(audience.encoded[start : start + _BLOCK])
                found = self._maker.messages(subjects)
                made = self._rules.made([one.facts.contacts for one in subjects])
                plan = plan_contacts(self._rules, self._sends, found.possible, made)
                for at, total in enumerate(totals):
                    for reason, number in found.nothing[at].items():
                        total.nothing[reason] = total.nothing.get(reason, 0) + number
                    total.add(plan, found.possible, at, cap_ids=cap_ids)
                    choice, later = plan.choice[:, at], np.where(plan.for_later[:, at], "yes", "no").tolist()
                    worth = _values(found.possible.value[:, at], choice).tolist()
                    for member in np.flatnonzero(choice >= 0).tolist():
                        name = subjects[member].member_id
                        ids[at].write(f"{name}\n")
                        tables[at].writerow((name, ALTERNATIVES[choice[member]], worth[member], later[member]))
                progress.advance(len(subjects))
        return totals

    def summary(self, totals: Sequence[SendTotals]) -> dict[str, Any]:
        """For ``plan.json``: all together, and each send in the order of the file."""
        return {
            "messages": sum(total.planned for total in totals),
            "value_minor": sum(total.value for total in totals),
            "first_come": {
                "messages": sum(total.first_come for total in totals),
                "value_minor": sum(total.first_come_value for total in totals),
            },
            "sends": [
                {
                    "id": spec.id,
                    "at": iso(spec.at),
                    "placement": spec.placement,
                    "channel": send.channel.value,
                    "campaign": spec.campaign,
                    "products": spec.products,
                    "possible": total.possible,
                    "planned": total.planned,
                    "value_minor": total.value,
                    "first_come": {"planned": total.first_come, "value_minor": total.first_come_value},
                    "messages": total.messages,
                    "nothing_by_reason": total.nothing,
                    "replaced_by_cap": total.replaced,
                    "dropped_by_cap": total.dropped,
                    "replaced_for_later": total.for_later,
                }
                for spec, send, total in zip(self._specs, self._sends, totals, strict=True)
            ],
        }


def _values(value: NDArray[np.int64], choice: NDArray[np.int8]) -> NDArray[np.int64]:
    """Shape (m,): what each member's message is worth; 0 for none."""
    return np.where(choice >= 0, value[np.arange(len(choice)), np.maximum(choice, 0)], 0)


def _count(counts: dict[str, int], names: Sequence[str], codes: NDArray[np.int8]) -> None:
    numbers: Mapping[int, int] = dict(zip(*(one.tolist() for one in np.unique(codes, return_counts=True)), strict=True))
    for code, name in enumerate(names):
        if code in numbers:
            counts[name] = counts.get(name, 0) + numbers[code]
