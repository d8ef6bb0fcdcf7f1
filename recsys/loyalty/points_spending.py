"""Points taken, first in first out: the n-th taking of every life at once, lots of all of them side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.points_entries import Journal, Stage
from recsys.loyalty.points_facts import NONE, TAKE_TARGETS, Account, PointAmounts, Reason, Takings
from recsys.types import Instants, KeepMask


@dataclass(slots=True)
class OpenLots:
    """
    The lots of some lives, sorted by life and, within it, in the order they are taken.

    Attributes:
        begins: Shape (n_lives + 1,): the lots of life i are ``begins[i]:begins[i + 1]``.
        number, at, usable_at, expires_at: Shape (n,), int64.
        left: Shape (n,): points that nobody took; those of a lot that has ended count as expired.
        clawed: Shape (n,): points of the lot that returns took, wherever they were found.
        taken_pending, taken_expired: Shape (n,): of what was taken since: before it was usable, and after its end.
    """

    begins: NDArray[np.int64]
    number: NDArray[np.int64]
    at: Instants
    usable_at: Instants
    expires_at: Instants
    left: PointAmounts
    clawed: PointAmounts
    taken_pending: PointAmounts
    taken_expired: PointAmounts

    def of_lives(self, lives: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lots of some lives one after another, and for each which of the lives (a position) it is of."""
        start = self.begins[lives]
        length = self.begins[lives + 1] - start
        before = np.cumsum(length) - length
        owner = np.repeat(np.arange(len(lives)), length)
        return (start - before)[owner] + np.arange(len(owner)), owner


