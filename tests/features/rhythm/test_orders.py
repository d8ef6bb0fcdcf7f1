"""The rhythm of orders: own quantiles, what a silence says, and members who have not ordered yet."""

import numpy as np
import pytest

from features.rhythm.clock import NEVER
from features.rhythm.gaps import History
from features.rhythm.orders import OrderRhythm
from recsys.errors import InputError
from tests.features.rhythm.shops import every, history_of

N_MEMBERS = 110
WEEKLY = [every(7, 20, member=member, first=member % 7) for member in range(50)]
MONTHLY = [every(30, 6, member=member, first=member % 30) for member in range(50, 90)]
# Member 95 was weekly and has been silent for 29 whole days, member 96 was monthly and has been silent for as long.
AS_OF = 170
ASKED = [every(7, 16, member=95, first=35), every(30, 5, member=96, first=20)]
SHOP = history_of(*WEEKLY, *MONTHLY, *ASKED).before(AS_OF)


def orders_of(history: History = SHOP, as_of_day: int = AS_OF, watched: np.ndarray | None = None, **options):
    first = np.zeros(N_MEMBERS, dtype=int) if watched is None else watched
    return OrderRhythm.fit(
        history.member,
        history.day,
        first_watched_day=first,
        as_of_day=as_of_day,
        n_members=N_MEMBERS,
        rng=np.random.default_rng(3),
        **options,
    )


def test_each_member_has_quantiles_of_the_own_gap() -> None:
    orders = orders_of()
    assert orders.gap_q50_days[3] == pytest.approx(7, abs=1)
    assert 15 < orders.gap_q50_days[60] < 38
    assert (orders.gap_q90_days > orders.gap_q50_days).all()
    assert orders.gap_quantile_days(0.9) == pytest.approx(orders.gap_q90_days, rel=1e-6)


def test_the_same_silence_says_more_of_a_weekly_member() -> None:
    orders = orders_of()
    assert orders.last_day[95] == orders.last_day[96] == 140
    assert orders.survival_now[95] < 0.05 < 0.1 < orders.survival_now[96]
    assert orders.p_order_within(14)[96] > orders.p_order_within(14)[95]


def test_orders_and_days_are_counted_by_member() -> None:
    orders = orders_of()
    assert (orders.n_orders[3], orders.n_orders[60], orders.n_orders[100]) == (20, 6, 0)
    assert (orders.last_day[3], orders.last_day[100]) == (3 + 7 * 19, AS_OF)


def test_who_never_ordered_has_the_populations_first_gap_and_no_silence() -> None:
    orders = orders_of()
    assert orders.survival_now[100] == 1.0
    assert np.isfinite(orders.gap_q90_days[100])
    assert orders.gap_q50_days[100] == orders.gap_q50_days[105]


def test_the_chance_of_a_first_order_falls_with_waiting_for_it() -> None:
    # Members 0 to 49 came within a week, 50 to 89 within a month; 100 has waited for 170 days, 101 for one.
    watched = np.zeros(N_MEMBERS, dtype=int)
    watched[101] = AS_OF - 1
    chance = orders_of(watched=watched).p_order_within(7)
    assert chance[101] > 4 * chance[100] > 0


def test_first_orders_by_hand() -> None:
    # One member ordered on day 10, another was watched from day 0 to 30 without an order: one order in 10 + 30 days.
    history = History.of(np.array([0]), np.array([0]), np.array([10]))
    orders = OrderRhythm.fit(
        history.member,
        history.day,
        first_watched_day=np.zeros(2, int),
        as_of_day=30,
        n_members=2,
        rng=np.random.default_rng(1),
    )
    assert orders.first_rate == pytest.approx(1 / 40)
    assert orders.p_order_within(14)[1] == pytest.approx(1 - np.exp(-14 / 40), rel=0.15)


def test_where_nobody_was_watched_before_the_first_order_no_first_order_is_expected() -> None:
    watched = np.full(N_MEMBERS, AS_OF)
    watched[SHOP.member[SHOP.starts()]] = SHOP.day[SHOP.starts()]
    assert orders_of(watched=watched).p_order_within(30)[100] == 0.0


def test_survival_falls_below_a_share_on_the_day_it_names_and_not_before() -> None:
    rhythm = orders_of().rhythm
    now, shares = orders_of(rhythm=rhythm), (0.5, 0.1)
    named = now.next_change_day(*shares)

    def passed(day: int) -> np.ndarray:
        survival = orders_of(as_of_day=day, rhythm=rhythm).survival_now
        return np.sum([survival <= share + 1e-9 for share in shares], axis=0)

    at_first = passed(AS_OF)
    later = {day: passed(day) for day in range(AS_OF + 1, AS_OF + 25)}
    for member in range(N_MEMBERS):
        flips = [day for day, found in later.items() if found[member] != at_first[member]]
        assert (flips[0] == named[member]) if flips else (named[member] == NEVER or named[member] >= AS_OF + 25)


def test_a_wait_has_the_chance_it_was_asked_for() -> None:
    orders = orders_of()
    wait = orders.wait_days(0.3)
    assert orders.p_order_within(float(wait[60]))[60] == pytest.approx(0.3, abs=1e-6)


def test_orders_from_the_as_of_day_on_are_left_out() -> None:
    later = history_of([(0, 0, AS_OF), (99, 0, AS_OF + 3)])
    merged = History.of(*(np.append(getattr(SHOP, name), getattr(later, name)) for name in History.__slots__))
    first, second = orders_of(), orders_of(merged)
    assert first.p_order_within(14).tobytes() == second.p_order_within(14).tobytes()


def test_one_day_of_watching_each_member_is_needed() -> None:
    with pytest.raises(InputError, match="has 3 rows; there are 110 members"):
        orders_of(watched=np.zeros(3, dtype=int))


def test_nobody_ordered_yet() -> None:
    orders = orders_of(history_of())
    assert (orders.p_order_within(14) >= 0).all()
    assert (orders.p_order_within(14) < 0.1).all()
    assert (orders.next_change_day(0.1) == NEVER).all()
