"""What the definitions of offers say of who may have them now, asked one by one: for the judge of policies."""

from collections.abc import Iterator

from experiments.benchmarks.policy_facts import Facts
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.policy.native import NativeRule
from recsys.types import STAGES, Channel, EventKind, Stage

_BIRTHDAY_DAYS = 7
_CHANNEL_BIT = {Channel.WEB: 1, Channel.EMAIL: 2, Channel.PUSH: 4, Channel.SMS: 8}


def of_the_definition(knowledge: Knowledge, offer: int, facts: Facts, channel: Channel, now: int) -> Iterator[str]:
    """The rules that remove an offer whatever the request and the wallet say."""
    offers = knowledge.offers
    if not offers.valid_from[offer] <= now < offers.valid_until[offer]:
        yield NativeRule.OFFER_NOT_VALID
    if offers.scope_empty[offer]:
        yield NativeRule.NOTHING_IN_SCOPE
    if offers.total_limit[offer] == 0:
        yield NativeRule.USED_UP
    if not int(offers.tier_mask[offer]) >> facts.tier & 1:
        yield NativeRule.TIER_NOT_ALLOWED
    if not int(offers.channel_mask[offer]) & _CHANNEL_BIT[channel]:
        yield NativeRule.CHANNEL_NOT_CARRIED


def is_triggered(knowledge: Knowledge, offer: int, facts: Facts, subject: Subject, birthday: tuple[int, int]) -> bool:
    """
    Is it the time that an offer waits for?

    Only of triggers that need no programme: all others are told in columns that the bundles of these checks lack.

    Args:
        knowledge: The bundle.
        offer: Row of the offer.
        facts: Of the member.
        subject: The member as asked about.
        birthday: Days to and since the birthday; -1 where nobody knows.
    """
    trigger, days = TRIGGERS[knowledge.offers.trigger[offer]], int(knowledge.offers.trigger_days[offer])
    stage, is_known = STAGES[facts.stage], facts.row >= 0
    products = knowledge.catalogue.products
    since = any(
        fact.kind is EventKind.PURCHASE and products.row(fact.product_id) >= 0 for fact in subject.facts.product_facts
    )
    match trigger:
        case Trigger.NONE | Trigger.MEMBER_DAY | Trigger.SEASON:
            return True
        case Trigger.BIRTHDAY:
            return any(0 <= away <= (days or _BIRTHDAY_DAYS) for away in birthday)
        case Trigger.WIN_BACK:
            return is_known and stage in (Stage.DORMANT, Stage.CHURNED) and not since
        case Trigger.FIRST_PURCHASE:
            return is_known and stage is Stage.POTENTIAL and not facts.purchases
        case _:
            return False
