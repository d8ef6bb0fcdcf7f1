"""
Best first under caps: which messages of a period each member gets, where first come would fill the caps with the least.

Caps that roll make the best plan a packing problem. Each member's messages are taken greedily in several orders, all of
which keep every cap, and the member's best plan stands; the order of time is among them, so that no plan is worth less
than first come, first served, and so is each message left out as the first. `recsys/policy/contact/README.md` has how
near that is to the best plan there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.members import Contact
from recsys.policy.contact.caps import binds
from recsys.policy.contact.hours import is_quiet, local_minute
from recsys.policy.contact.passes import NOT_PLANNED, Capacity, by_time, led_by, orders, take_in_order, worth
from recsys.policy.file.contact import Campaign, ContactCap, ContactPolicy, QuietHours
from recsys.types import SECONDS_PER_DAY, Channel, EpochSeconds, Instants, KeepMask

__all__ = ["NOT_PLANNED", "ContactPlan", "MadeContacts", "PlanRules", "Possible", "Send", "plan_contacts"]

MAX_SENDS = 64
"""Sends of one plan are bits."""

_CHANNELS = tuple(Channel)
_BLOCK = 16_384
"""Members planned at once: few enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class Send:
    """One planned mailing."""

    id: str
    at: EpochSeconds
    channel: Channel


@dataclass(frozen=True, slots=True)
class Possible:
    """
    What could be sent: m members, s sends in the order of the plan, a alternatives of each.

    Attributes:
        value: Shape (m, s, a), int64 minor units; below 0 where there is no such message, or it is not worth sending.
        campaigns: Shape (m, s, a), uint64: bit c is set where the message holds an offer of ``PlanRules.campaigns[c]``.
    """

    value: NDArray[np.int64]
    campaigns: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class MadeContacts:
    """
    Messages that members got already, one entry each.

    Attributes:
        owner: Shape (n,): position of the member, ascending.
        at: Shape (n,).
        channel: Shape (n,), int8: position in ``types.Channel``.
        campaigns: Shape (n,), uint64: bits as in `Possible`.
    """

    owner: NDArray[np.int64]
    at: Instants
    channel: NDArray[np.int8]
    campaigns: NDArray[np.uint64]

    def of_members(self, first: int, after: int) -> "MadeContacts":
        """Those of the members [first, after), counted from *first*."""
        start, stop = np.searchsorted(self.owner, [first, after]).tolist()
        part = slice(start, stop)
        return MadeContacts(self.owner[part] - first, self.at[part], self.channel[part], self.campaigns[part])


