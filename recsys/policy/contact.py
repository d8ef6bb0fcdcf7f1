"""Whether a member may be written to at all: consent, caps on messages, and cooling-off of offers."""

from dataclasses import dataclass

import numpy as np

from recsys.members import MemberBatch
from recsys.policy.contact_schema import ContactCap, Cooldown
from recsys.policy.native import KEPT, Code, Codes
from recsys.types import CHANNEL_CONSENT, SECONDS_PER_DAY, Channel, EpochSeconds
from recsys.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class ContactRules:
    """
    The contact policy with the codes of its rules.

    They hold for every member, also without consent to personalisation: they protect, they do not personalise.

    Attributes:
        consent_code: Of the missing consent to a channel.
        caps, cooldowns: In the order of their codes.
    """

    consent_code: Code
    caps: tuple[tuple[Code, ContactCap], ...]
    cooldowns: tuple[tuple[Code, Cooldown], ...]

    def member_codes(self, batch: MemberBatch, channel: Channel, now: EpochSeconds) -> Codes:
        """
        Shape (m,): what keeps each member from being reached through this channel, KEPT where nothing does.

        A contact after *now* (a clock that runs ahead) counts too: the doubt is never against the member.
        """
        codes = np.full(len(batch), KEPT, dtype=np.uint16)
        bit = np.uint8(CHANNEL_CONSENT[channel])
        if bit:
            codes[(batch.consent & bit) == 0] = self.consent_code
        for code, cap in self.caps:
            if cap.channel is channel:
                reached = _reached(cap, batch, now)
                codes[reached] = np.minimum(codes[reached], np.uint16(code))
        return codes

    def cool_offers(self, codes: Codes, batch: MemberBatch, offers: Vocabulary, now: EpochSeconds) -> None:
        """Note, in place in codes of shape (m, n_offers), the offers that reached a member a short while ago."""
        if not self.cooldowns:
            return
        for member, subject in enumerate(batch.subjects):
            if not subject.facts.contacts:
                continue
            for code, cooldown in self.cooldowns:
                since = now - cooldown.days * SECONDS_PER_DAY
                recent = [c.offer_id for c in subject.facts.contacts if c.offer_id and c.contacted_at > since]
                rows = offers.rows(recent)
                rows = rows[rows >= 0]
                codes[member, rows] = np.minimum(codes[member, rows], code)


def _reached(cap: ContactCap, batch: MemberBatch, now: EpochSeconds) -> list[int]:
    """Positions of the members to whom no more may be sent."""
    since = now - cap.period_days * SECONDS_PER_DAY
    reached = []
    for member, subject in enumerate(batch.subjects):
        contacts = subject.facts.contacts
        # Most members of most calls have few contacts: their number is the fast way out.
        if len(contacts) >= cap.max_messages:
            n_messages = sum(one.channel is cap.channel and one.contacted_at > since for one in contacts)
            if n_messages >= cap.max_messages:
                reached.append(member)
    return reached
