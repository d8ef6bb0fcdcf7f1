"""Plans of a period keep every cap, are worth no less than first come first served, and come near the best there is."""

from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.members import Contact
from recsys.policy.contact import plan as contact_plan
from recsys.policy.file.contact import ContactCap
from recsys.types import Channel
from tests.recsys.policy.contact.plan_judge import Period, mailing
from tests.worlds import DAY, NOW

WEEKLY = (ContactCap(id="weekly", channel=Channel.EMAIL, max_messages=1, period_days=7),)
SPRING = (ContactCap(id="spring_cap", campaign="spring", max_messages=1, period_days=30),)


def period(caps: Any, sends: Any, *worth: list[list[int]], offers: Any = None, made: Any = None) -> Period:
    nothing: Any = [[[None] * len(one) for one in member] for member in worth]
    return Period(caps, sends, list(worth), offers or nothing, made or [[] for _ in worth])


def test_the_best_message_of_the_week_is_planned_and_not_the_first() -> None:
    plan = period(WEEKLY, (mailing("mon", 0), mailing("fri", 4)), [[5], [9]], [[9], [5]]).planned()
    assert plan.choice.tolist() == [[-1, 0], [0, -1]]
    assert plan.capped_by.tolist() == [[0, -1], [-1, 0]]
    assert plan.for_later.tolist() == [[True, False], [False, False]]
    assert (plan.value.tolist(), plan.first_come_value.tolist()) == ([9, 9], [5, 9])
    assert plan.first_come.tolist() == [[0, -1], [0, -1]]


def test_one_good_message_does_not_cost_two_that_are_nearly_as_good() -> None:
    plan = period(WEEKLY, (mailing("a", 0), mailing("b", 6), mailing("c", 12)), [[9], [10], [9]]).planned()
    assert plan.choice.tolist() == [[0, -1, 0]]


def test_the_same_value_with_fewer_messages_is_planned() -> None:
    plan = period(WEEKLY, (mailing("a", 0), mailing("b", 6), mailing("c", 12)), [[5], [10], [5]]).planned()
    assert plan.choice.tolist() == [[-1, 0, -1]]
    assert plan.value.tolist() == plan.first_come_value.tolist() == [10]


def test_a_window_is_open_at_its_far_end() -> None:
    made = [[Contact(Channel.EMAIL, NOW - 7 * DAY)]]
    plan = period(WEEKLY, (mailing("a", 0), mailing("b", 7)), [[5], [4]], made=made).planned()
    assert plan.choice.tolist() == [[0, 0]]


def test_where_a_campaign_is_capped_the_send_keeps_its_next_best_message() -> None:
    sends = (mailing("mon", 0), mailing("fri", 4, Channel.PUSH))
    plan = period(
        SPRING, sends, [[8, 7, 0], [10, 1, 0]], [[8, 7, 0], [8, 1, 0]], offers=[[["o1", "o3", None]] * 2] * 2
    ).planned()
    assert plan.choice.tolist() == [[1, 0], [1, 0]]
    assert plan.capped_by.tolist() == [[0, -1], [0, -1]]
    assert plan.value.tolist() == [17, 15]
    assert plan.first_come_value.tolist() == [9, 9]


def test_what_was_sent_before_counts_and_falls_out_of_the_window() -> None:
    sends = (mailing("mon", 0), mailing("fri", 4))
    made = [[Contact(Channel.EMAIL, NOW - 4 * DAY)], [Contact(Channel.PUSH, NOW - 4 * DAY)]]
    plan = period(WEEKLY, sends, [[9], [5]], [[9], [5]], made=made).planned()
    assert plan.choice.tolist() == [[-1, 0], [0, -1]]


def test_a_message_on_record_after_a_send_counts_against_it() -> None:
    made = [[Contact(Channel.EMAIL, NOW + 3 * DAY)]]
    assert period(WEEKLY, (mailing("mon", 0),), [[9]], made=made).planned().choice.tolist() == [[-1]]


def test_in_quiet_hours_nothing_is_planned_and_nothing_moves() -> None:
    nights = [{"id": "nights", "channels": ["push"], "from": "21:00", "until": "08:00"}]
    midnight = -(NOW % DAY) / DAY
    sends = (mailing("night", midnight + 0.9, Channel.PUSH), mailing("noon", midnight + 0.5, Channel.PUSH))
    plan = period((), sends, [[9], [5]]).planned(quiet_hours=nights)
    assert (plan.choice.tolist(), plan.capped_by.tolist()) == ([[-1, 0]], [[-1, -1]])


def test_a_message_that_costs_more_than_it_brings_is_not_planned_and_one_worth_nothing_is() -> None:
    assert period((), (mailing("mon", 0),), [[-3, -1]], [[-3, 0]]).planned().choice.tolist() == [[-1], [1]]


