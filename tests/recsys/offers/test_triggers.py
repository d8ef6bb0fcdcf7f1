from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.batch import build_batch
from recsys.loyalty.worth import TierWorth
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.offers.nudges import nudge_costs
from recsys.offers.triggers import DEFAULT_DAYS, READS, TriggerWindows
from recsys.ragged import Ragged
from recsys.types import STAGES, Stage
from tests.recsys.offers.waiting_world import asked, opened, world
from tests.worlds import DAY, NOW

POTENTIAL, NEW, ACTIVE, DORMANT, CHURNED = (STAGES.index(stage) for stage in Stage)
ZONES = ("Europe/London", "Asia/Shanghai")
SINCE_CUT_OFF = 2  # NOW is two days after the bundle's cut-off


def test_welcome_lasts_so_many_days_from_joining() -> None:
    assert opened(Trigger.WELCOME, 10, n=4, joined_days_ago=[-1, 0, 7, 8]) == [False, True, True, False]


def test_a_window_has_a_length_of_its_own_where_none_is_told() -> None:
    edge = DEFAULT_DAYS[Trigger.WELCOME] - SINCE_CUT_OFF
    assert opened(Trigger.WELCOME, n=2, joined_days_ago=[edge - 1, edge]) == [True, False]


def test_a_first_purchase_is_before_any_order() -> None:
    stage = [POTENTIAL, NEW, POTENTIAL]
    assert _without_purchases(stage, joined_days_ago=[400, 3, 2]) == [True, False, True]


def test_a_first_purchase_can_be_bound_to_the_first_days() -> None:
    stage = [POTENTIAL, POTENTIAL, POTENTIAL]
    assert _without_purchases(stage, days=9, joined_days_ago=[6, 7, -1]) == [True, False, False]


def test_who_bought_since_has_had_a_first_purchase() -> None:
    assert _without_purchases([POTENTIAL, POTENTIAL], bought=1, joined_days_ago=[1, 1]) == [True, False]


def test_who_brought_somebody_is_thanked_for_so_many_days() -> None:
    assert opened(Trigger.REFERRER, 5, n=4, referral_days_ago=[2, 3, -1, 0]) == [True, False, False, True]


def test_who_was_brought_is_welcomed_for_so_many_days() -> None:
    told = {"was_referred": [1, 0, 1], "joined_days_ago": [2, 2, 3]}
    assert opened(Trigger.REFERRED, 5, n=3, **told) == [True, False, False]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(3, [True, True, False, False, False]), (4, [True, True, True, False, True])],
)
def test_a_birthday_is_near_before_and_after_it(days: int, expected: list[bool]) -> None:
    # As of now two days less, and past the birthday the days since.
    near = [0, 5, 6, -1, 364]
    assert opened(Trigger.BIRTHDAY, days, n=5, days_to_birthday=near) == expected


def test_a_birthday_is_a_day_of_the_policys_zone() -> None:
    # The bundle is of the late evening of the 14th in London, which is the 15th in Shanghai.
    now = int(datetime(2023, 11, 17, 10, tzinfo=UTC).timestamp())
    found = {zone: opened(Trigger.BIRTHDAY, 2, n=1, now=now, zone=zone, days_to_birthday=[5]) for zone in ZONES}
    assert found == {"Europe/London": [True], "Asia/Shanghai": [False]}


def test_a_change_of_stage_is_new_for_so_many_days() -> None:
    told = {"became_stage_days_ago": [2, 3, 2, -1], "previous_stage": [ACTIVE, ACTIVE, -1, ACTIVE]}
    assert opened(Trigger.STAGE_CHANGE, 5, n=4, **told) == [True, False, False, False]


def test_who_bought_since_may_have_changed_back() -> None:
    told = {"became_stage_days_ago": [0, 0], "previous_stage": [ACTIVE, ACTIVE]}
    assert opened(Trigger.STAGE_CHANGE, 5, n=2, bought=0, **told) == [False, True]


def test_points_expire_within_so_many_days_to_the_second() -> None:
    ends = [NOW + 9 * DAY, NOW + 9 * DAY + 1, NOW, NOW + 1, NOW + DAY, -1]
    told = {"next_expiry_at": ends, "next_expiry_points": [10, 10, 10, 10, 0, 0], "points": [10] * 6}
    assert opened(Trigger.POINTS_EXPIRING, 9, n=6, **told) == [True, False, False, True, False, False]