@dataclass(frozen=True, slots=True)
class PlanRules:
    """
    The part of a policy that a plan keeps.

    Attributes:
        caps, quiet_hours: Of the file.
        campaigns: Names of those that have caps; position is the bit in `Possible`.
        offers: Of each of them.
        time_zone: Whose clock quiet hours are read from.
    """

    caps: tuple[ContactCap, ...]
    quiet_hours: tuple[QuietHours, ...]
    campaigns: tuple[str, ...]
    offers: tuple[frozenset[str], ...]
    time_zone: ZoneInfo

    @classmethod
    def of(cls, contact: ContactPolicy, campaigns: Mapping[str, Campaign], time_zone: ZoneInfo) -> "PlanRules":
        """The sections ``contact`` and ``campaigns`` of a checked policy."""
        names = tuple(sorted({cap.campaign for cap in contact.caps if cap.campaign is not None}))
        offers = tuple(frozenset(campaigns[name].offers) for name in names)
        return cls(contact.caps, contact.quiet_hours, names, offers, time_zone)

    def campaign_bits(self, offer_ids: Sequence[str]) -> int:
        """The campaigns, as bits, that a message with these offers counts for."""
        return sum(1 << bit for bit, its in enumerate(self.offers) if not its.isdisjoint(offer_ids))

    def made(self, contacts: Sequence[Sequence[Contact]]) -> MadeContacts:
        """What members got already, a sequence of contacts each, as columns."""
        flat = [one for its in contacts for one in its]
        owner = np.repeat(np.arange(len(contacts), dtype=np.int64), [len(its) for its in contacts])
        bits = [
            self.campaign_bits((one.offer_id, *one.more_offers)) if self.campaigns and one.offer_id is not None else 0
            for one in flat
        ]
        return MadeContacts(
            owner,
            np.array([one.contacted_at for one in flat], dtype=np.int64),
            np.array([_CHANNELS.index(one.channel) for one in flat], dtype=np.int8),
            np.array(bits, dtype=np.uint64),
        )

    def quiet(self, send: Send) -> str | None:
        """The id of the quiet hours in which a send lies; absent where it may go out."""
        minute = local_minute(send.at, self.time_zone)
        return next((hours.id for hours in self.quiet_hours if is_quiet(hours, send.channel, minute)), None)


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """
    What each member gets in a period.

    Attributes:
        choice: Shape (m, s), int8: the alternative that is sent; NOT_PLANNED where nothing is.
        capped_by: Shape (m, s), int8: position in ``PlanRules.caps`` of the first cap that keeps the most valuable
            alternative from being sent; -1 where none does, or there is none.
        for_later: Shape (m, s), bool: it is kept from being sent for the sake of later messages alone, so that whoever
            decides at that instant would send it.
        value: Shape (m,), int64: of what is sent.
        first_come: Shape (m, s), int8: what each send in turn would have taken.
        first_come_value: Shape (m,), int64: of that.
    """

    choice: NDArray[np.int8]
    capped_by: NDArray[np.int8]
    for_later: KeepMask
    value: NDArray[np.int64]
    first_come: NDArray[np.int8]
    first_come_value: NDArray[np.int64]


def plan_contacts(rules: PlanRules, sends: Sequence[Send], possible: Possible, made: MadeContacts) -> ContactPlan:
    """
    Plan the messages of a period.

    Of equal messages the one with the earlier send is planned, then the one of the send with the smaller id. A message
    at *t* is allowed where with it at most ``max_messages`` lie in (t - period, t]; messages that were made count from
    t - period on without an end, as `recsys.policy.contact.rules` counts them.

    Args:
        rules: What has to be kept.
        sends: Through any channel but the web, in any order.
        possible: In the order of *sends*.
        made: Before the plan, or beside it.

    Raises:
        InputError: A send goes through the web, an id stands twice, or there are too many sends.
    """
    _check(sends)
    in_time = sorted(range(len(sends)), key=lambda at: (sends[at].at, sends[at].id))
    ordered = [sends[at] for at in in_time]
    quiet = np.array([rules.quiet(send) is not None for send in ordered], dtype=np.bool_)
    n_members = len(possible.value)
    parts = []
    for start in range(0, max(n_members, 1), _BLOCK):
        stop = min(start + _BLOCK, n_members)
        value = possible.value[start:stop][:, in_time]
        value[:, quiet] = -1
        campaigns = possible.campaigns[start:stop][:, in_time]
        parts.append(_plan_block(rules, ordered, Possible(value, campaigns), made.of_members(start, stop)))
    back = np.argsort(in_time)
    return ContactPlan(
        np.concatenate([part.choice for part in parts])[:, back],
        np.concatenate([part.capped_by for part in parts])[:, back],
        np.concatenate([part.for_later for part in parts])[:, back],
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.first_come for part in parts])[:, back],
        np.concatenate([part.first_come_value for part in parts]),
    )


def _check(sends: Sequence[Send]) -> None:
    if len(sends) > MAX_SENDS:
        raise InputError(f"there are {len(sends)} sends; one plan has at most {MAX_SENDS}; plan a shorter period")
    seen = set()
    for send in sends:
        if send.channel is Channel.WEB:
            raise InputError(f"the send {send.id!r} goes through the web, where nothing is sent; give another channel")
        if send.id in seen:
            raise InputError(f"the send {send.id!r} stands twice; rename one of them")
        seen.add(send.id)


