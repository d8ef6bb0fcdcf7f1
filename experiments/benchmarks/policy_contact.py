"""Who may be written to, and with which offers, message by message: contact as the judge takes it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from recsys.knowledge import Knowledge
from recsys.members import Contact, LiveFacts
from recsys.policy.file.contact import After, ContactCap, Cooldown, Of, QuietHours
from recsys.policy.file.schema import Policy
from recsys.types import CHANNEL_CONSENT, OFFER_KINDS, SECONDS_PER_DAY, Channel, Consent, EventKind

Group = tuple[str, str]
"""What offers rest together as: a way to put them together and a name."""


@dataclass(frozen=True, slots=True)
class ContactJudge:
    """
    What the sections ``contact`` and ``campaigns`` say to one member at one instant.

    Attributes:
        facts: What reached the member, and what came of it.
    """

    policy: Policy
    knowledge: Knowledge
    facts: LiveFacts
    consent: Consent
    channel: Channel
    now: int

    def reached(self) -> Iterator[str]:
        """What keeps everything away, in the order of the rules; on the web it keeps offers away alone."""
        needed = CHANNEL_CONSENT[self.channel]
        if self.consent & needed != needed:
            yield "channel_consent_missing"
        for cap in self.policy.contact.caps:
            if cap.campaign is None and self._binds(cap) and self._n_messages(cap, None) >= cap.max_messages:
                yield cap.id
        yield from (hours.id for hours in self.policy.contact.quiet_hours if self._is_quiet(hours))

    def of_offer(self, offer: str) -> Iterator[str]:
        """What keeps one offer away."""
        for cap in self.policy.contact.caps:
            if cap.campaign is not None and self._binds(cap):
                together = self.policy.campaigns[cap.campaign].offers
                if offer in together and self._n_messages(cap, together) >= cap.max_messages:
                    yield cap.id
        for rest in self.policy.contact.cooldowns:
            if any(self._rests(rest, group) for group in self._groups(offer, rest.of)):
                yield rest.id

    def _binds(self, cap: ContactCap) -> bool:
        return self.channel is not Channel.WEB if cap.channel is None else cap.channel is self.channel

    def _n_messages(self, cap: ContactCap, offers: Collection[str] | None) -> int:
        n = 0
        for one in self.facts.contacts:
            is_late = one.contacted_at > self.now - cap.period_days * SECONDS_PER_DAY
            through = one.channel is not Channel.WEB if cap.channel is None else one.channel is cap.channel
            about = offers is None or any(offer in offers for offer in _offers_of(one))
            n += is_late and through and about
        return n

    def _is_quiet(self, hours: QuietHours) -> bool:
        clock = datetime.fromtimestamp(self.now, ZoneInfo(self.policy.time_zone)).strftime("%H:%M")
        first, after = hours.from_time, hours.until_time
        inside = first <= clock < after if first < after else not after <= clock < first
        return self.channel in hours.channels and inside

    def _groups(self, offer: str, of: Of) -> set[Group]:
        """What an offer is put together with; an offer that the bundle does not know has no kind."""
        if of is Of.ANY:
            return {("any", "")}
        if of is Of.CAMPAIGN:
            return {("campaign", name) for name, one in self.policy.campaigns.items() if offer in one.offers}
        row = self.knowledge.offers.offers.row(offer)
        if row < 0:
            return set()
        return {("offer", offer)} if of is Of.OFFER else {("kind", OFFER_KINDS[self.knowledge.offers.kind[row]])}

    def _rests(self, rest: Cooldown, group: Group) -> bool:
        contacts = [
            one.contacted_at
            for one in self.facts.contacts
            if any(group in self._groups(offer, rest.of) for offer in _offers_of(one))
        ]
        answers = [one for one in self.facts.responses if group in self._groups(one.offer_id, rest.of)]
        since = self.now - rest.days * SECONDS_PER_DAY
        match rest.after:
            case After.CONTACTED:
                return sum(at > since for at in contacts) >= rest.times
            case After.REDEEMED:
                used = [one.occurred_at for one in answers if one.kind is EventKind.REDEMPTION]
                return sum(at > since for at in used) >= rest.times
        patience = rest.answer_days * SECONDS_PER_DAY
        known = [one.occurred_at for one in answers if one.occurred_at <= self.now]
        ignored = [at for at in contacts if at + patience <= self.now and all(at > answer for answer in known)]
        return len(ignored) >= rest.times and max(ignored) + patience > since


def _offers_of(message: Contact) -> tuple[str, ...]:
    return message.more_offers if message.offer_id is None else (message.offer_id, *message.more_offers)
