"""Which products, offers and categories are shown more and less."""

import numpy as np
from numpy.typing import NDArray

from experiments.policy_diff.intervals import Sample
from experiments.policy_diff.result import Movement, Mover
from experiments.policy_diff.tally import Moves, Sums
from recsys.knowledge import Knowledge
from recsys.vocabulary import Vocabulary

MOST_MOVERS = 50
"""So many at most are told of; all are counted."""


def movement_of_products(moves: Moves, knowledge: Knowledge, sample: Sample) -> Movement:
    """By share of slates."""
    catalogue = knowledge.catalogue
    return _movement(moves, catalogue.products, catalogue.names, sample)


def movement_of_offers(moves: Moves, knowledge: Knowledge, sample: Sample) -> Movement:
    """By share of slates."""
    return _movement(moves, knowledge.offers.offers, knowledge.offers.names, sample)


def movement_of_categories(sums: Sums, knowledge: Knowledge, sample: Sample) -> Movement:
    """By positions a slate; products without a category are in none."""
    a, b = np.rint(sums.a).astype(np.int64), np.rint(sums.a + sums.d).astype(np.int64)
    names = knowledge.catalogue.category_names
    movers = tuple(
        Mover(
            names[row],
            names[row],
            int(a[row]),
            int(b[row]),
            None,
            None,
            sample.difference(float(sums.a[row]), float(sums.d[row]), float(sums.d2[row]), sample.n),
        )
        for row in _first(a, b, np.rint(sums.d2).astype(np.int64))
    )
    return Movement(len(names), *_counts(a, b), movers)


def _movement(moves: Moves, ids: Vocabulary, names: NDArray[np.bytes_], sample: Sample) -> Movement:
    a, b = moves.a, moves.b
    movers = []
    for row in _first(a, b, moves.gained + moves.lost):
        gained, lost = int(moves.gained[row]), int(moves.lost[row])
        # A slate holds it or not, so the squares of the differences are the slates that differ.
        share = sample.difference(float(a[row]), float(gained - lost), float(gained + lost), sample.n)
        name = bytes(names[row]).decode()
        movers.append(Mover(ids.id(row), name, int(a[row]), int(b[row]), gained, lost, share))
    return Movement(len(ids), *_counts(a, b), tuple(movers))


def _first(a: NDArray[np.int64], b: NDArray[np.int64], moved: NDArray[np.int64]) -> list[int]:
    """Rows that moved, the largest change first, then the most exchange, then the first row."""
    rows = np.flatnonzero(moved)
    order = np.lexsort((rows, -moved[rows], -np.abs(b - a)[rows]))
    return [int(row) for row in rows[order][:MOST_MOVERS]]


def _counts(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[int, int, int, int]:
    return int((a > 0).sum()), int((b > 0).sum()), int((b > a).sum()), int((b < a).sum())