def _plan_block(rules: PlanRules, sends: Sequence[Send], possible: Possible, made: MadeContacts) -> ContactPlan:
    value, n_members = possible.value, len(possible.value)
    counted = _counted(rules, sends, possible.campaigns)
    capacity = _capacity(rules.caps, sends, rules, made, n_members)
    first_come = take_in_order(by_time(value), value, counted, capacity)
    first_come_value = worth(first_come, value)
    best, best_value = first_come.copy(), first_come_value.copy()
    # Where every send has its most valuable message there is nothing to improve.
    short = np.flatnonzero(first_come_value < np.maximum(value.max(axis=2, initial=0), 0).sum(axis=1))
    part, its_counted, room = value[short], counted[short], capacity.of_members(short)
    # The order of value is asked last and stands where it is as good as any.
    for order in reversed(orders(part, its_counted, room)):
        found = take_in_order(order, part, its_counted, room)
        found_value = worth(found, part)
        better = found_value >= best_value[short]
        best[short[better]], best_value[short[better]] = found[better], found_value[better]
    # A message that was left out may be worth more than all that its place was given to.
    for send in range(len(sends)):
        out = np.flatnonzero((value[:, send].max(axis=1) > 0) & (best[:, send] != value[:, send].argmax(axis=1)))
        part, its_counted, room = value[out], counted[out], capacity.of_members(out)
        found = take_in_order(led_by(send, part, its_counted, room), part, its_counted, room)
        found_value = worth(found, part)
        better = found_value > best_value[out]
        best[out[better]], best_value[out[better]] = found[better], found_value[better]
    capped_by, for_later = capacity.blocked_by(best, value, counted)
    return ContactPlan(best, capped_by, for_later, best_value, first_come, first_come_value)


def _counted(rules: PlanRules, sends: Sequence[Send], campaigns: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Shape (m, s, a): the caps, as bits, that a message counts for and that may keep it from being sent."""
    counted = np.zeros(campaigns.shape, dtype=np.uint64)
    for bit, cap in enumerate(rules.caps):
        for at, send in enumerate(sends):
            if binds(cap, send.channel):
                one = np.uint64(1 << bit)
                if cap.campaign is None:
                    counted[:, at] |= one
                else:
                    of_campaign = (campaigns[:, at] >> np.uint64(rules.campaigns.index(cap.campaign))) & np.uint64(1)
                    counted[:, at] |= of_campaign << np.uint64(bit)
    return counted


def _capacity(
    caps: Sequence[ContactCap], sends: Sequence[Send], rules: PlanRules, made: MadeContacts, n_members: int
) -> Capacity:
    at = np.array([send.at for send in sends], dtype=np.int64)
    reaches = np.zeros((len(caps), len(sends), len(sends)), dtype=np.bool_)
    used = np.zeros((len(caps), n_members, len(sends)), dtype=np.uint8)
    for position, cap in enumerate(caps):
        period = cap.period_days * SECONDS_PER_DAY
        reaches[position] = (at[None, :] > at[:, None] - period) & (at[None, :] <= at[:, None])
        counted = _counts(cap, rules, made)
        owner, instants = made.owner[counted], made.at[counted]
        for send, instant in enumerate(at.tolist()):
            n_made = np.bincount(owner[instants > instant - period], minlength=n_members)
            used[position, :, send] = np.minimum(n_made, cap.max_messages)
    return Capacity(np.array([cap.max_messages for cap in caps], dtype=np.uint8), reaches, used)


def _counts(cap: ContactCap, rules: PlanRules, made: MadeContacts) -> KeepMask:
    web = _CHANNELS.index(Channel.WEB)
    through: KeepMask = made.channel != web if cap.channel is None else made.channel == _CHANNELS.index(cap.channel)
    if cap.campaign is not None:
        through &= (made.campaigns >> np.uint64(rules.campaigns.index(cap.campaign))) & np.uint64(1) != 0
    return through
