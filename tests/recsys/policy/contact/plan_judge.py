"""A judge of plans in plain loops, and random periods to hold plans against."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from recsys.members import Contact
from recsys.policy.contact.plan import ContactPlan, PlanRules, Possible, Send, plan_contacts
from recsys.policy.file.contact import Campaign, ContactCap, ContactPolicy
from recsys.types import Channel
from tests.worlds import DAY, NOW

CAMPAIGNS = {"spring": Campaign(offers=("o1", "o2")), "summer": Campaign(offers=("o2", "o3"))}


@dataclass(frozen=True)
class Period:
    """
    What may be sent to some members.

    Attributes:
        caps: Of the policy.
        sends: In any order.
        worth: By member, send and alternative: minor units.
        offers: Same layout: the offer in it, or none.
        made: By member: what they got already.
    """

    caps: tuple[ContactCap, ...]
    sends: tuple[Send, ...]
    worth: list[list[list[int]]]
    offers: list[list[list[str | None]]]
    made: list[list[Contact]]

    def planned(self, **contact: Any) -> ContactPlan:
        """The plan under test."""
        policy = ContactPolicy.model_validate({"caps": self.caps, **contact})
        rules = PlanRules.of(policy, CAMPAIGNS, ZoneInfo("UTC"))
        shape = np.array(self.worth).shape
        bits = [rules.campaign_bits([one] if one else []) for its in self.offers for send in its for one in send]
        possible = Possible(
            np.array(self.worth, dtype=np.int64).reshape(shape), np.array(bits, dtype=np.uint64).reshape(shape)
        )
        possible.value.flags.writeable = possible.campaigns.flags.writeable = False
        return plan_contacts(rules, self.sends, possible, rules.made(self.made))

    def value(self, member: int, choice: Sequence[int]) -> int:
        """Of a member's plan."""
        return sum(self.worth[member][at][one] for at, one in enumerate(choice) if one >= 0)

    def keeps_every_cap(self, member: int, choice: Sequence[int]) -> bool:
        """Send one after the other, asking every cap each time, as the service would."""
        done = list(self.made[member])
        for at in sorted(range(len(self.sends)), key=lambda at: (self.sends[at].at, self.sends[at].id)):
            if choice[at] >= 0:
                send = self.sends[at]
                message = Contact(send.channel, send.at, self.offers[member][at][choice[at]])
                for cap in self.caps:
                    since = send.at - cap.period_days * DAY
                    if _counts(cap, message):
                        n_before = sum(_counts(cap, one) and one.contacted_at > since for one in done)
                        if n_before >= cap.max_messages:
                            return False
                done.append(message)
        return True

    def best(self, member: int) -> int:
        """The value of the best plan of all."""
        n_alternatives = len(self.worth[member][0])
        every = itertools.product(range(-1, n_alternatives), repeat=len(self.sends))
        return max(self.value(member, choice) for choice in every if self.keeps_every_cap(member, choice))


def _counts(cap: ContactCap, message: Contact) -> bool:
    through = message.channel is not Channel.WEB if cap.channel is None else message.channel is cap.channel
    return through and (cap.campaign is None or message.offer_id in CAMPAIGNS[cap.campaign].offers)


def mailing(name: str, day: float, channel: Channel = Channel.EMAIL) -> Send:
    """A send so many days from now."""
    return Send(name, int(NOW + day * DAY), channel)
