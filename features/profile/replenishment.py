"""What a member needs again: families of products that are due or overdue, and every pair's clock as a table."""

from dataclasses import dataclass, fields, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.families import clock_of, learn_families
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import UNKNOWN_ROW, EpochSeconds, Instants, Rows

_NO_DAY = np.iinfo(np.uint16).max
"""The day of a family that is not there: in the year 2149. Days before 1970 or from then on are the nearest."""
_LATEST, _UNKNOWN = 2**40, -1
_AT_ONCE = 50_000


class Replenishment:
    """
    Families (categories) by the member's own clock of each: early, due or overdue (`features.rhythm.clock`).

    Products without a category belong to no family. The columns look at the families that the member bought on most
    days, ``families_kept`` of them; states change at local midnights, without a new fact.
    """

    name = "replenishment"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """How many are due and overdue, when the next one is, and which is first."""
        most = rules.config.replenishment.families_kept
        return (
            ColumnSpec("n_due_families", "int32", Unit.COUNT, "Families of products that are due", 0, most),
            ColumnSpec("n_overdue_families", "int32", Unit.COUNT, "Families of products that are overdue", 0, most),
            ColumnSpec(
                "next_due_at",
                "int64",
                Unit.EPOCH_SECONDS,
                "When the next family that is not due yet becomes due",
                -_LATEST,
                _LATEST,
                _UNKNOWN,
            ),
            ColumnSpec(
                "top_due_family",
                "int32",
                Unit.CODE,
                "The family that is due and was to be expected earliest",
                0,
                2**31 - 1,
                UNKNOWN_ROW,
                names="category",
            ),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """How soon families are bought again, by all members."""
        return learn_families(facts, rules.config.replenishment, seed=rules.config.seed)

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """The days on which each family kept becomes due, is most likely, and becomes overdue."""
        n, width = facts.n_members, fitted.rules.config.replenishment.families_kept
        clock, code = clock_of(facts, fitted, facts.as_of)
        order = np.lexsort((code, -clock.n_purchases, clock.member))
        member = clock.member[order]
        starts = np.flatnonzero(np.diff(member, prepend=-1))
        rank = np.arange(len(member)) - np.repeat(starts, np.diff(np.append(starts, len(member))))
        kept, rank = order[rank < width], rank[rank < width]

        def matrix(values: NDArray[np.int32], missing: int, dtype: type) -> NDArray[np.integer]:
            column: NDArray[np.integer] = np.full((n, width), missing, dtype=dtype)
            column[clock.member[kept], rank] = values[kept]
            return column

        days = {"early_day": clock.early_day, "due_day": clock.due_day, "late_day": clock.late_day}
        return {
            **{name: matrix(np.clip(day, 0, _NO_DAY - 1), _NO_DAY, np.uint16) for name, day in days.items()},
            "family": matrix(code, UNKNOWN_ROW, np.int32),
            NEXT_CHANGE_AT: np.full(n, NEVER, dtype=np.int64),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """States as of an instant: days compared with its day."""
        calendar = ProgrammeCalendar(fitted.norms["timezone"])
        today = np.uint16(_today(calendar, as_of))
        early_day, due_day = summary["early_day"], summary["due_day"]
        overdue = summary["late_day"] < today
        due = (early_day <= today) & ~overdue
        ahead = np.where(early_day > today, early_day, _NO_DAY).min(axis=1)
        next_due_at = np.full(len(ahead), _UNKNOWN, dtype=np.int64)
        next_due_at[ahead != _NO_DAY] = calendar.starts_of(ahead[ahead != _NO_DAY])
        first = np.where(due, due_day, _NO_DAY).argmin(axis=1)
        top = np.take_along_axis(summary["family"], first[:, None], axis=1)[:, 0]
        return {
            "n_due_families": due.sum(axis=1, dtype=np.int32),
            "n_overdue_families": overdue.sum(axis=1, dtype=np.int32),
            "next_due_at": next_due_at,
            "top_due_family": np.where(due.any(axis=1), top, UNKNOWN_ROW).astype(np.int32),
        }


@dataclass(frozen=True, slots=True)
class DuePairs:
    """
    Every member and family with a purchase, sorted by member, then family.

    Attributes:
        member: Shape (n,), int32.
        family: Shape (n,), int32: code of the category.
        last_at: Shape (n,), int64: the beginning of the local day of the last purchase.
        early_at, due_at, late_at: Shape (n,), int64: the beginnings of the day on which the family becomes due, of the
            day by whose end half of such gaps are over, and of the first day on which it is overdue.
        state: Shape (n,), int8: position in `features.rhythm.clock.DUE_STATES`.
        probability: Shape (n,), float32: a purchase within ``horizon_days``, given the silence; that many never come
            back counts.
    """

    member: Rows
    family: Rows
    last_at: Instants
    early_at: Instants
    due_at: Instants
    late_at: Instants
    state: NDArray[np.int8]
    probability: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.member)

    def frame(self) -> pl.DataFrame:
        """The same columns as a data frame, without a copy."""
        return pl.DataFrame({field.name: getattr(self, field.name) for field in fields(self)})


def due_pairs(facts: MemberFacts, fitted: Fitted, as_of: EpochSeconds) -> DuePairs:
    """
    Where every pair stands, for rankings and offers: no discount on what is about to be bought anyway.

    Members are taken some tens of thousands at a time, so that little is held besides facts and pairs.

    Args:
        facts: Of all members, or of some; what is not before *as_of* is left out.
        fitted: Norms of the replenishment group, and the rules they were learnt under.
        as_of: Epoch seconds.
    """
    if facts.n_members <= _AT_ONCE:
        return _pairs(facts, fitted, as_of)
    parts: list[DuePairs] = []
    for start in range(0, facts.n_members, _AT_ONCE):
        some = facts.of_members(np.arange(start, min(start + _AT_ONCE, facts.n_members)))
        part = _pairs(some, fitted, as_of)
        parts.append(replace(part, member=part.member + np.int32(start)))
    names = [field.name for field in fields(DuePairs)]
    return DuePairs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _pairs(facts: MemberFacts, fitted: Fitted, as_of: EpochSeconds) -> DuePairs:
    clock, code = clock_of(facts, fitted, as_of)
    order = np.lexsort((code, clock.member))
    starts_of, today = facts.calendar.starts_of, _today(facts.calendar, as_of)
    # The clock's own state is that at the end of its last day, and an instant may be in the middle of one.
    state = (today >= clock.early_day).astype(np.int8) + (today > clock.late_day)
    return DuePairs(
        member=clock.member[order],
        family=code[order],
        last_at=starts_of(clock.last_day[order]),
        early_at=starts_of(clock.early_day[order]),
        due_at=starts_of(clock.due_day[order]),
        late_at=starts_of(clock.late_day[order] + 1),
        state=state[order].astype(np.int8),
        probability=clock.probability[order],
    )


def _today(calendar: ProgrammeCalendar, as_of: EpochSeconds) -> int:
    return int(calendar.local_days(np.array([as_of]))[0])