def test_points_that_the_member_has_no_more_do_not_expire() -> None:
    told = {"next_expiry_at": [NOW + 1] * 2, "next_expiry_points": [10, 10], "points": [0, 3]}
    assert opened(Trigger.POINTS_EXPIRING, 9, n=2, **told) == [False, True]


def near(orders_per_day: list[float], days: int, gap: list[int], **told: list[int]) -> list[bool]:
    """Members of tier 1 with usual baskets of 50.00, the next tier's gap to which is told."""
    n = len(gap)
    columns = {"next_tier": [2] * n, "to_next_orders": [-1] * n, "tier_by_rules": [1] * n, **told}
    own = {"tier": [1] * n, "basket_minor": [5_000] * n, "orders_per_day": orders_per_day}
    return opened(Trigger.TIER_NEAR, days, n=n, to_next_minor=gap, **columns, **own)


def test_a_tier_is_near_where_one_usual_order_reaches_it() -> None:
    assert near([0.001] * 3, 30, [5_000, 5_001, 0]) == [True, False, False]


def test_a_tier_is_near_where_the_orders_of_so_many_days_reach_it() -> None:
    assert near([0.125] * 3, 12, [7_500, 7_501, 1]) == [True, False, True]


def test_more_than_two_orders_away_is_not_near_whoever_buys() -> None:
    assert near([1.0] * 2, 30, [10_000, 10_001]) == [True, False]


def test_every_measure_that_the_tier_asks_for_is_near() -> None:
    assert near([0.5] * 4, 30, [100, 100, -1, 0], to_next_orders=[2, 3, 1, 0]) == [True, False, True, False]


def test_no_tier_above_is_not_near() -> None:
    assert near([1.0] * 3, 30, [1, 1, 1], next_tier=[-1, 1, 3]) == [False, False, True]


def test_a_tier_that_is_held_against_the_rules_has_no_known_way_up() -> None:
    assert near([1.0] * 2, 30, [1, 1], tier_by_rules=[0, 1]) == [False, True]


def falls(days: int, at: list[int], *, bought: int | None = None, **told: list[int]) -> list[bool]:
    n = len(at)
    columns = {"tier_falls_to": [1] * n, "tier_by_rules": [2] * n, "tier": [2] * n, **told}
    return opened(Trigger.TIER_AT_RISK, days, n=n, bought=bought, tier_falls_at=at, **columns)


def test_a_tier_is_at_risk_within_so_many_days_to_the_second() -> None:
    assert falls(5, [NOW + 5 * DAY, NOW + 5 * DAY + 1, NOW, NOW + 1, -1]) == [True, False, False, True, False]


def test_a_fall_is_to_a_lower_tier_than_is_held() -> None:
    assert falls(5, [NOW + 1] * 3, tier_falls_to=[2, 1, -1]) == [False, True, False]


def test_who_bought_since_may_have_kept_the_tier() -> None:
    assert falls(5, [NOW + 1] * 2, bought=1) == [True, False]


def test_members_are_won_back_when_they_stay_away() -> None:
    stage = [DORMANT, CHURNED, ACTIVE, POTENTIAL, CHURNED]
    assert opened(Trigger.WIN_BACK, n=5, bought=4, stage=stage) == [True, True, False, False, False]


def test_winning_back_can_be_bound_to_the_first_days_of_silence() -> None:
    told = {"stage": [DORMANT] * 3, "became_stage_days_ago": [7, 8, -1]}
    assert opened(Trigger.WIN_BACK, 10, n=3, **told) == [True, False, False]


@pytest.mark.parametrize("trigger", [Trigger.MEMBER_DAY, Trigger.SEASON])
def test_days_for_everybody_are_the_calendars(trigger: Trigger) -> None:
    knowledge = world({"o003": (trigger, 3)})
    windows = TriggerWindows.of(knowledge.offers, knowledge.members.profile, "UTC")
    assert not windows.closed(asked(knowledge, 2), NOW).any()


@pytest.mark.parametrize("trigger", list(READS))
def test_a_window_that_the_bundle_cannot_tell_is_closed(trigger: Trigger) -> None:
    knowledge = world({"o003": (trigger, 3_000), "o004": (Trigger.MEMBER_DAY, 0)})
    windows = TriggerWindows.of(knowledge.offers, knowledge.members.profile, "UTC")
    assert windows.lacking == (trigger,)
    assert windows.closed(asked(knowledge, 3), NOW).tolist() == [[True, False]] * 4


