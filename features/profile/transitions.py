"""Every change of a lifecycle stage as a dated fact: who became dormant yesterday, who came back, how many a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.daily_orders import DailyOrders, daily_orders
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, Fitted
from features.profile.lifecycle import ACTIVE, CHURNED, DORMANT, NEW, POTENTIAL, taken_gaps
from features.profile.stage_clock import StageClock
from recsys.errors import InputError
from recsys.loyalty.calendar import Period, ProgrammeCalendar
from recsys.types import STAGES, EpochSeconds, Instants, Rows

_BLOCK_ROWS = 1 << 21
_Stages = int | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StageTransitions:
    """
    Changes of stage, sorted by member, then instant; a member has at most one at an instant.

    Attributes:
        member: Shape (n,), int32.
        at: Shape (n,), int64: the first instant as of which the member is in the new stage.
        from_stage, to_stage: Shape (n,), int8: positions in ``types.STAGES``; never equal.
    """

    member: Rows
    at: Instants
    from_stage: NDArray[np.int8]
    to_stage: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.member)

    def frame(self) -> pl.DataFrame:
        """The same columns as a data frame, without a copy."""
        return pl.DataFrame({field.name: getattr(self, field.name) for field in fields(self)})


def stage_transitions(facts: MemberFacts, fitted: Fitted, start: EpochSeconds, stop: EpochSeconds) -> StageTransitions:
    """
    Every change of stage with its instant in [start, stop).

    As of the instant the member is in ``to_stage``, as of the second before in ``from_stage``, exactly as
    `Lifecycle.view` says with facts before either: an order counts from the second after it, a silence from a local
    midnight. No instant sees what is later: the fitted norms are fixed, as `Lifecycle.fit` made them, and the gap
    distribution that a silence is held against has the member's own gaps before the order that the silence follows.
    To join is no change; the first order ends being potential.

    Args:
        facts: Of all members, or of some.
        fitted: Norms of the lifecycle group, and the rules they were learnt under.
        start, stop: Epoch seconds; *stop* may be the second after ``facts.as_of``, so that the changes of the midnight
            that a run is as of can be had that night.

    Raises:
        InputError: The window ends before it begins, or beyond what the facts tell.
    """
    if not start <= stop <= facts.as_of + 1:
        raise InputError(
            f"the window [{start}, {stop}) of transitions must begin before it ends and end by {facts.as_of + 1}, the "
            "second after the facts' as_of; choose an earlier stop or read later facts"
        )
    clock = StageClock.of(fitted.norms, fitted.rules.config.lifecycle)
    orders = daily_orders(facts).before(stop - 1)
    parts = [_of_block(clock, block, start, stop) for block in _blocks(orders)]
    member, at, from_stage, to_stage = (np.concatenate(column) for column in zip(*parts, strict=True))
    return StageTransitions(member, at, from_stage, to_stage)


def flows(transitions: StageTransitions, calendar: ProgrammeCalendar, period: Period = Period.MONTH) -> pl.DataFrame:
    """
    How many changes from one stage to another each period of the calendar saw.

    Returns:
        period_start (date), from_stage, to_stage (names), n; sorted by period and the order of stages, without rows of
        nothing.
    """
    starts = calendar.period_starts(calendar.local_days(transitions.at), period)
    counts = (
        transitions.frame()
        .with_columns(period_start=pl.Series(starts).cast(pl.Date))
        .group_by("period_start", "from_stage", "to_stage")
        .agg(n=pl.len().cast(pl.Int64))
        .sort("period_start", "from_stage", "to_stage")
    )
    names = {code: stage.value for code, stage in enumerate(STAGES)}
    named = [
        pl.col(column).replace_strict(names, return_dtype=pl.String).alias(column)
        for column in ("from_stage", "to_stage")
    ]
    return counts.select("period_start", *named, "n")


def _blocks(orders: DailyOrders) -> Iterator[DailyOrders]:
    """Parts of a few million rows, each of whole members; at least one."""
    bounds, first = np.append(orders.starts(), len(orders)), 0
    while True:
        last = max(first + 1, int(np.searchsorted(bounds, bounds[first] + _BLOCK_ROWS, side="right")) - 1)
        last = min(last, len(bounds) - 1)
        yield orders.take(slice(int(bounds[first]), int(bounds[last])))
        if last == len(bounds) - 1:
            return
        first = last


def _of_block(
    clock: StageClock, orders: DailyOrders, start: EpochSeconds, stop: EpochSeconds
) -> tuple[NDArray[np.generic], ...]:
    """member, at, from_stage, to_stage of the changes of some members."""
    starts, n = orders.starts(), len(orders)
    new_until = np.repeat(clock.new_until(orders.day[starts]), np.diff(np.append(starts, n)))
    counts_at, next_at, long = _spans(orders, clock.config.min_dormant_days)
    rows = np.flatnonzero(long & (next_at >= start))
    dormant, churned = np.full(n, NEVER), np.full(n, NEVER)
    expected = clock.expected(taken_gaps(clock.gaps(orders), rows))
    dormant[rows], churned[rows] = clock.silent_at(expected, orders.day[rows])

    first = np.zeros(n, dtype=np.bool_)
    first[starts] = True
    ripe = (counts_at < new_until) & (new_until <= next_at)
    in_time = (dormant > new_until) | (new_until == next_at)
    after_new = np.where(in_time, ACTIVE, np.where(churned > new_until, DORMANT, CHURNED))
    back = np.maximum(dormant, new_until) < next_at
    gone = np.maximum(churned, new_until) < next_at
    ended = next_at < NEVER
    kinds: tuple[tuple[NDArray[np.bool_], Instants, _Stages, _Stages], ...] = (
        (first, counts_at, POTENTIAL, np.where(counts_at < new_until, NEW, ACTIVE)),
        (ripe, new_until, NEW, after_new),
        ((dormant > new_until) & (dormant < next_at), dormant, ACTIVE, DORMANT),
        ((churned > new_until) & (churned < next_at), churned, DORMANT, CHURNED),
        (back & ended, next_at, np.where(gone, CHURNED, DORMANT), ACTIVE),
    )
    found = [_where(orders.member, keep & (at >= start) & (at < stop), at, stages) for keep, at, *stages in kinds]
    member, at, from_stage, to_stage = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((at, member))
    return member[order], at[order], from_stage[order], to_stage[order]


def _spans(orders: DailyOrders, short_days: int) -> tuple[Instants, Instants, NDArray[np.bool_]]:
    """When each row begins to count, when the next row of the member does, and whether more days lie between."""
    counts_at = orders.at + 1
    next_at, days = np.full(len(orders), NEVER), np.full(len(orders), short_days + 1)
    same = orders.member[1:] == orders.member[:-1]
    next_at[:-1][same] = counts_at[1:][same]
    days[:-1][same] = np.diff(orders.day)[same]
    return counts_at, next_at, days > short_days


def _where(
    member: Rows, keep: NDArray[np.bool_], at: Instants, stages: Sequence[_Stages]
) -> tuple[NDArray[np.generic], ...]:
    from_stage, to_stage = (np.broadcast_to(np.asarray(stage, dtype=np.int8), keep.shape)[keep] for stage in stages)
    return member[keep], at[keep], from_stage, to_stage
