"""Tiers by hand: each rule of the ladder on a member whose dates can be counted on fingers."""

import numpy as np
import pytest

from recsys.errors import InputError
from recsys.loyalty.compare import compare_ladders
from recsys.loyalty.facts import Grants, TierFacts
from recsys.loyalty.standing import standings
from recsys.loyalty.tiers import tier_history
from tests.recsys.loyalty.tier_by_hand import CONTINUOUS, JOINED, at, bought, ladder, programme, told, when


def test_member_rises_at_the_order_that_reaches_it():
    facts = bought(("2024-02-01 10:00", 199), ("2024-03-01 11:00", 1), ("2024-03-02 12:00", 400))

    assert told(facts, as_of="2024-06-01") == [
        ("2024-01-01 00:00", "blue", "joined"),
        ("2024-03-01 11:00", "silver", "earned"),
        ("2024-03-02 12:00", "gold", "earned"),
    ]


def test_tier_that_was_not_kept_is_lost_after_the_grace_days():
    facts = bought(("2024-03-10 10:00", 200), ("2024-03-20 10:00", -60))

    assert told(facts)[1:] == [("2024-03-10 10:00", "silver", "earned"), ("2025-04-09 00:00", "blue", "review")]


def test_window_closes_with_the_period_and_the_order_that_attained_counts():
    facts = bought(("2024-03-10 10:00", 200))

    # In the first review the order is in the window as it closes; in the second it is not.
    assert told(facts)[2:] == [("2026-04-09 00:00", "blue", "review")]


@pytest.mark.parametrize(
    ("second", "lost"), [("2026-04-08 23:59", "2028-04-09 00:00"), ("2026-04-09 00:00", "2026-04-09 00:00")]
)
def test_order_in_the_grace_days_saves_the_tier(second: str, lost: str):
    facts = bought(("2024-03-10 10:00", 200), (second, 150))

    assert told(facts)[2][0] == lost


def test_tier_lost_and_won_back_at_one_instant_is_attained_anew():
    facts = bought(("2024-03-10 10:00", 200), ("2026-04-09 00:00", 200))

    assert told(facts, as_of="2026-06-01")[1:] == [("2024-03-10 10:00", "silver", "earned")]
    now = standings(facts, programme(), as_of=at("2026-06-01 00:00"))
    assert when(now.period_end_at[0]) == "2027-04-09 00:00"


def test_order_that_comes_back_at_once_saves_nothing():
    facts = bought(("2024-03-10 10:00", 200), ("2026-03-20 10:00", 150), ("2026-03-20 10:00", -100))

    assert told(facts)[2] == ("2026-04-09 00:00", "blue", "review")


def test_grace_days_add_to_the_window_that_closed():
    year = ladder(window={"calendar": "year"}, downgrade={"review": "period_end", "calendar": "year", "grace_days": 30})
    orders = [("2024-03-10 10:00", 500), ("2025-02-01 10:00", 300), ("2026-01-20 10:00", 100)]

    assert told(bought(*orders), programme(year), as_of="2026-06-01")[1:] == [("2024-03-10 10:00", "gold", "earned")]
    assert told(bought(*orders[:2]), programme(year), as_of="2026-06-01")[2:] == [
        ("2026-01-31 00:00", "silver", "review")
    ]


def test_soft_landing_takes_one_level_a_review():
    soft = {"review": "period_end", "period_months": 6, "soft_landing": True}
    facts = bought(("2024-01-31 10:00", 500))
    rules = ladder(downgrade=soft, window={"rolling_days": 30})

    assert told(facts, programme(rules))[2:] == [
        ("2024-07-31 00:00", "silver", "review"),
        ("2025-01-31 00:00", "blue", "review"),
    ]
    hard = ladder(downgrade={**soft, "soft_landing": False}, window={"rolling_days": 30})
    assert told(facts, programme(hard))[2:] == [("2024-07-31 00:00", "blue", "review")]


def test_continuous_tier_lapses_as_old_orders_fall_out():
    facts = bought(("2024-02-29 10:00", 500), ("2024-05-01 10:00", 160))

    assert told(facts, programme(ladder(**CONTINUOUS)))[1:] == [
        ("2024-02-29 10:00", "gold", "earned"),
        ("2025-02-28 00:00", "silver", "review"),
        ("2025-05-01 00:00", "blue", "review"),
    ]


def test_rolling_days_end_at_local_midnight_when_clocks_change():
    days = ladder(window={"rolling_days": 2}, **CONTINUOUS)

    assert told(bought(("2024-03-30 23:00", 200)), programme(days))[2:] == [("2024-04-01 00:00", "blue", "review")]
    assert at("2024-04-01 00:00") - at("2024-03-30 00:00") == 47 * 3_600


def test_day_with_a_rise_and_a_fall_counts_as_risen():
    rules = programme(ladder(**CONTINUOUS))
    history = tier_history(
        bought(("2024-03-10 10:00", 200), ("2024-03-10 16:00", -200)), rules, as_of=at("2024-04-01 00:00")
    )
    day = int(np.datetime64("2024-03-10").astype(int))

    assert [change[2:] for change in history.changes(0)[1:]] == [("silver", "earned"), ("blue", "review")]
    assert [int(history.tier_on(day + more, rules.calendar)[0]) for more in (-1, 0, 1)] == [0, 1, 0]
    assert history.tier_at(at("2024-03-10 16:00")).tolist() == [0]