@dataclass(slots=True)
class Spending:
    """
    Takes points from lots and notes every movement.

    Attributes:
        lots: Change as points are taken.
        debt: Shape (n_lives,): what is owed; while it is above zero no lot has anything usable left.
        settled_at: Shape (n_lives,): until when what became usable has paid.
        journal: What moved.
    """

    lots: OpenLots
    debt: PointAmounts
    settled_at: Instants
    journal: Journal

    def take_all(
        self, takings: Takings, life: NDArray[np.int64], *, own_lot: NDArray[np.int64], write_off: KeepMask
    ) -> tuple[NDArray[np.int64], PointAmounts]:
        """
        Take in order.

        A return or correction takes from its own lot first: what is left of it, also what has expired. Then from what
        is usable, the lot that ends first, then the oldest; what is still missing becomes a debt or is written off. A
        redemption takes all of what it asks for or, where the usable lots hold less, nothing.

        Args:
            takings: Sorted by life, instant, `Stage` and number.
            life: Shape (n,), int64, ascending.
            own_lot: Shape (n,): position among the lots; NONE where there is none.
            write_off: Shape (n,): what is missing is no debt.

        Returns:
            Positions of the redemptions that were refused, and what was usable at each.
        """
        refused, usable = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        if len(life):
            first = np.flatnonzero(np.append(True, life[1:] != life[:-1]))
            count = np.diff(np.append(first, len(life)))
            for step in range(int(count.max())):
                rows = first[count > step] + step
                self.settle(life[rows], takings.at[rows])
                missing = self._from_own_lot(takings, rows, life=life, own_lot=own_lot)
                short, had = self._first_in_first_out(takings, rows, life=life, missing=missing)
                redeem = takings.reason[rows] == Reason.REDEMPTION
                refused.append(rows[redeem & (short > 0)])
                usable.append(had[redeem & (short > 0)])
                owed = np.flatnonzero(~redeem & (short > 0))
                self._owe(takings, rows[owed], life=life, points=short[owed], write_off=write_off)
        return np.concatenate(refused), np.concatenate(usable)

    def pay_after_merge(self, lives: NDArray[np.int64], at: Instants) -> None:
        """Debts that came with a merge are paid by what is usable, in the order lots are taken."""
        lots, owner = self.lots.of_lives(lives)
        can = self._usable(lots, at[owner])
        self._pay(lives, lots=lots, owner=owner, can=can, at=at[owner], stage=np.full(len(lots), Stage.MERGED_PAYS))

    def settle(self, lives: NDArray[np.int64], until: Instants) -> None:
        """Lots that became usable since the last time pay debts, in the order they became usable."""
        owing = np.flatnonzero(self.debt[lives] > 0)
        if len(owing):
            in_debt = lives[owing]
            lots, owner = self.lots.of_lives(in_debt)
            usable_at = self.lots.usable_at[lots]
            new = (usable_at > self.settled_at[in_debt][owner]) & (usable_at <= until[owing][owner])
            new &= usable_at < self.lots.expires_at[lots]
            lots, owner = lots[new], owner[new]
            order = np.lexsort((lots, self.lots.usable_at[lots], owner))
            lots, owner = lots[order], owner[order]
            at = self.lots.usable_at[lots]
            stage = np.where(at > self.lots.at[lots], Stage.USABLE_PAYS, Stage.EARNED_PAYS)
            self._pay(in_debt, lots=lots, owner=owner, can=self.lots.left[lots], at=at, stage=stage)
        self.settled_at[lives] = until

    def _pay(
        self,
        lives: NDArray[np.int64],
        *,
        lots: NDArray[np.int64],
        owner: NDArray[np.int64],
        can: PointAmounts,
        at: Instants,
        stage: NDArray[np.integer],
    ) -> None:
        taken = _share_out(self.debt[lives], owner, can)
        self.lots.left[lots] -= taken
        np.subtract.at(self.debt, lives[owner], taken)
        number = self.lots.number[lots]
        self.journal.add(
            lives[owner], at, stage.astype(np.int64), source=Account.MEMBER, target=Account.DEBT, points=taken,
            lot=number, reason=Reason.DEBT_PAID, order=NONE,
            number=np.arange(len(lots)) if len(lots) and stage[0] == Stage.MERGED_PAYS else number,
        )  # fmt: skip

    def _from_own_lot(
        self, takings: Takings, rows: NDArray[np.int64], *, life: NDArray[np.int64], own_lot: NDArray[np.int64]
    ) -> PointAmounts:
        """What is missing after each taking's own lot."""
        missing = takings.points[rows].copy()
        aimed = np.flatnonzero(own_lot[rows] != NONE)
        if not len(aimed):
            return missing
        row, lot = rows[aimed], own_lot[rows[aimed]]
        at, lots = takings.at[row], self.lots
        taken = np.minimum(missing[aimed], lots.left[lot])
        ended, pending = lots.expires_at[lot] <= at, lots.usable_at[lot] > at
        lots.left[lot] -= taken
        lots.clawed[lot] += takings.points[row]
        lots.taken_expired[lot] += np.where(ended, taken, 0)
        lots.taken_pending[lot] += np.where(pending & ~ended, taken, 0)
        account = np.where(ended, Account.EXPIRED, np.where(pending, Account.PENDING, Account.MEMBER))
        self._note(takings, row, life=life[row], source=account, points=taken, lot=lots.number[lot])
        missing[aimed] -= taken
        return missing

    def _first_in_first_out(
        self, takings: Takings, rows: NDArray[np.int64], *, life: NDArray[np.int64], missing: PointAmounts
    ) -> tuple[PointAmounts, PointAmounts]:
        """What is missing after all usable lots, and what was usable."""
        wanting = np.flatnonzero(missing > 0)
        short, had = missing.copy(), np.zeros(len(rows), dtype=np.int64)
        if not len(wanting):
            return short, had
        row = rows[wanting]
        lots, owner = self.lots.of_lives(life[row])
        can = self._usable(lots, takings.at[row][owner])
        np.add.at(had, wanting[owner], can)
        wanted = missing[wanting]
        wanted[(takings.reason[row] == Reason.REDEMPTION) & (had[wanting] < wanted)] = 0
        taken = _share_out(wanted, owner, can)
        self.lots.left[lots] -= taken
        np.subtract.at(short, wanting[owner], taken)
        self._note(
            takings, row[owner], life=life[row][owner], source=Account.MEMBER, points=taken, lot=self.lots.number[lots]
        )
        return short, had

    def _owe(
        self,
        takings: Takings,
        rows: NDArray[np.int64],
        *,
        life: NDArray[np.int64],
        points: PointAmounts,
        write_off: KeepMask,
    ) -> None:
        account = np.where(write_off[rows], Account.WRITTEN_OFF, Account.DEBT)
        self.debt[life[rows]] += np.where(write_off[rows], 0, points)
        self._note(takings, rows, life=life[rows], source=account, points=points, lot=NONE)

    def _usable(self, lots: NDArray[np.int64], at: Instants) -> PointAmounts:
        now = (self.lots.usable_at[lots] <= at) & (self.lots.expires_at[lots] > at)
        return np.where(now, self.lots.left[lots], 0)

    def _note(
        self,
        takings: Takings,
        rows: NDArray[np.int64],
        *,
        life: NDArray[np.int64],
        source: Account | NDArray[np.integer],
        points: PointAmounts,
        lot: int | NDArray[np.int64],
    ) -> None:
        reason = takings.reason[rows]
        stage = taking_stage(reason)
        self.journal.add(
            life, takings.at[rows], stage, source=source, target=TAKE_TARGETS[reason], points=points, lot=lot,
            reason=reason, order=takings.order[rows], number=takings.number[rows],
        )  # fmt: skip


def taking_stage(reason: NDArray[np.uint8]) -> NDArray[np.int64]:
    """When at its instant each taking happens."""
    return np.where(reason == Reason.REDEMPTION, Stage.REDEEM, Stage.TAKE_BACK).astype(np.int64)


def _share_out(wanted: PointAmounts, owner: NDArray[np.int64], can: PointAmounts) -> PointAmounts:
    """What each lot gives: all it can, in order, until its owner has what is wanted. *owner* ascends."""
    total = np.cumsum(can)
    first = np.searchsorted(owner, np.arange(len(wanted)))
    before_all = np.append(0, total)[first]
    before = total - can - before_all[owner]
    given: PointAmounts = np.clip(wanted[owner] - before, 0, can)
    return given
