"""Lifecycle stages by the member's own rhythm: who is silent for longer than almost all of their own gaps."""

import numpy as np
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec, Unit
from features.profile.daily_orders import DailyOrders, daily_orders
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.stage_clock import StageClock, whole_days
from features.rhythm.gaps import OwnGaps
from features.rhythm.hazard import Expected
from recsys.types import SECONDS_PER_DAY, STAGES, EpochSeconds, Stage

POTENTIAL, NEW, ACTIVE, DORMANT, CHURNED = (STAGES.index(stage) for stage in Stage)
"""Codes of the stages."""

UNKNOWN = -1
_LATEST, _HORIZON_DAYS = 2**40, 30.0
_LONGEST_DAYS = 36_500
_MOST_DAYS_AGO = 200_000
"""Joining may be recorded as the first day of a calendar; nothing depends on how long ago that is."""


class Lifecycle:
    """
    Potential before the first order, new for some days from it, then active, dormant or churned by silence.

    The silence is held against the member's own gap distribution (`StageClock`), known from the gaps before the
    present one, so that a stage never depends on what came later. Orders of one local day are one; free orders and
    orders before joining count. An instant named here is the first one as of which the new stage holds: an order
    counts from the second after it, a silence from a midnight.
    """

    name = "lifecycle"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:  # noqa: ARG002 - no setting adds or removes a column
        """The stage, its neighbours in time, and the rhythm behind it."""
        last = len(STAGES) - 1
        return (
            ColumnSpec("stage", "int8", Unit.CODE, "Lifecycle stage", 0, last, names="stage"),
            _instant("stage_since_at", "When the stage began; of a potential member, when they joined"),
            ColumnSpec(
                "became_stage_days_ago",
                "int32",
                Unit.DAYS,
                "Whole days in the stage",
                0,
                _MOST_DAYS_AGO,
                UNKNOWN,
                ages=1,
            ),
            ColumnSpec("previous_stage", "int8", Unit.CODE, "Stage before this one", 0, last, UNKNOWN, names="stage"),
            _instant("next_stage_at", "When the next stage comes if nothing is bought; unknown where none does"),
            _days("gap_q50_days", "Half of the member's gaps between orders are over by then"),
            _days("gap_q90_days", "Nine of ten of the member's gaps between orders are over by then"),
            ColumnSpec("p_order_30d", "float32", Unit.PROBABILITY, "An order within 30 days", 0, 1, float("nan")),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """The rhythm of orders of all members, to which a member's own is shrunk."""
        config = rules.config
        return StageClock.fit(facts, daily_orders(facts), config.lifecycle, seed=config.seed).norms()

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """The instants of each member at which the stage changed last and will change next."""
        clock = StageClock.of(fitted.norms, fitted.rules.config.lifecycle)
        orders = daily_orders(facts)
        own = clock.gaps(orders)
        starts, ends = orders.starts(), orders.ends()
        buyers, n = orders.member[ends], facts.n_members
        expected = clock.expected(taken_gaps(own, ends))
        new_until = clock.new_until(orders.day[starts])
        new_from = orders.at[starts] + 1
        dormant, churned = clock.silent_at(expected, orders.day[ends])
        active_at = np.maximum(new_until, new_from)
        active_from = np.where(new_until > new_from, NEW, POTENTIAL).astype(np.int8)
        rows, back_from = _comebacks(clock, orders, own, np.repeat(new_until, np.diff(np.append(starts, len(orders)))))
        place = np.searchsorted(buyers, orders.member[rows])
        active_at[place] = orders.at[rows] + 1  # ascending: the last return stays
        active_from[place] = back_from

        def spread(values: NDArray[np.generic], missing: float) -> NDArray[np.generic]:
            column = np.full(n, missing, dtype=values.dtype)
            column[buyers] = values
            return column

        unknown = ~facts.joined_known & (spread(new_from, UNKNOWN) == UNKNOWN)
        return {
            "joined_at": np.where(unknown, UNKNOWN, facts.joined_at),
            "new_from_at": spread(new_from, UNKNOWN),
            "new_until_at": spread(new_until, NEVER),
            "active_at": spread(active_at, NEVER),
            "active_from": spread(active_from, UNKNOWN),
            "dormant_at": spread(dormant, NEVER),
            "churned_at": spread(churned, NEVER),
            "last_day": spread(orders.day[ends], UNKNOWN),
            "location": spread(expected.location, np.nan),
            "spread": spread(expected.spread, np.nan),
            "level": spread(expected.level, np.nan),
            "stratum": spread(expected.stratum, 0),
            "gap_q50_days": spread(clock.rhythm.quantile(expected, 0.5).astype(np.float32), np.nan),
            "gap_q90_days": spread(clock.rhythm.quantile(expected, 0.9).astype(np.float32), np.nan),
            NEXT_CHANGE_AT: np.full(n, NEVER, dtype=np.int64),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """The stage as of an instant, from the instants of its changes."""
        ordered = summary["new_from_at"] != UNKNOWN
        new_until = summary["new_until_at"]
        # Who is new is neither dormant nor churned: those changes wait until the end of being new.
        dormant, churned = np.maximum(summary["dormant_at"], new_until), np.maximum(summary["churned_at"], new_until)
        is_stage = [~ordered, as_of < new_until, as_of < dormant, as_of < churned]
        stage = np.select(is_stage, [POTENTIAL, NEW, ACTIVE, DORMANT], default=CHURNED)
        since = np.choose(stage, [summary["joined_at"], summary["new_from_at"], summary["active_at"], dormant, churned])
        previous = np.choose(
            stage,
            [
                UNKNOWN,
                POTENTIAL,
                summary["active_from"],
                np.where(summary["dormant_at"] > new_until, ACTIVE, NEW),
                np.where(summary["churned_at"] > new_until, DORMANT, NEW),
            ],
        )
        ago = np.clip((as_of - since) // SECONDS_PER_DAY, 0, _MOST_DAYS_AGO)
        coming = np.choose(stage, [UNKNOWN, new_until, dormant, churned, UNKNOWN])
        return {
            "stage": stage.astype(np.int8),
            "stage_since_at": since,
            "became_stage_days_ago": np.where(since == UNKNOWN, UNKNOWN, ago).astype(np.int32),
            "previous_stage": previous.astype(np.int8),
            "next_stage_at": coming,
            "gap_q50_days": summary["gap_q50_days"],
            "gap_q90_days": summary["gap_q90_days"],
            "p_order_30d": _chance(summary, fitted, ordered, as_of),
        }


def taken_gaps(own: OwnGaps, rows: NDArray[np.int64]) -> OwnGaps:
    """Some of the rows."""
    return OwnGaps(own.repeats[rows], own.weight[rows], own.log_days[rows], own.log_days_squared[rows])


def _comebacks(
    clock: StageClock, orders: DailyOrders, own: OwnGaps, new_until: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Rows of orders that ended dormancy or churn, ascending; and which of the two."""
    same = orders.member[1:] == orders.member[:-1]
    rows = np.flatnonzero(same & (np.diff(orders.day) > clock.config.min_dormant_days))
    dormant, churned = clock.silent_at(clock.expected(taken_gaps(own, rows)), orders.day[rows])
    back_at = orders.at[rows + 1] + 1
    back = back_at > np.maximum(dormant, new_until[rows])
    gone = back_at > np.maximum(churned, new_until[rows])
    return rows[back] + 1, np.where(gone[back], CHURNED, DORMANT).astype(np.int8)


def _chance(summary: Summary, fitted: Fitted, ordered: NDArray[np.bool_], as_of: EpochSeconds) -> NDArray[np.float32]:
    clock = StageClock.of(fitted.norms, fitted.rules.config.lifecycle)
    expected = Expected(*(summary[name][ordered] for name in ("location", "spread", "level", "stratum")))
    silent = np.maximum(whole_days(clock.calendar, as_of) - 1 - summary["last_day"][ordered], 0)
    chance = np.full(len(ordered), np.nan, dtype=np.float32)
    chance[ordered] = clock.rhythm.probability(expected, silent, _HORIZON_DAYS)
    return chance


def _instant(name: str, meaning: str) -> ColumnSpec:
    return ColumnSpec(name, "int64", Unit.EPOCH_SECONDS, meaning, -_LATEST, _LATEST, UNKNOWN)


def _days(name: str, meaning: str) -> ColumnSpec:
    return ColumnSpec(name, "float32", Unit.DAYS, meaning, 0, _LONGEST_DAYS + 1, float("nan"))
