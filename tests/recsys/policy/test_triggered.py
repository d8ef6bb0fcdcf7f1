"""What the definitions of offers say of when, where and for what they may be shown."""

import numpy as np

from recsys.members import Subject
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.types import Channel
from tests.recsys.offers.waiting_world import world
from tests.recsys.policy.small import EMAIL, HOME, KNOWLEDGE, batch_of, compiled, offers_removed, on, with_columns

ENDED = {"o001": "offer_not_valid"}


def test_an_offer_is_shown_by_the_channels_that_carry_it() -> None:
    masks = np.array([0b1111, 0b1111, 0b0001, 0b1010, 0b0100, 0b0000], dtype=np.uint8)
    policy = compiled(knowledge=with_columns(KNOWLEDGE, "offers", channel_mask=masks))
    found = {channel: set(offers_removed(policy, batch_of("m000"), on(HOME, channel))[0]) for channel in Channel}
    assert found == {
        Channel.WEB: {"o001", "o003", "o004", "o005"},
        Channel.EMAIL: {"o001", "o002", "o004", "o005"},
        Channel.PUSH: {"o001", "o002", "o003", "o005"},
        Channel.SMS: {"o001", "o002", "o004", "o005"},
    }
    assert offers_removed(policy, batch_of("m000"), EMAIL)[0]["o002"] == "channel_not_carried"


def test_an_offer_for_products_that_there_are_not_is_shown_to_nobody() -> None:
    empty = np.array([False, True, False, False, True, False])
    removed = offers_removed(compiled(knowledge=with_columns(KNOWLEDGE, "offers", scope_empty=empty)), batch_of("m000"))
    assert removed == [ENDED | {"o004": "nothing_in_scope"}]


def test_an_offer_that_may_be_redeemed_no_more_is_shown_to_nobody() -> None:
    limit = np.array([-1, -1, 0, 1, -1, -1])
    removed = offers_removed(compiled(knowledge=with_columns(KNOWLEDGE, "offers", total_limit=limit)), batch_of("m000"))
    assert removed == [ENDED | {"o002": "used_up"}]


def test_an_offer_that_waits_is_shown_while_its_window_is_open() -> None:
    knowledge = world({"o003": (Trigger.WELCOME, 5), "o005": (Trigger.REFERRER, 5)}, joined_days_ago=[9, 1],
                      referral_days_ago=[0, 9])  # fmt: skip
    removed = offers_removed(compiled(knowledge=knowledge), batch_of("m000", "m001", "stranger", knowledge=knowledge))
    waiting = [{name: why for name, why in one.items() if why == "not_triggered"} for one in removed]
    assert waiting == [
        {"o003": "not_triggered"},
        {"o005": "not_triggered"},
        {"o003": "not_triggered", "o005": "not_triggered"},
    ]


def test_one_member_is_judged_as_among_many() -> None:
    knowledge = world({"o003": (Trigger.WELCOME, 5)}, joined_days_ago=[9, 1])
    policy = compiled(knowledge=knowledge)
    together = offers_removed(policy, batch_of("m000", "m001", knowledge=knowledge))
    assert together == [offers_removed(policy, batch_of(one, knowledge=knowledge))[0] for one in ("m000", "m001")]


def test_what_was_excluded_by_the_request_is_said_first() -> None:
    knowledge = world({"o003": (Trigger.WELCOME, 5)}, joined_days_ago=[9])
    subject = Subject("m000", exclude_ids=frozenset({"o003"}))
    removed = offers_removed(compiled(knowledge=knowledge), batch_of(subject, knowledge=knowledge))
    assert removed[0]["o003"] == "excluded_by_request"


def test_a_policy_says_which_offers_wait_for_what_the_bundle_does_not_know() -> None:
    waits = {"o003": (Trigger.TIER_NEAR, 0), "o005": (Trigger.TIER_NEAR, 9), "o004": (Trigger.WELCOME, 0)}
    knowledge = world(waits, joined_days_ago=[1], tier_by_rules=[1])
    (warning,) = compiled(knowledge=knowledge).warnings
    assert warning.startswith("the offers o003, o005 wait for 'tier_near', and the bundle has no next_tier, to_next_")
    assert TRIGGERS[knowledge.offers.trigger[4]] is Trigger.WELCOME
