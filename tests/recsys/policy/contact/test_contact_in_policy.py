"""Contact as a whole policy applies it: to slates, products and offers, first rule first, on the web offers alone."""

from datetime import UTC, datetime

from recsys.decision import Context
from recsys.members import Subject
from recsys.types import Channel, Consent
from tests.recsys.policy.contact.contact_world import contact, known, response
from tests.recsys.policy.small import (
    EMAIL,
    HOME,
    KNOWLEDGE,
    NOW,
    batch_of,
    compiled,
    offers_removed,
    on,
    products_removed,
)

POLICY = compiled(
    time_zone="Europe/London",
    campaigns={"spring": {"offers": ["o002", "o003"]}},
    contact={
        "caps": [
            {"id": "all_weekly_cap", "max_messages": 2, "period_days": 7},
            {"id": "spring_cap", "campaign": "spring", "max_messages": 1, "period_days": 30},
        ],
        "cooldowns": [{"id": "rest_after_redeeming", "after": "redeemed", "of": "kind", "days": 30}],
        "quiet_hours": [{"id": "nights", "channels": ["push", "web"], "from": "21:00", "until": "08:00"}],
    },
)
NIGHT, NOON = (int(datetime(2023, 11, 16, hour, tzinfo=UTC).timestamp()) for hour in (23, 12))


def test_rules_of_contact_are_asked_after_consent_in_the_order_of_the_file() -> None:
    first = POLICY.rule_ids.index("channel_consent_missing") + 1
    assert POLICY.rule_ids[first : first + 4] == ("all_weekly_cap", "spring_cap", "rest_after_redeeming", "nights")


def test_a_cap_over_all_channels_stops_a_message_and_not_a_page() -> None:
    batch = batch_of(Subject("m000", known(contact(1, Channel.PUSH), contact(2, Channel.SMS))))
    noon = on(Context("home", NOW), Channel.EMAIL)
    assert POLICY.rule_ids[POLICY.slate_removals(batch, noon)[0]] == "all_weekly_cap"
    assert len(products_removed(POLICY, batch, EMAIL)[0]) == len(KNOWLEDGE.catalogue)
    assert POLICY.slate_removals(batch, HOME).tolist() == [-1]


def test_of_a_campaign_heard_and_a_kind_redeemed_the_rest_of_the_offers_stay() -> None:
    member = Subject("m000", known(contact(3, Channel.EMAIL, "o003"), response(9, "o004")))
    removed = offers_removed(POLICY, batch_of(member), Context("email", NOON))[0]
    assert removed == {
        "o000": "rest_after_redeeming", "o001": "offer_not_valid", "o002": "spring_cap", "o003": "spring_cap",
        "o004": "rest_after_redeeming",
    }  # fmt: skip


def test_at_night_the_web_shows_products_and_no_offers_and_nothing_is_pushed() -> None:
    batch, night = batch_of("m000"), Context("home", NIGHT)
    assert set(offers_removed(POLICY, batch, night)[0].values()) == {"nights", "offer_not_valid"}
    assert len(products_removed(POLICY, batch, night)[0]) < len(KNOWLEDGE.catalogue)
    assert POLICY.slate_removals(batch, night).tolist() == [-1]
    assert POLICY.rule_ids[POLICY.slate_removals(batch, on(night, Channel.PUSH))[0]] == "nights"
    assert POLICY.slate_removals(batch, on(Context("home", NOON), Channel.PUSH)).tolist() == [-1]


def test_without_consent_to_personalisation_the_same_offers_are_kept_away() -> None:
    facts = (contact(3, Channel.EMAIL, "o003"), response(9, "o004"))
    silent = Subject("m000", known(*facts, consent=Consent.EMAIL))
    removed = offers_removed(POLICY, batch_of(silent), Context("email", NOON))[0]
    assert {removed["o003"], removed["o002"], removed["o004"]} == {"spring_cap", "rest_after_redeeming"}
