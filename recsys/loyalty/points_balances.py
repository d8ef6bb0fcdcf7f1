"""What members have: balances, what ends when, what they ever got, and when the next of it changes by itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.points_facts import NEVER, Account, PointAmounts
from recsys.loyalty.points_rules import RedemptionRules
from recsys.loyalty.points_state import PointsState
from recsys.types import EpochSeconds, Instants, Rows


@dataclass(frozen=True, slots=True)
class Balances:
    """
    Points of each member at the instant of a state, shape (n_members,), int64, at least 0.

    Attributes:
        usable: Can be redeemed.
        pending: Will become usable.
        debt: Is paid by what is earned or becomes usable next; above 0 only where usable is 0.
    """

    usable: PointAmounts
    pending: PointAmounts
    debt: PointAmounts

    @classmethod
    def of(cls, state: PointsState) -> "Balances":
        """Add up the open lots; the same as the accounts MEMBER, PENDING and DEBT of all entries."""
        lots, n_members = state.lots, len(state.debt)
        open_ = lots.expires_at > state.at
        pending = open_ & (lots.usable_at > state.at)
        usable = np.zeros((2, n_members), dtype=np.int64)
        for row, which in enumerate((open_ & ~pending, pending)):
            rows = np.flatnonzero(which)
            np.add.at(usable[row], lots.holder[rows], lots.left[rows])
        return cls(usable[0], usable[1], state.debt.copy())


@dataclass(frozen=True, slots=True)
class Ending:
    """
    Points that end if nobody spends them, by member, then end, then lot.

    Attributes:
        member: Shape (n,), int32.
        expires_at: Shape (n,): the first instant without them.
        points: Shape (n,), int64, at least 1.
        lot: Shape (n,), int64.
    """

    member: Rows
    expires_at: Instants
    points: PointAmounts
    lot: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.member)


def expiring(state: PointsState, until: EpochSeconds, *, member: int | None = None) -> Ending:
    """
    What ends when, as known at the instant of the state: later activity may move an end by inactivity.

    Args:
        state: Lots as they stand.
        until: Ends at or before this instant.
        member: One member's only; absent means everybody's.

    Raises:
        InputError: *until* is before the state.
    """
    if until < state.at:
        raise InputError(f"ends until {until} are asked of points as of {state.at}; ask for a later instant")
    lots = state.lots
    keep = (lots.left > 0) & (lots.expires_at > state.at) & (lots.expires_at <= until) & (lots.expires_at < NEVER)
    if member is not None:
        keep &= lots.holder == member
    rows = np.flatnonzero(keep)
    rows = rows[np.lexsort((lots.number[rows], lots.expires_at[rows], lots.holder[rows]))]
    return Ending(lots.holder[rows], lots.expires_at[rows], lots.left[rows], lots.number[rows])


def next_change_at(state: PointsState) -> Instants:
    """
    When a member's points next change by time alone.

    Returns:
        Shape (n_members,): the earliest instant after the state's at which a lot ends or becomes usable; NEVER where
        none does. Until then, and without new facts, nothing needs to be posted for the member.
    """
    lots = state.lots
    coming = np.where(lots.usable_at > state.at, np.minimum(lots.usable_at, lots.expires_at), lots.expires_at)
    rows = np.flatnonzero((lots.left > 0) & (lots.expires_at > state.at))
    following = np.full(len(state.debt), NEVER, dtype=np.int64)
    np.minimum.at(following, lots.holder[rows], coming[rows])
    return following


def redemption_worth(points: int, *, balance: int, redemption: RedemptionRules) -> int:
    """
    What so many points pay in minor units, for a member who has *balance* usable ones; nothing is posted.

    Raises:
        InputError: They are more than the balance or fewer than the minimum; the message says which and how many.

    Example:
        >>> redemption_worth(250, balance=400, redemption=RedemptionRules(points=100, worth_minor=50, minimum=200))
        125
    """
    if points > balance:
        raise InputError(f"{points} points are asked for and the balance is {balance}; redeem at most the balance")
    if points < redemption.minimum:
        raise InputError(
            f"{points} points are asked for and the smallest redemption is {redemption.minimum}, the balance is "
            f"{balance}; redeem at least the smallest"
        )
    return redemption.worth(points)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """
    What members ever got and gave, shape (n_members,), int64. What a merge brought is in `merged`, not in `earned`.

    Attributes:
        earned, adjusted: Given for orders and events; given by hand less taken by hand.
        redeemed: Spent, less what refunds gave back.
        expired, clawed_back, written_off: Ended unused; taken back; owed and forgiven.
        merged: Brought by members merged into this one, less what left with a merge.
    """

    earned: PointAmounts
    adjusted: PointAmounts
    redeemed: PointAmounts
    expired: PointAmounts
    clawed_back: PointAmounts
    written_off: PointAmounts
    merged: PointAmounts

    @classmethod
    def of(cls, accounts: PointAmounts) -> "Lifetime":
        """Read the accounts, shape (n_members, number of accounts), as `Entries.balances` gives them."""
        return cls(
            earned=-accounts[:, Account.ISSUED],
            adjusted=-accounts[:, Account.ADJUSTED],
            redeemed=accounts[:, Account.REDEEMED].copy(),
            expired=accounts[:, Account.EXPIRED].copy(),
            clawed_back=accounts[:, Account.CLAWED_BACK].copy(),
            written_off=-accounts[:, Account.WRITTEN_OFF],
            merged=-accounts[:, Account.MERGED],
        )

    def breakage_rate(self) -> float:
        """The share of all points earned and kept (not taken back) that expired; NaN where none were."""
        kept = int(self.earned.sum()) - int(self.clawed_back.sum())
        return int(self.expired.sum()) / kept if kept > 0 else float("nan")
