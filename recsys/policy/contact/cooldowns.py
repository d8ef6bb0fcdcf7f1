"""Cooldowns: which offers rest for which members, after they were contacted, redeemed or ignored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.members import MemberBatch
from recsys.policy.contact.groups import Grouping, OfferGroups
from recsys.policy.contact.history import Messages, OfferEvents, offers_of, responses_of
from recsys.policy.file.contact import After, Cooldown
from recsys.types import SECONDS_PER_DAY, EpochSeconds, EventKind, Instants

_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class OfferHistory:
    """
    What happened with the offers of a call.

    Attributes:
        contacted: Offers that reached members.
        redeemed: Redemptions.
        responses: Redemptions and clicks.
    """

    contacted: OfferEvents
    redeemed: OfferEvents
    responses: OfferEvents

    @classmethod
    def of(cls, batch: MemberBatch, messages: Messages | None, groups: OfferGroups) -> "OfferHistory":
        """Look the offers up."""
        responses, records = responses_of(batch, groups.index)
        used_up = np.array([one.kind is EventKind.REDEMPTION for one in records], dtype=np.bool_)
        contacted = _NOTHING if messages is None else offers_of(messages, groups.index)
        return cls(contacted, responses.only(used_up), responses)


def resting(
    cooldown: Cooldown, grouping: Grouping, history: OfferHistory, now: EpochSeconds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Say which groups of offers rest.

    What happened after *now* (a clock that runs ahead) makes offers rest too; an answer after *now* is no answer yet:
    the doubt is never against the member.

    Returns:
        Member and group, one entry a group that rests, both of one shape.
    """
    if cooldown.after is After.IGNORED:
        return _ignored(cooldown, grouping, history, now)
    events = history.contacted if cooldown.after is After.CONTACTED else history.redeemed
    recent = events.only(events.at > now - cooldown.days * SECONDS_PER_DAY)
    if not len(recent.at):
        return _NONE, _NONE
    owner, group, _ = _grouped(recent, grouping)
    n_groups = len(grouping.rows)
    key, count = np.unique(owner * n_groups + group, return_counts=True)
    found = key[count >= cooldown.times]
    return found // n_groups, found % n_groups


def _ignored(
    cooldown: Cooldown, grouping: Grouping, history: OfferHistory, now: EpochSeconds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n_groups = len(grouping.rows)
    if not len(history.contacted.at):
        return _NONE, _NONE
    due = now - cooldown.answer_days * SECONDS_PER_DAY
    owner, group, at = _grouped(history.contacted.only(history.contacted.at <= due), grouping)
    key, position = np.unique(owner * n_groups + group, return_inverse=True)
    answered_at = _last_answers(history.responses.only(history.responses.at <= now), grouping, key)
    # A message that came after the last answer, long enough ago, was ignored: an answer would have come after it.
    ignored = at > answered_at[position]
    count = np.bincount(position[ignored], minlength=len(key))
    last = np.full(len(key), _NEVER, dtype=np.int64)
    np.maximum.at(last, position[ignored], at[ignored])
    found = key[(count >= cooldown.times) & (last > due - cooldown.days * SECONDS_PER_DAY)]
    return found // n_groups, found % n_groups


def _last_answers(answers: OfferEvents, grouping: Grouping, keys: NDArray[np.int64]) -> Instants:
    """Shape (len(keys),): when each member last answered each group, by ascending key."""
    last = np.full(len(keys), _NEVER, dtype=np.int64)
    if not len(keys):
        return last
    owner, group, at = _grouped(answers, grouping)
    answered = owner * len(grouping.rows) + group
    place = np.minimum(keys.searchsorted(answered), len(keys) - 1)
    known = keys[place] == answered
    np.maximum.at(last, place[known], at[known])
    return last


def _grouped(events: OfferEvents, grouping: Grouping) -> tuple[NDArray[np.int64], NDArray[np.int64], Instants]:
    """Owner, group and instant of each message and group: two offers of a group in a message are one."""
    at, group = grouping.expand(events.offer)
    n_groups = max(1, len(grouping.rows))
    _, first = np.unique(events.message[at] * n_groups + group, return_index=True)
    chosen = at[first]
    return events.owner[chosen], group[first], events.at[chosen]


_NONE = np.empty(0, dtype=np.int64)
_NOTHING = OfferEvents(_NONE, _NONE, _NONE, _NONE)
