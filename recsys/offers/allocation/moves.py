"""Changes of single choices, best first, taken as far as the rows allow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.allocation.oracle import reduced_values, totals
from recsys.offers.allocation.problem import Choice, Columns, Limits, Values
from recsys.offers.allocation.rows import COUNT, DISCOUNT
from recsys.types import UNKNOWN_ROW, KeepMask, Rows

Positions = NDArray[np.int64]

_BLOCK = 16_384
_MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Change:
    """
    What one offer in place of the present one would do, for a block of members.

    Attributes:
        value, reduced, discount: Shape (members,): differences; *reduced* is value less the price of what is used.
        use: Shape (members,): difference of one row's activity; 0 where no row is asked about.
    """

    value: Values
    reduced: Values
    discount: Values
    use: Values


Wish = Callable[[Change], Values]
"""Shape (members,): how much each change is wished for; -inf where it is not."""


@dataclass(slots=True)
class Standing:
    """
    Choices that are being improved, and what they use.

    Attributes:
        columns, limits: The problem.
        price: Shape (n_rows,): of the rows, as in *limits*.
        choice: Changed in place.
        activity: Shape (n_rows,), of *choice*.
    """

    columns: Columns
    limits: Limits
    price: Values
    choice: Choice
    activity: Values

    @property
    def slack(self) -> Values:
        """Shape (n_rows,): what is left of each bound; below 0 where it is broken by more than rounding."""
        return self.limits.bound + self.limits.tolerance - self.activity

    def improve(self, wish: Wish, *, guarded: KeepMask, row: int | None = None) -> int:
        """
        Take the changes that are wished for most, at most one a member and slot.

        Args:
            wish: What is wished for.
            guarded: Shape (n_rows,): rows that no change may break, or break further.
            row: Bring this row's activity down, no further than its bound.

        Returns:
            Changes taken.
        """
        taken = 0
        for slot in range(self.columns.n_slots):
            member, target = self.wished(wish, slot, guarded=guarded, row=row)
            delta = self.uses(member, target) - self.uses(member, self.choice[slot, member])
            slack = np.where(guarded, np.maximum(self.slack, 0.0), np.inf)
            need = None if row is None else -float(self.slack[row])
            kept = affordable(delta, slack, row=row, need=need)
            self.choice[slot, member[kept]] = target[kept]
            self.activity = totals(self.columns, self.limits, self.choice)[1] if len(kept) else self.activity
            taken += len(kept)
        return taken

    def wished(self, wish: Wish, slot: int, *, guarded: KeepMask, row: int | None = None) -> tuple[Rows, Rows]:
        """Members, and what each should have in this slot, the most wished for first; arguments as `improve`."""
        tables = self.limits.price_tables(self.price)
        tight = np.flatnonzero(guarded & (self.slack < 2 * self._largest_use()))
        tight = tight[tight != row] if row is not None else tight
        starts = range(0, max(self.columns.n_members, 1), _BLOCK)
        parts = [slice(start, min(start + _BLOCK, self.columns.n_members)) for start in starts]
        found = [self._wished_in(part, wish, slot, tables=tables, tight=tight, row=row) for part in parts]
        score, member, target = (np.concatenate(one) for one in zip(*found, strict=True))
        order = np.lexsort((member, -score))
        return member[order].astype(np.int32), target[order].astype(np.int32)

    def _wished_in(
        self, part: slice, wish: Wish, slot: int, *, tables: dict[str, Values], tight: Positions, row: int | None
    ) -> tuple[Values, Rows, Rows]:
        columns, here = self.columns, np.arange(part.start, part.stop)
        reduced = reduced_values(columns, tables, part)
        now = self.choice[slot, part]
        held = now >= 0
        at = np.maximum(now, 0)
        value_now = np.where(held, columns.values[at, here], 0.0)
        reduced_now = np.where(held, reduced[at, here - part.start], 0.0)
        discount_now = np.where(held, columns.measures[DISCOUNT][at, here], 0.0)
        watched = [*tight.tolist(), *([] if row is None else [row])]
        use_now = {one: self._use_of(one, here, now) for one in watched}
        room = np.maximum(self.slack, 0.0)
        best = np.full(len(here), -np.inf)
        target = np.full(len(here), UNKNOWN_ROW, dtype=np.int32)
        for offer in range(-1, columns.n_offers):
            allowed = self._allowed(offer, slot, part) & (now != offer)
            if not allowed.any():
                continue
            none = offer < 0
            for one in tight.tolist():
                allowed &= self._use_in(one, offer, part) - use_now[one] <= room[one]
            with np.errstate(invalid="ignore"):  # what may not be given is worth -inf, and masked
                change = Change(
                    value=(0.0 if none else columns.values[offer, part]) - value_now,
                    reduced=(0.0 if none else reduced[offer]) - reduced_now,
                    discount=(0.0 if none else columns.measures[DISCOUNT][offer, part]) - discount_now,
                    use=np.zeros(len(here)) if row is None else self._use_in(row, offer, part) - use_now[row],
                )
                score = np.where(allowed, wish(change), -np.inf)
            better = score > best
            best[better], target[better] = score[better], offer
        wanted = np.flatnonzero(best > -np.inf)
        return best[wanted], here[wanted], target[wanted]

    def _allowed(self, offer: int, slot: int, part: slice) -> KeepMask:
        if offer < 0:
            return np.ones(part.stop - part.start, dtype=np.bool_)
        allowed: KeepMask = (self.columns.values[offer, part] > -np.inf) & (self.columns.cap[part] > slot)
        for other in range(self.columns.n_slots):
            if other != slot:
                allowed &= self.choice[other, part] != offer
        return allowed

    def _largest_use(self) -> Values:
        most = {name: float(one.max(initial=0.0)) for name, one in self.columns.measures.items()} | {COUNT: 1.0}
        return np.array(
            [most[name] * np.abs(self.limits.weights[row]).max() for row, name in enumerate(self.limits.measure)]
        )

    def _use_in(self, row: int, offer: int, part: slice) -> Values | float:
        """What giving this offer adds to a row, for a block of members."""
        if offer < 0:
            return 0.0
        weight = self.limits.weights[row, :, offer]
        if not weight.any():
            return 0.0
        name, of_member = self.limits.measure[row], weight[self.columns.tier[part]]
        return of_member if name == COUNT else of_member * self.columns.measures[name][offer, part]

    def _use_of(self, row: int, member: Rows, offer: Rows) -> Values:
        """What given offers add to a row, member by member."""
        at = np.maximum(offer, 0)
        use = np.where(offer >= 0, self.limits.weights[row, self.columns.tier[member], at], 0.0)
        name = self.limits.measure[row]
        return use if name == COUNT else use * self.columns.measures[name][at, member]

    def uses(self, member: Rows, offer: Rows) -> Values:
        """Shape (n, n_rows): what given offers add to each row."""
        uses = np.empty((len(member), len(self.limits)))
        for row in range(len(self.limits)):
            uses[:, row] = self._use_of(row, member, offer)
        return uses


def affordable(delta: Values, slack: Values, *, row: int | None = None, need: float | None = None) -> Positions:
    """
    The changes that may be taken in the given order, skipping those for which nothing is left.

    Args:
        delta: Shape (n, n_rows): what each change adds to each row.
        slack: Shape (n_rows,): what may be added, 0 or more; inf where nothing is guarded.
        row: Stop once this row has come down by *need*.
        need: At least 0.

    Returns:
        Positions, ascending.
    """
    left, room = np.arange(len(delta)), slack.copy()
    taken: list[Positions] = []
    for _ in range(_MOST_ROUNDS):
        left = left[(delta[left] <= room).all(axis=1)]
        if not len(left) or (need is not None and need <= 0):
            break
        added = np.cumsum(delta[left], axis=0)
        fits = (added <= room).all(axis=1)
        stop = len(left) if fits.all() else int(np.argmin(fits))
        if need is not None and row is not None:
            reached = np.flatnonzero(added[:stop, row] <= -need)
            stop = int(reached[0]) + 1 if len(reached) else stop
            need += float(added[stop - 1, row])
        taken.append(left[:stop])
        room = np.maximum(room - added[stop - 1], 0.0)
        left = left[stop:]
    return np.concatenate(taken) if taken else np.empty(0, dtype=np.int64)
