"""What an allocation starts from, checked, and laid out so that whole columns of members are added at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.offers.allocation.rows import COUNT, DISCOUNT, Row, Sense
from recsys.types import KeepMask

Values = NDArray[np.float64]
Choice = NDArray[np.int32]
"""Shape (n_slots, n_members): offer rows, UNKNOWN_ROW for none; the slots of a member hold distinct offers."""

_SMALLEST_SCALE = 1e-3
_NO_USE = 1e-9
"""Whatever uses less of a row, in its own units, uses none of it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Members, offers, what each pair is worth and what it uses.

    Attributes:
        values: Shape (n_members, n_offers): worth of giving the offer against none, minor units; NaN or -inf: not
            eligible.
        keep: Same shape: eligible.
        discount: Same shape: expected discount, minor units, 0 or more. The measure `DISCOUNT`, and what ties go by.
        tier: Shape (n_members,): tier row of each; absent: all in tier 0.
        measures: Further measures by name, each of the same shape, 0 or more.
        per_member: Shape (n_members,) or one number: offers that a member may get at most; 0: contacts are used up.
    """

    values: Values
    keep: KeepMask
    discount: Values
    tier: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    measures: Mapping[str, Values] = field(default_factory=dict)
    per_member: int | NDArray[np.int64] = 1


@dataclass(frozen=True, slots=True)
class Columns:
    """
    A checked problem by offer.

    Attributes:
        values: Shape (n_offers, n_members), float64; -inf where it may not be given.
        measures: Shape (n_offers, n_members) each; `COUNT` is not among them, and has no matrix.
        tier: Shape (n_members,), int64.
        cap: Shape (n_members,), int64: offers at most.
        n_slots: Highest cap, at most n_offers.
    """

    values: Values
    measures: Mapping[str, Values]
    tier: NDArray[np.int64]
    cap: NDArray[np.int64]
    n_slots: int

    @property
    def n_offers(self) -> int:
        """Offers."""
        return len(self.values)

    @property
    def n_members(self) -> int:
        """Members."""
        return len(self.tier)

    def only(self, members: NDArray[np.int64]) -> "Columns":
        """Some of the members."""
        return Columns(
            values=np.ascontiguousarray(self.values[:, members]),
            measures={name: np.ascontiguousarray(one[:, members]) for name, one in self.measures.items()},
            tier=self.tier[members],
            cap=self.cap[members],
            n_slots=self.n_slots,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """
    All rows as ``activity <= bound``, each divided by its scale, so that prices are of one size.

    A row that giving nothing satisfies (bound >= 0) is a limit; any other is a demand.

    Attributes:
        weights: Shape (n_rows, n_tiers, n_offers).
        measure: Name of each row's measure.
        bound: Shape (n_rows,).
        scale: Shape (n_rows,): activity and bound times this are in the row's own units.
        tolerance: Shape (n_rows,): how far above its bound rounding errors alone may put a sum.
        closing: Shape (n_rows,): of a limit that has room for no pair at all, the price at which nobody would take from
            it; 0 of every other row. No price of the dual tells it, as these pairs are not eligible.
    """

    weights: Values
    measure: tuple[str, ...]
    bound: Values
    scale: Values
    tolerance: Values
    closing: Values

    def __len__(self) -> int:
        return len(self.measure)

    @property
    def demands(self) -> KeepMask:
        """Shape (n_rows,): rows that giving nothing does not satisfy."""
        return self.bound < 0

    def shrunk(self, share: float) -> "Limits":
        """For a sample that is this share of the members."""
        return Limits(self.weights, self.measure, self.bound * share, self.scale, self.tolerance, self.closing)

    def price_tables(self, price: Values) -> dict[str, Values]:
        """By measure, shape (n_tiers, n_offers): what one unit of it costs at these prices of the rows."""
        tables: dict[str, Values] = {}
        for row in np.flatnonzero(price):
            name = self.measure[row]
            tables[name] = tables.get(name, 0.0) + price[row] * self.weights[row]
        return tables


def lay_out(problem: Problem, rows: Sequence[Row], *, whole: bool = True) -> tuple[Columns, Limits]:
    """
    Check everything, and turn it by offer.

    An offer that alone would break a limit without negative weights is not eligible.

    Args:
        problem: The members and offers; not changed.
        rows: All of them.
        whole: False: offers that alone are too much stay eligible, as fractions of them are not, but where a limit has
            room for no offer at all.

    Raises:
        InputError: Shapes differ, a value is +inf, a measure of an eligible pair is negative or not finite, a row names
            an unknown measure, has weights of another length, a bound that is no number, or the name of another.
    """
    shape = np.shape(problem.values)
    if len(shape) != 2 or np.shape(problem.keep) != shape:
        raise InputError(f"values have shape {shape} and keep {np.shape(problem.keep)}; both must be members x offers")
    if np.any(np.isposinf(problem.values)):
        raise InputError("a value is +inf; values are finite, and NaN or -inf where an offer is not eligible")
    cap = _caps(problem, shape[0])
    values = np.full((shape[1], shape[0]), -np.inf)
    np.copyto(values, np.asarray(problem.values).T, where=problem.keep.T & ~np.isnan(problem.values).T)
    values[:, cap == 0] = -np.inf
    eligible = values > -np.inf
    measures = {name: _measure(name, one, eligible) for name, one in _named(problem).items()}
    tier = problem.tier.astype(np.int64) if len(problem.tier) else np.zeros(shape[0], dtype=np.int64)
    if len(tier) != shape[0] or np.any(tier < 0):
        raise InputError(f"tier has {len(tier)} entries, the lowest {tier.min(initial=0)}; {shape[0]} of 0 or more")
    n_tiers = max([int(tier.max(initial=0)) + 1, *(len(row.tiers) for row in rows)])
    n_slots = min(int(cap.max(initial=0)), shape[1])
    columns = Columns(values, measures, tier, cap, n_slots)
    return columns, _limits(columns, rows, n_tiers, whole=whole)


def _named(problem: Problem) -> dict[str, Values]:
    if COUNT in problem.measures or DISCOUNT in problem.measures:
        raise InputError(f"the measures {COUNT} and {DISCOUNT} are given by themselves; name others otherwise")
    return {DISCOUNT: problem.discount, **problem.measures}


def _caps(problem: Problem, n_members: int) -> NDArray[np.int64]:
    cap = np.asarray(problem.per_member, dtype=np.int64)
    if cap.ndim and cap.shape != (n_members,):
        raise InputError(f"per_member has shape {cap.shape}; it must be one number or ({n_members},)")
    if np.any(cap < 0):
        raise InputError(f"per_member is {cap.min()} for some member; it must be 0 or more")
    return np.broadcast_to(cap, (n_members,)).copy()


def _measure(name: str, given: Values, eligible: KeepMask) -> Values:
    if np.shape(given) != eligible.shape[::-1]:
        raise InputError(f"{name} has shape {np.shape(given)}; it must be {eligible.shape[::-1]}, as the values")
    laid = np.where(eligible, np.asarray(given, dtype=np.float64).T, 0.0)
    wrong = int(np.count_nonzero(~(np.isfinite(laid) & (laid >= 0))))
    if wrong:
        raise InputError(f"{name} is negative or no number for {wrong} eligible pairs; it must be 0 or more")
    return laid


def _limits(columns: Columns, rows: Sequence[Row], n_tiers: int, *, whole: bool) -> Limits:
    names = [row.name for row in rows]
    if len(set(names)) < len(names):
        raise InputError(f"two rows are called {next(name for name in names if names.count(name) > 1)!r}")
    weights = np.zeros((len(rows), n_tiers, columns.n_offers))
    bound, closing = np.zeros(len(rows)), np.zeros(len(rows))
    scale, tolerance = np.ones(len(rows)), np.zeros(len(rows))
    for number, row in enumerate(rows):
        if row.measure != COUNT and row.measure not in columns.measures:
            known = ", ".join((COUNT, *columns.measures))
            raise InputError(f"row {row.name!r} counts {row.measure!r}; there are {known}")
        if not np.isfinite(row.bound):
            raise InputError(f"row {row.name!r} has the bound {row.bound}; it must be finite; leave it out for none")
        sign = 1.0 if row.sense is Sense.AT_MOST else -1.0
        of_tier, of_offer = _of(row, "tiers", n_tiers), _of(row, "offers", columns.n_offers)
        weights[number] = sign * of_tier[:, None] * of_offer
        bound[number] = sign * row.bound
        if bound[number] >= 0 and np.all(weights[number] >= 0):
            closing[number] = _closing(columns, weights[number], row.measure, bound[number])
    for number, row in enumerate(rows):
        screened = bool(closing[number] > 0 or (whole and bound[number] >= 0 and np.all(weights[number] >= 0)))
        most = _most(columns, weights[number], row.measure, bound[number] if screened else np.inf)
        scale[number] = max(abs(row.bound), _SMALLEST_SCALE * most) or 1.0
        tolerance[number] = 1e-9 * max(abs(row.bound), 1e-3 * most)
    weights /= scale[:, None, None]
    measures = tuple(row.measure for row in rows)
    return Limits(weights, measures, bound / scale, scale, tolerance / scale, closing * scale)


def _of(row: Row, what: str, n: int) -> Values:
    given: Values = getattr(row, what)
    if not len(given):
        return np.ones(n)
    if (what == "offers" and len(given) != n) or not np.all(np.isfinite(given)):
        raise InputError(f"row {row.name!r} has {len(given)} weights of {what}; it needs {n}, all of them finite")
    return np.concatenate((given, np.zeros(n - len(given))))


def _closing(columns: Columns, weights: Values, measure: str, bound: float) -> float:
    """The most that a unit of a limit is worth to anybody, where no eligible pair fits into it; else 0."""
    dearest = 0.0
    for offer in np.flatnonzero(weights.any(axis=0)):
        use = weights[:, offer][columns.tier]
        if measure != COUNT:
            use *= columns.measures[measure][offer]
        taken = (use > _NO_USE) & (columns.values[offer] > -np.inf)
        if np.any(use[taken] <= bound * (1 + 1e-9)):
            return 0.0
        dearest = max(dearest, float((columns.values[offer, taken] / use[taken]).max(initial=0.0)))
    return dearest


def _most(columns: Columns, weights: Values, measure: str, bound: float) -> float:
    """Sum over members of the largest absolute use of one offer; pairs that alone are too much become ineligible."""
    largest = np.zeros(columns.n_members)
    for offer in np.flatnonzero(weights.any(axis=0)):
        use = np.abs(weights[:, offer])[columns.tier]
        if measure != COUNT:
            use *= columns.measures[measure][offer]
        if bound < np.inf:
            columns.values[offer, use > bound * (1 + 1e-9)] = -np.inf
        np.maximum(largest, np.where(columns.values[offer] > -np.inf, use, 0.0), out=largest)
    return float(largest.sum())
