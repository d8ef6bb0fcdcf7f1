"""Standings by hand: what is missing, what is at risk, and when any of it changes."""

from recsys.loyalty.facts import Grants, TierFacts
from recsys.loyalty.standing import NO_INSTANT, standing_after, standings
from tests.recsys.loyalty.tier_by_hand import CONTINUOUS, at, bought, ladder, programme, when


def test_return_without_a_purchase_shows_as_zero_and_is_made_up_for_first():
    facts = bought(("2024-03-10 10:00", -100))
    now = standings(facts, programme(), as_of=at("2024-04-01 00:00"))

    assert now.sums[0].tolist() == [0, 0, 0, 0]
    assert now.to_next[0].tolist() == [300, -1, -1, -1]
    short = standing_after(facts, programme(), at=at("2024-04-01 00:00"), spend_minor=299)
    enough = standing_after(facts, programme(), at=at("2024-04-01 00:00"), spend_minor=300)
    assert (short.tier[0], enough.tier[0]) == (0, 1)


def test_facts_after_the_instant_are_not_looked_at():
    facts = bought(("2024-05-01 10:00", 900))

    assert standings(facts, programme(), as_of=at("2024-05-01 09:59")).record(0)["tier"] == "blue"
    assert standings(facts, programme(), as_of=at("2024-05-01 10:00")).record(0)["tier"] == "gold"


def test_standing_says_what_the_next_tier_takes_and_what_is_at_risk():
    facts = bought(("2024-03-10 10:00", 200), ("2024-11-01 10:00", 120))
    now = standings(facts, programme(), as_of=at("2025-03-09 23:59")).record(0)

    assert now["to_next"] == {"spend_minor": 180}
    assert (now["to_keep"], now["falls_to"]) == ({"spend_minor": 0}, "silver")
    later = standings(facts, programme(), as_of=at("2025-12-01 00:00")).record(0)
    assert (later["to_keep"], later["falls_to"]) == ({"spend_minor": 150}, "blue")
    assert [when(later[name]) for name in ("period_end_at", "falls_at")] == ["2026-03-10 00:00", "2026-04-09 00:00"]


def test_next_change_is_the_end_of_the_period_and_then_of_the_grace_days():
    rules = programme(ladder(window={"rolling_days": 30}))
    facts = bought(("2024-11-01 10:00", 200))
    changes = [
        standings(facts, rules, as_of=at(f"{day} 00:00")).next_change_at[0]
        for day in ("2024-11-02", "2024-12-02", "2025-11-02", "2025-12-02")
    ]

    assert [when(change) for change in changes[:3]] == ["2024-12-01 00:00", "2025-11-01 00:00", "2025-12-01 00:00"]
    assert changes[3] == NO_INSTANT


def test_totals_beyond_64_bits_of_many_members_are_exact():
    huge = 4 * 10**18
    facts = TierFacts.of(
        [0, 1, 2, 3], [at("2024-03-10 10:00")] * 4, spend_minor=[huge, huge, huge, 200], joined_at=[0] * 4
    )

    assert standings(facts, programme(), as_of=at("2024-04-01 00:00")).sums[:, 0].tolist() == [huge, huge, huge, 200]


def test_what_came_in_the_grace_days_is_taken_off_what_is_missing():
    facts = bought(("2024-03-10 10:00", 200), ("2026-03-20 10:00", 60), ("2026-03-25 10:00", 40))

    assert standings(facts, programme(), as_of=at("2026-03-15 00:00")).record(0)["to_keep"] == {"spend_minor": 150}
    assert standings(facts, programme(), as_of=at("2026-04-01 00:00")).record(0)["to_keep"] == {"spend_minor": 50}


def test_tier_held_by_hand_is_not_at_risk():
    facts = bought(("2024-03-10 10:00", 40), grants=Grants.of([0], [1], [at("2024-02-01 12:00")]))
    now = standings(facts, programme(ladder(**CONTINUOUS)), as_of=at("2024-06-01 00:00")).record(0)

    assert (now["tier"], now["falls_to"], now["falls_at"], now["to_keep"]) == (
        "silver",
        "silver",
        None,
        {"spend_minor": 0},
    )


def test_continuous_tier_is_at_risk_from_the_day_on_which_old_orders_fall_out():
    facts = bought(("2024-03-10 10:00", 450), ("2024-05-10 10:00", 100))
    now = standings(facts, programme(ladder(**CONTINUOUS)), as_of=at("2024-06-01 00:00")).record(0)

    assert (when(now["falls_at"]), now["falls_to"], now["to_keep"]) == (
        "2025-03-10 00:00",
        "blue",
        {"spend_minor": 300},
    )


def test_start_of_the_next_ladder_is_a_change_to_come():
    rules = programme(ladder(), ladder("2024-07-01"))

    assert when(standings(bought(), rules, as_of=at("2024-06-01 00:00")).next_change_at[0]) == "2024-07-01 00:00"


def test_at_the_top_nothing_is_missing():
    now = standings(bought(("2024-03-10 10:00", 900)), programme(), as_of=at("2024-06-01 00:00"))

    assert (now.next_tier.tolist(), now.to_next.tolist()) == ([-1], [[0, 0, 0, 0]])


def test_before_joining_there_is_nothing_but_the_day_of_joining():
    now = standings(bought(joined="2025-01-01 00:00"), programme(), as_of=at("2024-06-01 00:00"))

    assert (now.tier.tolist(), now.to_next.tolist(), now.falls_at.tolist()) == ([-1], [[-1] * 4], [NO_INSTANT])
    assert when(now.next_change_at[0]) == "2025-01-01 00:00"
