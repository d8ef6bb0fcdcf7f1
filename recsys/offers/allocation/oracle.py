"""The best choice of every member at given prices, and what all of them use together: the Lagrangian's one step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.allocation.problem import Choice, Columns, Limits, Values
from recsys.offers.allocation.rows import COUNT, DISCOUNT
from recsys.types import UNKNOWN_ROW

_BLOCK = 16_384
"""Members at a time: one column of a block is 128 KiB, so a few of them stay in the second cache."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What members choose at some prices.

    Attributes:
        choice: As `Choice`.
        value: Sum of the chosen values.
        activity: Shape (n_rows,): what the rows sum to, scaled as in `Limits`.
    """

    choice: Choice
    value: float
    activity: Values


def best_at(columns: Columns, limits: Limits, price: Values) -> Answer:
    """
    Each member takes the offers of highest ``value - price of what it uses`` above 0, as many as the cap allows.

    Among equals the smaller discount, then the smaller row (law 11). The Lagrangian dual at *price* is then
    ``value + price . (bound - activity)`` (Fisher 1981, eq. 5).

    Args:
        columns: The members.
        limits: The rows.
        price: Shape (n_rows,), 0 or more, scaled as in *limits*.
    """
    tables = limits.price_tables(price)
    choice = np.full((max(columns.n_slots, 1), columns.n_members), UNKNOWN_ROW, dtype=np.int32)
    for start in range(0, columns.n_members, _BLOCK):
        part = slice(start, min(start + _BLOCK, columns.n_members))
        reduced = reduced_values(columns, tables, part)
        for slot in range(columns.n_slots):
            taken = _highest(reduced, columns.measures[DISCOUNT][:, part])
            taken[columns.cap[part] <= slot] = UNKNOWN_ROW
            choice[slot, part] = taken
            if slot + 1 < columns.n_slots:
                given = np.flatnonzero(taken >= 0)
                reduced[taken[given], given] = -np.inf
    value, activity = totals(columns, limits, choice)
    return Answer(choice, value, activity)


def totals(columns: Columns, limits: Limits, choice: Choice) -> tuple[float, Values]:
    """Sum of values, and shape (n_rows,) of activities, of a choice."""
    used = set(limits.measure)
    sums = {name: np.zeros(limits.weights.shape[1:]) for name in used}
    value = 0.0
    for start in range(0, columns.n_members, _BLOCK):
        part = slice(start, min(start + _BLOCK, columns.n_members))
        for slot in range(len(choice)):
            given = np.flatnonzero(choice[slot, part] >= 0) + start
            offer = choice[slot, given]
            value += float(columns.values[offer, given].sum())
            if not used:
                continue
            cell = columns.tier[given] * columns.n_offers + offer
            for name, table in sums.items():
                weight = None if name == COUNT else columns.measures[name][offer, given]
                table += np.bincount(cell, weights=weight, minlength=table.size).reshape(table.shape)
    activity = np.array([float((limits.weights[row] * sums[name]).sum()) for row, name in enumerate(limits.measure)])
    return value, activity


def reduced_values(columns: Columns, tables: Mapping[str, Values], part: slice) -> Values:
    """Shape (n_offers, members of the part): value less the price of what is used."""
    reduced = columns.values[:, part].copy()
    for name, table in tables.items():
        level = (table == table[0]).all(axis=0)
        for offer in np.flatnonzero(table.any(axis=0)):
            price = table[0, offer] if level[offer] else table[columns.tier[part], offer]
            reduced[offer] -= price if name == COUNT else price * columns.measures[name][offer, part]
    return reduced


def _highest(reduced: Values, discount: Values) -> NDArray[np.int32]:
    best = np.zeros(reduced.shape[1])
    taken = np.full(reduced.shape[1], UNKNOWN_ROW, dtype=np.int32)
    for offer, candidate in enumerate(reduced):
        better = candidate > best
        tied = np.flatnonzero((candidate == best) & (taken >= 0))
        if len(tied):
            better[tied] = discount[offer, tied] < discount[taken[tied], tied]
        np.copyto(best, candidate, where=better)
        np.copyto(taken, np.int32(offer), where=better)
    return taken