def test_of_equal_messages_the_earlier_is_planned_then_the_smaller_id() -> None:
    sends = (mailing("b", 1), mailing("c", 0), mailing("a", 1))
    assert period(WEEKLY, sends, [[4], [4], [4]]).planned().choice.tolist() == [[-1, 0, -1]]
    assert period(WEEKLY, sends, [[4], [3], [4]]).planned().choice.tolist() == [[-1, -1, 0]]


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(InputError, match="'page' goes through the web"):
        period((), (mailing("page", 0, Channel.WEB),), [[1]]).planned()
    with pytest.raises(InputError, match="'mon' stands twice"):
        period((), (mailing("mon", 0), mailing("mon", 1)), [[1], [1]]).planned()
    with pytest.raises(InputError, match="65 sends; one plan has at most 64"):
        period((), tuple(mailing(f"s{at}", at) for at in range(65)), [[1]] * 65).planned()


def test_nobody_and_nothing_have_an_empty_plan() -> None:
    sends = (mailing("mon", 0),)
    empty = contact_plan.Possible(np.zeros((0, 1, 2), dtype=np.int64), np.zeros((0, 1, 2), dtype=np.uint64))
    rules = contact_plan.PlanRules((), (), (), (), ZoneInfo("UTC"))
    assert contact_plan.plan_contacts(rules, sends, empty, rules.made([])).choice.shape == (0, 1)


HALF_DAYS = st.integers(-6, 14).map(lambda half: half / 2)
CHANNELS = st.sampled_from([Channel.EMAIL, Channel.PUSH])
FEW_DAYS = st.integers(1, 5)
OFFERS = st.sampled_from([None, "o1", "o2", "o3", "o4"])


@st.composite
def periods(draw: st.DrawFn, n_caps: Any, cap_days: Any = FEW_DAYS) -> Period:
    n_sends, n_members = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    caps = tuple(
        ContactCap(
            id=f"c{at}", channel=draw(st.none() | CHANNELS), campaign=draw(st.sampled_from([None, "spring", "summer"])),
            max_messages=draw(st.integers(0, 2)), period_days=draw(cap_days),
        )
        for at in range(draw(n_caps))
    )  # fmt: skip
    sends = tuple(mailing(f"s{at}", draw(HALF_DAYS), draw(CHANNELS)) for at in range(n_sends))
    message = st.tuples(st.integers(-1, 30), OFFERS)
    drawn = [[[draw(message) for _ in range(2)] for _ in sends] for _ in range(n_members)]
    past = st.builds(
        Contact, st.sampled_from(Channel), st.integers(-8, 8).map(lambda half: NOW + half * DAY // 2), OFFERS
    )
    return Period(
        caps, sends,
        [[[worth for worth, _ in send] for send in member] for member in drawn],
        [[[offer for _, offer in send] for send in member] for member in drawn],
        [draw(st.lists(past, max_size=2)) for _ in drawn],
    )  # fmt: skip


@given(periods(st.integers(0, 3)))
def test_no_plan_breaks_a_cap_or_is_worth_less_than_first_come(one: Period) -> None:
    plan = one.planned()
    for member in range(len(one.worth)):
        for choice, value in ((plan.choice, plan.value), (plan.first_come, plan.first_come_value)):
            chosen = choice[member].tolist()
            assert one.keeps_every_cap(member, chosen)
            assert one.value(member, chosen) == value[member]
            assert all(one.worth[member][at][pick] >= 0 for at, pick in enumerate(chosen) if pick >= 0)
        assert plan.first_come_value[member] <= plan.value[member] <= one.best(member)


@given(periods(st.integers(1, 3)))
def test_no_message_could_be_added_and_the_cap_that_forbids_it_is_named(one: Period) -> None:
    plan = one.planned()
    for member, worth in enumerate(one.worth):
        chosen = plan.choice[member].tolist()
        for send in range(len(chosen)):
            best = max(range(len(worth[send])), key=lambda at: (worth[send][at], -at))
            instead = [best if at == send else pick for at, pick in enumerate(chosen)]
            then = [pick if one.sends[at].at <= one.sends[send].at else -1 for at, pick in enumerate(instead)]
            named = plan.capped_by[member, send]
            if chosen[send] < 0 and worth[send][best] >= 0:
                assert named >= 0
            if named >= 0:
                assert not one.keeps_every_cap(member, instead)
                assert plan.for_later[member, send] == one.keeps_every_cap(member, then)


@given(periods(st.just(1), cap_days=st.just(30)))
def test_under_one_cap_that_covers_the_period_the_plan_is_the_best_there_is(one: Period) -> None:
    plan = one.planned()
    assert plan.value.tolist() == [one.best(member) for member in range(len(one.worth))]


@given(periods(st.integers(0, 3)), st.randoms(use_true_random=False))
def test_neither_the_order_of_sends_nor_who_is_planned_together_matters(one: Period, random: Any) -> None:
    shuffled = list(range(len(one.sends)))
    random.shuffle(shuffled)
    other = Period(
        one.caps,
        tuple(one.sends[at] for at in shuffled),
        [[member[at] for at in shuffled] for member in one.worth],
        [[member[at] for at in shuffled] for member in one.offers],
        one.made,
    )
    with patch.object(contact_plan, "_BLOCK", 1):
        found = other.planned()
    assert found.choice.tolist() == one.planned().choice[:, shuffled].tolist()
    assert found.capped_by.tolist() == one.planned().capped_by[:, shuffled].tolist()
