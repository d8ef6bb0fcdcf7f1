"""Caps on messages: whom another message, or another message of a campaign, would be too many for."""

import numpy as np

from recsys.policy.contact.groups import OfferGroups
from recsys.policy.contact.history import Messages, OfferEvents
from recsys.policy.file.contact import ContactCap, Of
from recsys.types import SECONDS_PER_DAY, Channel, EpochSeconds, KeepMask


def binds(cap: ContactCap, channel: Channel) -> bool:
    """Does the cap speak of messages through this channel? Without a channel of its own: of all but the web."""
    return channel is not Channel.WEB if cap.channel is None else cap.channel is channel


def reached(cap: ContactCap, messages: Messages | None, n_members: int, now: EpochSeconds) -> KeepMask:
    """
    Shape (n_members,): who has had as many messages as the cap allows.

    A message after *now* (a clock that runs ahead) counts too: the doubt is never against the member.
    """
    if messages is None:
        return np.full(n_members, cap.max_messages == 0)
    counted = (messages.at > now - cap.period_days * SECONDS_PER_DAY) & messages.through(cap.channel)
    return np.bincount(messages.owner[counted], minlength=n_members) >= cap.max_messages


def campaign_reached(
    cap: ContactCap, messages: Messages | None, n_members: int, now: EpochSeconds, *, groups: OfferGroups,
    offers: OfferEvents | None,
) -> KeepMask:  # fmt: skip
    """Shape (n_members,): as `reached`, where only messages with an offer of the cap's campaign count."""
    if messages is None or offers is None:
        return np.full(n_members, cap.max_messages == 0)
    at, group = groups.by[Of.CAMPAIGN].expand(offers.offer)
    of_campaign = offers.message[at[group == groups.campaigns[cap.campaign or ""]]]
    holds = np.zeros(len(messages.at), dtype=np.bool_)
    holds[of_campaign] = True
    counted = holds & (messages.at > now - cap.period_days * SECONDS_PER_DAY) & messages.through(cap.channel)
    return np.bincount(messages.owner[counted], minlength=n_members) >= cap.max_messages
