"""One stretch of lives from facts to movements: lots are made, become usable, are spent and end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.loyalty.points_ends import lot_dates, moved_by_activity, rules_in_force
from recsys.loyalty.points_entries import Journal, Stage
from recsys.loyalty.points_facts import LOT_SOURCES, NONE, Account, Earnings, PointAmounts, Reason, Takings
from recsys.loyalty.points_rules import BelowZero, PointsRules
from recsys.loyalty.points_spending import OpenLots, Spending
from recsys.types import Instants, KeepMask, Rows


@dataclass(frozen=True, slots=True)
class LotBook:
    """
    Lots as they stand at an instant.

    Attributes:
        holder: Shape (n,), int32: the member row; while posting, the life.
        number, at: Shape (n,), int64: the lot's own number and when it was earned.
        usable_at, expires_at: Shape (n,), int64; NEVER where a lot does not end.
        points: Shape (n,), int64: what it began with.
        left: Shape (n,), int64: what nobody took; of a lot that has ended, what expired.
        clawed: Shape (n,), int64: what returns of its order took, wherever they found it.
    """

    holder: Rows
    number: NDArray[np.int64]
    at: Instants
    usable_at: Instants
    expires_at: Instants
    points: PointAmounts
    left: PointAmounts
    clawed: PointAmounts

    def __len__(self) -> int:
        return len(self.holder)

    def take(self, rows: NDArray[np.integer] | slice) -> "LotBook":
        """Some of the lots, in the order of *rows*."""
        return LotBook(*(getattr(self, name)[rows] for name in LotBook.__slots__))


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Lives from a start to an end, with nothing shared between them.

    Attributes:
        start, end: Shape (n_lives,): facts lie after start (at it, after a merge) and what happens at end still counts.
        debt: Shape (n_lives,): at the start.
        merged: Shape (n_lives,), bool: begins with a merge, so its debt may meet usable lots.
    """

    start: Instants
    end: Instants
    debt: PointAmounts
    merged: KeepMask

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a stretch leaves.

    Attributes:
        book: All lots, sorted by life, then in the order they are taken.
        debt: Shape (n_lives,).
        refused: Positions of the redemptions that asked for more than there was.
        usable: What there was, one for each of them.
    """

    book: LotBook
    debt: PointAmounts
    refused: NDArray[np.int64]
    usable: PointAmounts


def run_stretch(
    stretch: Stretch,
    opening: LotBook,
    earnings: Earnings,
    takings: Takings,
    *,
    history: Sequence[PointsRules],
    calendar: ProgrammeCalendar,
    journal: Journal,
) -> Outcome:
    """
    Post the facts of some lives; in *opening*, *earnings* and *takings* the member is the life, from 0.

    Args:
        stretch: The lives.
        opening: Lots that they begin with.
        earnings: In any order.
        takings: Sorted by life, instant, stage, number.
        history: Rules, ascending.
        calendar: Where days end.
        journal: Takes up the movements.

    Raises:
        InputError: A return names a lot that the member has not, had not yet, or takes more of it than it held.
    """
    usable_at, expires_at = lot_dates(earnings.at, history, calendar)
    begun = LotBook(
        earnings.member, earnings.number, earnings.at, usable_at, expires_at, earnings.points,
        earnings.points, np.zeros(len(earnings), dtype=np.int64),
    )  # fmt: skip
    book, is_new = begun, np.ones(len(begun), dtype=np.bool_)
    if len(opening):
        book = LotBook(*(np.concatenate([getattr(opening, n), getattr(begun, n)]) for n in LotBook.__slots__))
        is_new = np.arange(len(book)) >= len(opening)
    by_date = history[0].expiry.inactivity_months is None
    if not by_date:
        book = _moved(book, stretch, earnings, takings, history=history, calendar=calendar)
    order = _taking_order(book, by_date=by_date)
    if order is not None:
        book = book.take(order)
        is_new = is_new[order]
    lots = _open(book, len(stretch))
    spending = Spending(lots, stretch.debt.copy(), stretch.start.copy(), journal)
    in_debt = np.flatnonzero(stretch.merged & (stretch.debt > 0))
    spending.pay_after_merge(in_debt, stretch.start[in_debt])
    life = takings.member.astype(np.int64)
    version = rules_in_force(takings.at, history, calendar)
    no_debt = np.array([rules.returns.below_zero is BelowZero.WRITE_OFF for rules in history])
    own_lot = _own_lots(takings, book)
    refused, usable = spending.take_all(takings, life, own_lot=own_lot, write_off=no_debt[version])
    _require_not_over(lots, book.points)
    spending.settle(np.arange(len(stretch)), stretch.end)
    _note_lots(journal, stretch, lots, opened=book, is_new=is_new)
    _note_earned(journal, earnings, usable_at)
    return Outcome(replace(book, left=lots.left, clawed=lots.clawed), spending.debt, refused, usable)


def _moved(
    book: LotBook,
    stretch: Stretch,
    earnings: Earnings,
    takings: Takings,
    *,
    history: Sequence[PointsRules],
    calendar: ProgrammeCalendar,
) -> LotBook:
    """The lots with the ends that orders, events and redemptions move."""
    bought = np.flatnonzero(earnings.reason <= Reason.EVENT)
    spent = np.flatnonzero(takings.reason == Reason.REDEMPTION)
    who = np.concatenate([earnings.member[bought], takings.member[spent]]).astype(np.int64)
    when = np.concatenate([earnings.at[bought], takings.at[spent]])
    until = lot_dates(when, history, calendar)[1]
    holder = book.holder.astype(np.int64)
    since = np.maximum(book.at, stretch.start[holder])
    ends = moved_by_activity(holder, since, book.expires_at, activity=(who, when, until))
    return replace(book, expires_at=ends)


def _taking_order(book: LotBook, *, by_date: bool) -> NDArray[np.intp] | None:
    """
    By life, end, age, number; None where they lie so already.

    Where inactivity ends points the end counts for nothing: it would depend on what a member does later.
    """
    ends = [book.expires_at] if by_date else []
    keys: list[NDArray[Any]] = [book.holder, *ends, book.at, book.number]
    rises, level = np.zeros(max(len(book) - 1, 0), dtype=np.bool_), np.ones(max(len(book) - 1, 0), dtype=np.bool_)
    for key in keys:
        rises |= level & (key[1:] > key[:-1])
        level &= key[1:] == key[:-1]
    return None if rises.all() else np.lexsort(keys[::-1])


def _open(book: LotBook, n_lives: int) -> OpenLots:
    zeros = np.zeros(len(book), dtype=np.int64)
    begins = np.searchsorted(book.holder, np.arange(n_lives + 1)).astype(np.int64)
    return OpenLots(
        begins, book.number, book.at, book.usable_at, book.expires_at, book.left.copy(), book.clawed.copy(),
        zeros, zeros.copy(),
    )  # fmt: skip


def _own_lots(takings: Takings, book: LotBook) -> NDArray[np.int64]:
    """Shape (n,): the position of the lot that each taking names; NONE where it names none."""
    own = np.full(len(takings), NONE, dtype=np.int64)
    aimed = np.flatnonzero(takings.lot != NONE)
    if not len(aimed):
        return own
    wanted = takings.lot[aimed]
    order = np.argsort(book.number)
    found = order[np.minimum(np.searchsorted(book.number, wanted, sorter=order), len(order) - 1)] if len(order) else own
    for row in range(len(aimed)) if not len(order) else np.flatnonzero(book.number[found] != wanted)[:1]:
        raise InputError(
            f"taking {takings.number[aimed[row]]} names lot {wanted[row]}, which nobody here has earned; give the "
            "number of an earlier lot"
        )
    for row in np.flatnonzero((book.holder[found] != takings.member[aimed]) | (book.at[found] > takings.at[aimed]))[:1]:
        raise InputError(
            f"taking {takings.number[aimed[row]]} at {takings.at[aimed[row]]} names lot {wanted[row]}, which another "
            f"member holds or which was earned later (at {book.at[found[row]]}); correct the member or the dates"
        )
    own[aimed] = found
    return own


def _require_not_over(lots: OpenLots, points: PointAmounts) -> None:
    for row in np.flatnonzero(lots.clawed > points)[:1]:
        raise InputError(
            f"returns take {lots.clawed[row]} points of lot {lots.number[row]}, which earned {points[row]}; a lot is "
            "taken back at most once"
        )


def _note_earned(journal: Journal, earnings: Earnings, usable_at: Instants) -> None:
    journal.add(
        earnings.member.astype(np.int64), earnings.at, Stage.EARN, source=LOT_SOURCES[earnings.reason],
        target=np.where(usable_at > earnings.at, Account.PENDING, Account.MEMBER), points=earnings.points,
        lot=earnings.number, reason=earnings.reason, order=earnings.order, number=earnings.number,
    )  # fmt: skip


def _note_lots(journal: Journal, stretch: Stretch, lots: OpenLots, *, opened: LotBook, is_new: KeepMask) -> None:
    """Pending lots that become usable, and ends."""
    life = opened.holder.astype(np.int64)
    start, end = stretch.start[life], stretch.end[life]
    waits = (lots.usable_at > lots.at) & (lots.usable_at <= end) & (lots.usable_at < lots.expires_at)
    waits &= is_new | (lots.usable_at > start)
    rows = np.flatnonzero(waits)
    journal.add(
        life[rows], lots.usable_at[rows], Stage.BECOME_USABLE, source=Account.PENDING, target=Account.MEMBER,
        points=(opened.left - lots.taken_pending)[rows], lot=lots.number[rows], reason=Reason.USABLE, order=NONE,
        number=lots.number[rows],
    )  # fmt: skip
    rows = np.flatnonzero((lots.expires_at <= end) & (is_new | (lots.expires_at > start)))
    account = np.where(lots.usable_at < lots.expires_at, Account.MEMBER, Account.PENDING)
    journal.add(
        life[rows], lots.expires_at[rows], Stage.EXPIRE, source=account[rows], target=Account.EXPIRED,
        points=(lots.left + lots.taken_expired)[rows], lot=lots.number[rows], reason=Reason.EXPIRY, order=NONE,
        number=lots.number[rows],
    )  # fmt: skip
