"""Whether a member may be written to now, and with which offers: consent, quiet hours, caps and cooldowns."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.policy.contact.caps import binds, campaign_reached, reached
from recsys.policy.contact.cooldowns import OfferHistory, resting
from recsys.policy.contact.groups import Grouping, OfferGroups
from recsys.policy.contact.history import messages_of, offers_of
from recsys.policy.contact.hours import is_quiet, local_minute
from recsys.policy.file.contact import Campaign, ContactCap, ContactPolicy, Cooldown, Of, QuietHours
from recsys.policy.native import KEPT, Code, Codes, NativeRule
from recsys.types import CHANNEL_CONSENT, Channel, EpochSeconds, KeepMask
from recsys.vocabulary import Vocabulary

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class ContactRules:
    """
    The contact policy with the codes of its rules.

    They hold for every member, also without consent to personalisation: they protect, they do not personalise.

    Attributes:
        consent_code: Of the missing consent to a channel.
        caps, cooldowns, quiet_hours: In the order of their codes.
        groups: Offers that are counted or rest together.
        time_zone: Whose clock quiet hours are read from.
    """

    consent_code: Code
    caps: tuple[tuple[Code, ContactCap], ...]
    cooldowns: tuple[tuple[Code, Cooldown], ...]
    quiet_hours: tuple[tuple[Code, QuietHours], ...]
    groups: OfferGroups
    time_zone: ZoneInfo = UTC

    @classmethod
    def of(
        cls,
        contact: ContactPolicy,
        campaigns: Mapping[str, Campaign],
        knowledge: Knowledge,
        *,
        code_of: Mapping[str, Code],
        time_zone: ZoneInfo,
    ) -> "ContactRules":
        """
        Compile the sections ``contact`` and ``campaigns`` of a checked policy.

        Args:
            contact, campaigns: Of the policy.
            knowledge: Whose offers are kept away.
            code_of: Of every id of `recsys.policy.contact_schema.contact_ids`, and of the missing consent.
            time_zone: Of the policy.
        """
        return cls(
            consent_code=code_of[NativeRule.CHANNEL_CONSENT_MISSING],
            caps=tuple((code_of[cap.id], cap) for cap in contact.caps),
            cooldowns=tuple((code_of[cooldown.id], cooldown) for cooldown in contact.cooldowns),
            quiet_hours=tuple((code_of[hours.id], hours) for hours in contact.quiet_hours),
            groups=OfferGroups.of(knowledge.offers.offers, knowledge.offers.kind, campaigns),
            time_zone=time_zone,
        )

    def member_codes(self, batch: MemberBatch, channel: Channel, now: EpochSeconds) -> Codes:
        """
        Shape (m,): what keeps each member from being reached through this channel, KEPT where nothing does.

        On the web it keeps offers away and nothing else.
        """
        codes = np.full(len(batch), KEPT, dtype=np.uint16)
        bit = np.uint8(CHANNEL_CONSENT[channel])
        if bit:
            codes[(batch.consent & bit) == 0] = self.consent_code
        caps = [(code, cap) for code, cap in self.caps if cap.campaign is None and binds(cap, channel)]
        if caps:
            messages = messages_of(batch)
            for code, cap in caps:
                _note(codes, reached(cap, messages, len(batch), now), code)
        if self.quiet_hours:
            minute = local_minute(now, self.time_zone)
            for code, hours in self.quiet_hours:
                if is_quiet(hours, channel, minute):
                    np.minimum(codes, np.uint16(code), out=codes)
        return codes

    def cap_offers(self, codes: Codes, batch: MemberBatch, channel: Channel, now: EpochSeconds) -> None:
        """Note, in place in codes of shape (m, n_offers), the offers of campaigns that a member heard enough of."""
        caps = [(code, cap) for code, cap in self.caps if cap.campaign is not None and binds(cap, channel)]
        if not caps:
            return
        messages = messages_of(batch)
        offers = None if messages is None else offers_of(messages, self.groups.index)
        grouping = self.groups.by[Of.CAMPAIGN]
        for code, cap in caps:
            members = np.flatnonzero(
                campaign_reached(cap, messages, len(batch), now, groups=self.groups, offers=offers)
            )
            group = np.full(len(members), self.groups.campaigns[cap.campaign or ""], dtype=np.int64)
            _note_offers(codes, members, group, grouping=grouping, code=code)

    def cool_offers(self, codes: Codes, batch: MemberBatch, offers: Vocabulary, now: EpochSeconds) -> None:
        """Note, in place in codes of shape (m, n_offers), the offers that rest after what happened to a member."""
        assert codes.shape == (len(batch), len(offers))
        if not self.cooldowns:
            return
        messages = messages_of(batch)
        if messages is None and not any(subject.facts.responses for subject in batch.subjects):
            return
        history = OfferHistory.of(batch, messages, self.groups)
        for code, cooldown in self.cooldowns:
            grouping = self.groups.by[cooldown.of]
            members, group = resting(cooldown, grouping, history, now)
            _note_offers(codes, members, group, grouping=grouping, code=code)


def _note(codes: Codes, removed: KeepMask, code: Code) -> None:
    codes[removed] = np.minimum(codes[removed], np.uint16(code))


def _note_offers(
    codes: Codes, members: NDArray[np.int64], group: NDArray[np.int64], *, grouping: Grouping, code: Code
) -> None:  # fmt: skip
    if len(members):
        at, rows = grouping.expand_rows(group)
        codes[members[at], rows] = np.minimum(codes[members[at], rows], np.uint16(code))
