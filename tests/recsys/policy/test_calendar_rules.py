"""What a period adds to rules, and when its offers are open to whom."""

from recsys.policy.calendar_rules import conditions, rules_of, seasonal_offers
from recsys.policy.placed import Section
from recsys.types import Channel
from tests.recsys.policy.periods import period

MONTHLY = {"every": "month", "on": 8}
BIRTHDAY = {"birthday": {"before_days": 3, "after_days": 7}}
NEAR_BIRTHDAY = (
    "member.days_to_birthday >= 0 && member.days_to_birthday <= 3 || "
    "member.days_after_birthday >= 0 && member.days_after_birthday <= 7"
)


def test_a_period_of_all_stores_asks_for_nothing() -> None:
    assert conditions(period(MONTHLY)) == ()


def test_stores_and_birthdays_are_asked_for_in_cel() -> None:
    treat = period(BIRTHDAY, kind="birthday", stores=["s01", 'the "big" one'])
    assert conditions(treat) == ('context.store in ["s01", "the \\"big\\" one"]', NEAR_BIRTHDAY)


def test_rules_hold_in_the_channels_of_both_and_levers_come_after_rules() -> None:
    rules = [
        {"id": "everywhere", "owner": "crm", "effect": "exclude"},
        {"id": "push_or_web", "owner": "crm", "effect": "exclude", "channels": ["push", "web"]},
    ]
    lever = {"id": "more", "owner": "crm", "factor": 2, "until": "2027-01-01", "channels": ["email"]}
    bounded = period(MONTHLY, id="day", channels=["web", "email"], rules=rules, levers=[lever])
    placed = rules_of(bounded)
    assert [(one.rule.id, one.rule.channels, one.section, one.period) for one in placed] == [
        ("everywhere", ("web", "email"), Section.CALENDAR, "day"),
        ("push_or_web", ("web",), Section.CALENDAR, "day"),
        ("more", ("email",), Section.CALENDAR, "day"),
    ]
    free = period(MONTHLY, rules=rules)
    assert [one.rule for one in rules_of(free)] == list(free.rules)


def test_offers_of_the_same_periods_stand_together_under_the_first() -> None:
    day = period(MONTHLY, id="day", offers=["o1", "o2", "o3"])
    week = period({"every": "week", "on": "fri"}, id="week", offers=["o3", "o4", "o1"])
    found = [(one.id, one.offer_ids, [listing.id for listing in one.periods]) for one in seasonal_offers([day, week])]
    assert found == [("day", ("o1", "o3"), ["day", "week"]), ("day", ("o2",), ["day"]), ("week", ("o4",), ["week"])]


def test_an_offer_is_open_to_whoever_one_of_its_periods_is_on_for() -> None:
    day = period(MONTHLY, id="day", channels=["email"], offers=["o1"])
    shop = period(MONTHLY, id="shop", stores=["s01"], offers=["o1"])
    treat = period(BIRTHDAY, kind="birthday", id="treat", offers=["o1"])
    (offers,) = seasonal_offers([day, shop, treat])
    in_store = ('context.store in ["s01"]',)
    assert offers.open_to([], Channel.EMAIL) == ()
    assert offers.open_to(["day"], Channel.WEB) == ()
    assert offers.open_to(["day", "shop"], Channel.EMAIL) == ((), in_store)
    assert offers.open_to(["treat", "shop"], Channel.WEB) == (in_store, (NEAR_BIRTHDAY,))


def test_a_calendar_without_offers_has_none_of_the_moment() -> None:
    assert seasonal_offers([period(MONTHLY), period(BIRTHDAY, kind="birthday", id="treat")]) == ()