def test_every_offer_has_the_window_of_its_own_trigger_and_days() -> None:
    waits = {"o001": (Trigger.WELCOME, 5), "o003": (Trigger.REFERRER, 5), "o005": (Trigger.WELCOME, 9)}
    knowledge = world(waits, joined_days_ago=[1, 4, 9], referral_days_ago=[7, 0, 1])
    windows = TriggerWindows.of(knowledge.offers, knowledge.members.profile, "UTC")
    closed = windows.closed(asked(knowledge, 3), NOW)[:-1][::-1]
    assert windows.offers.tolist() == [1, 3, 5]
    assert (~closed).tolist() == [[True, False, True], [False, True, True], [False, True, False]]


def test_no_trigger_is_no_window() -> None:
    windows = TriggerWindows.of(world().offers, world().members.profile, "UTC")
    assert windows.offers.tolist() == []
    assert windows.closed(asked(world(), 2), NOW).shape == (3, 0)
    assert set(TRIGGERS) - {Trigger.NONE} == set(DEFAULT_DAYS) | {
        Trigger.FIRST_PURCHASE, Trigger.WIN_BACK, Trigger.MEMBER_DAY, Trigger.SEASON,
    }  # fmt: skip


def _without_purchases(
    stage: list[int], *, days: int = 0, bought: int | None = None, joined_days_ago: list[int]
) -> list[bool]:
    """Whether a first purchase is due, of members of whom no purchase is known."""
    knowledge = world({"o003": (Trigger.FIRST_PURCHASE, days)}, stage=stage, joined_days_ago=joined_days_ago)
    members = knowledge.members
    none = Ragged.of([[] for _ in range(len(members))])
    bare = replace(knowledge, members=replace(members, purchased=none, purchased_at=np.empty(0, dtype=np.int64)))
    windows = TriggerWindows.of(bare.offers, bare.members.profile, "UTC")
    closed = windows.closed(asked(bare, len(stage), bought=bought), NOW)
    assert closed[-1, 0]
    return (~closed[:-1, 0][::-1]).tolist()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-1, 40)] * 4, st.integers(-1, 3), st.integers(0, 4)), min_size=4, max_size=4),
    st.integers(1, 40),
    st.integers(0, 30 * DAY),
)
def test_a_member_among_others_has_the_windows_and_the_prices_of_one_alone(
    drawn: list[tuple[int, ...]], days: int, later: int
) -> None:
    ago, ends, gap, birthday, tier, stage = (list(column) for column in zip(*drawn, strict=True))
    triggers = (Trigger.WELCOME, Trigger.POINTS_EXPIRING, Trigger.TIER_NEAR, Trigger.TIER_AT_RISK, Trigger.BIRTHDAY)
    waits = {f"o{row:03}": (trigger, days) for row, trigger in enumerate((*triggers, Trigger.WIN_BACK))}
    ends_at = [NOW + end * DAY for end in ends]
    knowledge = replace(
        world(
            waits, joined_days_ago=ago, became_stage_days_ago=ago, next_expiry_at=ends_at, next_expiry_points=ends,
            points=[7] * 4, tier_by_rules=[1] * 4, tier=[1] * 4, next_tier=tier,
            to_next_minor=[one * 300 for one in gap],
            to_next_orders=gap, tier_falls_at=ends_at, tier_falls_to=[0] * 4, to_keep_minor=gap, stage=stage,
            days_to_birthday=birthday,
        ),
        point_worth_minor=0.5,
        tier_worth=TierWorth((0.0, 0.01, 0.03, 0.08), (0.0, 100.0, 300.0, 400.0), 500.0),
    )  # fmt: skip
    windows = TriggerWindows.of(knowledge.offers, knowledge.members.profile, "Europe/London")
    together, now = asked(knowledge, 4), NOW + later
    closed, costs = windows.closed(together, now), nudge_costs(together, knowledge, now)
    for row, subject in enumerate(together.subjects):
        alone = build_batch([subject], knowledge)
        assert windows.closed(alone, now)[0].tolist() == closed[row].tolist()
        own = nudge_costs(alone, knowledge, now)
        assert own.with_order[0].tolist() == costs.with_order[row].tolist()
        assert own.anyway[0].tolist() == costs.anyway[row].tolist()
