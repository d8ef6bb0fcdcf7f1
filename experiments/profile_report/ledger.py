"""The points ledger of everybody, posted a hundred thousand members at a time and kept as sums."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import blocks_of
from features.profile.facts import MemberFacts
from features.profile.points_posting import post_member_points
from recsys.loyalty.points_balances import Balances, Lifetime
from recsys.loyalty.points_calendar import expiry_calendar, roll_forward
from recsys.loyalty.points_state import Posting
from recsys.loyalty.programme import Programme

FLOWS = ("earned", "adjusted", "written_off", "redeemed", "expired", "clawed_back")
_SIGNS = np.array([1, 1, 1, -1, -1, -1], dtype=np.int64)


@dataclass(slots=True)
class Ledger:
    """
    Sums over postings, and what each member holds.

    Attributes:
        usable, pending: Parts of shape (n,), in the order of members.
        debt: Points of all.
        flows: By first day of the month: shape (6,), the `FLOWS`.
        ending: By first day of the month: shape (n_tiers,), points that end in it.
        endless: Shape (n_tiers,).
        kept, expired: Points ever earned less those taken back, and those that ended unused.
        n_entries, n_refused: Movements, and redemptions of more than there was.
    """

    usable: list[NDArray[np.int64]] = field(default_factory=list)
    pending: list[NDArray[np.int64]] = field(default_factory=list)
    debt: int = 0
    flows: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    ending: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    endless: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    kept: int = 0
    expired: int = 0
    n_entries: int = 0
    n_refused: int = 0

    def months(self, last: int) -> list[tuple[int, int, tuple[int, ...], int]]:
        """First day, opening, flows and closing of every month from the first with a movement to that of a day."""
        if not self.flows:
            return []
        ends = np.array([min(self.flows), last]).astype("datetime64[D]").astype("datetime64[M]")
        days = np.arange(ends[0], ends[1] + 1).astype("datetime64[D]").astype(np.int64).tolist()
        rows, held = [], 0
        for day in days:
            flows = self.flows.get(day, np.zeros(len(FLOWS), dtype=np.int64))
            opening, held = held, held + int((_SIGNS * flows).sum())
            rows.append((day, opening, tuple(flows.tolist()), held))
        return rows


def post_everybody(
    facts: MemberFacts,
    programme: Programme,
    tiers: tuple[str, ...],
    *,
    recorded: Mapping[str, bool],
    tier: NDArray[np.int64],
    n_tiers: int,
) -> Ledger:
    """
    Post all points facts, and add them up.

    Args:
        facts: Of all members.
        programme: With rules of points.
        tiers: Of the workspace.
        recorded: Norms of the points group.
        tier: Shape (n_members,): where each member's points are added, from 0, below *n_tiers*.
        n_tiers: At least 1.
    """
    ledger, start = Ledger(endless=np.zeros(n_tiers, dtype=np.int64)), 0
    for some in blocks_of(facts):
        posting = post_member_points(some, programme, tiers, recorded=recorded)
        _add(ledger, posting, some, tier[start : start + some.n_members], n_tiers)
        start += some.n_members
    return ledger


def _add(ledger: Ledger, posting: Posting, facts: MemberFacts, tier: NDArray[np.int64], n_tiers: int) -> None:
    balances = Balances.of(posting.closing)
    ledger.usable.append(balances.usable)
    ledger.pending.append(balances.pending)
    ledger.debt += int(balances.debt.sum())
    ever = Lifetime.of(posting.entries.balances(facts.n_members))
    ledger.kept += int(ever.earned.sum()) - int(ever.clawed_back.sum())
    ledger.expired += int(ever.expired.sum())
    ledger.n_entries += len(posting.entries)
    ledger.n_refused += len(posting.refused.number)
    rolled = roll_forward(posting.entries, calendar=facts.calendar)
    flows = np.stack([getattr(rolled, name) for name in FLOWS], axis=1)
    found = expiry_calendar(posting.closing, calendar=facts.calendar, tier=tier, n_tiers=n_tiers)
    ledger.endless = ledger.endless + found.never
    for sums, months, rows in ((ledger.flows, rolled.month, flows), (ledger.ending, found.month, found.points)):
        for day, row in zip(months.tolist(), rows, strict=True):
            sums[day] = sums[day] + row if day in sums else row