def test_two_facts_of_one_instant_are_one():
    facts = bought(("2024-03-10 10:00", 600), ("2024-03-10 10:00", -350))

    assert told(facts, as_of="2024-06-01")[1:] == [("2024-03-10 10:00", "silver", "earned")]


def test_purchases_before_joining_do_not_count():
    assert told(bought(("2023-12-31 23:59", 900)), as_of="2024-06-01") == [("2024-01-01 00:00", "blue", "joined")]


def test_member_without_a_date_joins_with_the_first_purchase():
    facts = bought(("2024-05-01 10:00", 200), joined=None)

    assert told(facts, as_of="2024-06-01") == [("2024-05-01 10:00", "silver", "joined")]


def test_member_without_date_and_facts_has_no_tier():
    history = tier_history(bought(joined=None), programme(), as_of=at("2024-06-01 00:00"))

    assert (history.changes(0), history.tier_at(at("2024-06-01 00:00")).tolist()) == ([], [-1])


def test_new_ladder_lifts_at_once_and_drops_nobody_before_the_next_review():
    dearer = ladder("2024-07-01")
    dearer["tiers"] = [{"name": "blue"}, {"name": "silver", "entry": {"spend_minor": 300}}]
    dearer["instead"] = {"gold": "silver"}
    rules = programme(ladder(), dearer)

    assert told(bought(("2024-03-10 10:00", 200)), rules)[2:] == [("2025-04-09 00:00", "blue", "review")]
    back = programme({**dearer, "from": "2020-01-01", "instead": {}}, ladder("2024-07-01"))
    assert told(bought(("2024-03-10 10:00", 200)), back, as_of="2024-08-01")[1:] == [
        ("2024-07-01 00:00", "silver", "ladder_changed")
    ]


def test_next_review_is_counted_by_the_new_rules():
    shorter = ladder("2024-07-01", downgrade={"review": "period_end", "period_months": 6})
    facts = bought(("2024-03-10 10:00", 200))
    now = standings(facts, programme(ladder(), shorter), as_of=at("2024-08-01 00:00"))

    assert when(now.period_end_at[0]) == "2024-09-10 00:00"


def test_new_ladder_may_review_everybody_at_once():
    dearer = ladder("2024-07-01", at_start="reassess")
    dearer["tiers"][1] = {"name": "silver", "entry": {"spend_minor": 300}}
    rules = programme(ladder(), dearer)

    assert told(bought(("2024-03-10 10:00", 200)), rules)[2:] == [("2024-07-01 00:00", "blue", "ladder_changed")]


def test_tier_given_by_hand_holds_until_the_review():
    grants = Grants.of([0], [2], [at("2024-02-01 12:00")])

    assert told(bought(grants=grants))[1:] == [
        ("2024-02-01 12:00", "gold", "granted"),
        ("2025-03-03 00:00", "blue", "review"),
    ]


def test_tier_given_by_hand_is_a_floor_under_a_continuous_ladder():
    grants = Grants.of([0, 0], [1, 0], [at("2024-02-01 12:00"), at("2026-02-01 12:00")])
    facts = bought(("2024-03-01 10:00", 500), grants=grants)

    assert told(facts, programme(ladder(**CONTINUOUS)))[1:] == [
        ("2024-02-01 12:00", "silver", "granted"),
        ("2024-03-01 10:00", "gold", "earned"),
        ("2025-03-01 00:00", "silver", "review"),
        ("2026-02-01 12:00", "blue", "granted"),
    ]


def test_floor_given_by_hand_outlives_a_change_of_ladder_and_of_names():
    renamed = ladder("2024-07-01", instead={"silver": "iron"}, **CONTINUOUS)
    renamed["tiers"][1]["name"] = "iron"
    rules = programme(ladder(**CONTINUOUS), renamed)
    grants = Grants.of([0], [rules.tiers.index("silver")], [at("2024-02-01 12:00")])

    assert told(bought(("2025-03-01 10:00", 10), grants=grants), rules)[1:] == [
        ("2024-02-01 12:00", "silver", "granted"),
        ("2024-07-01 00:00", "iron", "ladder_changed"),
    ]


def test_members_who_move_between_ladders_are_named():
    facts = TierFacts.of(
        [0, 1, 2, 3],
        [at("2024-03-10 10:00")] * 4,
        spend_minor=[100, 250, 350, 900],
        joined_at=[at(JOINED)] * 3 + [at("2030-01-01 00:00")],
    )
    dearer = ladder()
    dearer["tiers"] = [{"name": "blue"}, {"name": "silver", "entry": {"spend_minor": 300}}]
    moves = compare_ladders(facts, programme(), programme(dearer), as_of=at("2024-06-01 00:00"))

    assert moves.matrix().tolist() == [[1, 0], [1, 1], [0, 0]]
    assert moves.rows("silver", "blue").tolist() == [1]


def test_grant_of_a_tier_that_the_ladder_lacks_is_refused():
    short = ladder("2024-07-01", instead={"gold": "silver"})
    del short["tiers"][2]
    grants = Grants.of([0], [2], [at("2024-08-01 00:00")])

    with pytest.raises(InputError, match=r"granted the tier 'gold' at .* when the ladder has blue, silver"):
        told(bought(grants=grants), programme(ladder(), short))
