"""Contact rules over the small world, asked in words, for the tests of caps, cooldowns and quiet hours."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from recsys.batch import build_batch
from recsys.members import Contact, LiveFacts, OfferResponse, Subject
from recsys.policy.contact.rules import ContactRules
from recsys.policy.file.contact import Campaign, ContactPolicy, contact_ids
from recsys.policy.native import KEPT, Code, NativeRule
from recsys.types import Channel, Consent, EventKind
from tests.worlds import ALL, DAY, NOW, small_knowledge

KNOWLEDGE = small_knowledge()
OFFERS = KNOWLEDGE.offers.offers
CAMPAIGNS = {"spring": ("o001", "o003", "gone"), "summer": ("o003", "o004")}
KINDS = ("amount", "percent", "percent", "points", "amount", "percent")
"""Of o000 to o005, in short."""


class Asked:
    """Compiled contact rules that answer with ids."""

    def __init__(self, time_zone: str = "UTC", **contact: Any) -> None:
        policy = ContactPolicy.model_validate(contact)
        self.ids = (str(NativeRule.CHANNEL_CONSENT_MISSING), *contact_ids(policy))
        campaigns = {name: Campaign(offers=offers) for name, offers in CAMPAIGNS.items()}
        code_of = {one: Code(code) for code, one in enumerate(self.ids)}
        self.rules = ContactRules.of(policy, campaigns, KNOWLEDGE, code_of=code_of, time_zone=ZoneInfo(time_zone))

    def members(self, facts: Sequence[LiveFacts], channel: Channel, now: int = NOW) -> list[str]:
        """What keeps each from being reached; empty where nothing does."""
        codes = self.rules.member_codes(_batch(facts), channel, now)
        return ["" if code == KEPT else self.ids[code] for code in codes.tolist()]

    def offers(self, facts: Sequence[LiveFacts], channel: Channel, now: int = NOW) -> list[dict[str, str]]:
        """The offers that are kept away from each, with the first rule."""
        batch = _batch(facts)
        codes = np.full((len(batch), len(OFFERS)), KEPT, dtype=np.uint16)
        self.rules.cap_offers(codes, batch, channel, now)
        self.rules.cool_offers(codes, batch, OFFERS, now)
        return [
            {f"o{row:03}": self.ids[code] for row, code in enumerate(line) if code != KEPT} for line in codes.tolist()
        ]


def contact(days_ago: float, channel: Channel = Channel.EMAIL, *offers: str) -> Contact:
    """A message so long ago with these offers."""
    return Contact(channel, int(NOW - days_ago * DAY), offers[0] if offers else None, tuple(offers[1:]))


def response(days_ago: float, offer: str, kind: EventKind = EventKind.REDEMPTION) -> OfferResponse:
    """A response so long ago."""
    return OfferResponse(offer, kind, int(NOW - days_ago * DAY))


def known(*what: Contact | OfferResponse, consent: int = ALL) -> LiveFacts:
    """Facts of a member who agreed to every channel."""
    return LiveFacts(
        contacts=tuple(one for one in what if isinstance(one, Contact)),
        responses=tuple(one for one in what if isinstance(one, OfferResponse)),
        consent=Consent(consent),
    )


def _batch(facts: Sequence[LiveFacts]) -> Any:
    return build_batch([Subject(f"m{at:03}", one) for at, one in enumerate(facts)], KNOWLEDGE)
