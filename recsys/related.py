"""Which products come into question where the question is about products and not about the member."""

from collections.abc import Mapping, Sequence

import numpy as np

from recsys.knowledge import Knowledge, RankedProducts
from recsys.members import MemberBatch
from recsys.policy.compile import Pin
from recsys.ragged import Ragged
from recsys.reasons import (
    ALIKE_SOURCE,
    BASKET_SOURCE,
    CATEGORY_SOURCE,
    IMPERSONAL_SOURCES,
    PINNED_SOURCE,
    POPULAR_SOURCE,
    SIMILAR_SOURCE,
    TOGETHER_SOURCE,
)
from recsys.retrieve import Candidates, pinned_rows, rows_of
from recsys.scorers.blend import fuse
from recsys.types import UNKNOWN_ROW, KeepMask, Relation, Rows

_MOST_ANCHORS = 50
"""Products of a basket that are followed: so many lists are joined in well under a millisecond."""
_LISTED = 100
_ALIKE = 5
"""The nearest so many products of each stand in for it where little is known of what goes with it."""
_RELATED_WEIGHT = 1.0
_HABIT_WEIGHT = 0.6
"""Of all the member's own lists together, whatever scale their weights have."""
_ALIKE_WEIGHT = 0.1
_CATEGORY_WEIGHT = 2e-3
_POPULAR_WEIGHT = 2e-4
_PINNED_WEIGHT = 1e-6
"""Each so much smaller than the one before that its list only fills up: it reorders nothing among a hundred places."""

_SOURCE: Mapping[Relation, str] = {
    Relation.SIMILAR: SIMILAR_SOURCE,
    Relation.TOGETHER: TOGETHER_SOURCE,
    Relation.COMPLETE: BASKET_SOURCE,
}

Anchors = tuple[Mapping[int, int], ...]


def asked_about(batch: MemberBatch, relation: Relation) -> Ragged:
    """Ragged (m,): the known products that each question is about; of ``complete`` those in the basket."""
    return batch.basket if relation is Relation.COMPLETE else batch.about


def unknown_products(batch: MemberBatch, relation: Relation) -> KeepMask:
    """Shape (m,): the question names a product that the bundle does not know."""
    of_basket = relation is Relation.COMPLETE
    n_named = np.array([len(one.basket if of_basket else one.about) for one in batch.subjects], dtype=np.int64)
    unknown: KeepMask = asked_about(batch, relation).lengths() < n_named
    return unknown


def uses_own_lists(batch: MemberBatch, relation: Relation, knowledge: Knowledge) -> KeepMask:
    """Shape (m,): a list of the member's own is among those that were joined, so that it bears on every position."""
    uses: KeepMask = np.zeros(len(batch), dtype=np.bool_)
    if relation is Relation.COMPLETE:
        for name, weight in knowledge.source_weights.items():
            if weight > 0 and name not in IMPERSONAL_SOURCES:
                uses |= (rows_of(knowledge.sources[name].products, batch.row) >= 0).any(axis=1)
    return uses


def retrieve_related(
    batch: MemberBatch, relation: Relation, knowledge: Knowledge, pins: Sequence[Pin] = ()
) -> tuple[Candidates, Anchors]:
    """
    Follow the products asked about; what is popular fills up.

    Several products are followed together: the scores of their lists are added, so that what goes with two of them
    comes before what goes with one. Substitutes come before the best sellers of the category; complements before
    those of similar products. What would replace a product asked about completes nothing and is left out there.
    Only ``complete``, and only for members who agreed, also uses the member's own lists (law 8).

    Returns:
        The candidates; and for each member, by product row, the row of the product that speaks most for it.
    """
    related = knowledge.related
    # A basket may name a product once a piece.
    about = [list(dict.fromkeys(one))[:_MOST_ANCHORS] for one in asked_about(batch, relation).lists()]
    table = related.similar if relation is Relation.SIMILAR else related.together
    replaced = [_substitutes(one, knowledge) if relation is not Relation.SIMILAR else () for one in about]
    anchors = [_followed(table, one, without) for one, without in zip(about, replaced, strict=True)]
    names, weights, lists = [_SOURCE[relation]], [_RELATED_WEIGHT], [_padded([list(one) for one in anchors])]

    def add(name: str, weight: float, rows: Rows) -> None:
        if (rows >= 0).any():
            names.append(name)
            weights.append(weight)
            lists.append(rows)

    if relation is Relation.SIMILAR:
        category = np.array([knowledge.catalogue.category[one[0]] if one else UNKNOWN_ROW for one in about], np.int32)
        add(CATEGORY_SOURCE, _CATEGORY_WEIGHT, rows_of(related.popular_in_category.products, category))
    else:
        alike = [_through_similar(one, knowledge, without) for one, without in zip(about, replaced, strict=True)]
        fresh = [[row for row in because if row not in own] for own, because in zip(anchors, alike, strict=True)]
        for own, because, rows in zip(anchors, alike, fresh, strict=True):
            own.update({row: because[row] for row in rows})
        add(ALIKE_SOURCE, _ALIKE_WEIGHT, _padded(fresh))
    if relation is Relation.COMPLETE:
        total = sum(knowledge.source_weights.values()) or 1.0
        for name, weight in knowledge.source_weights.items():
            add(name, _HABIT_WEIGHT * weight / total, rows_of(knowledge.sources[name].products, batch.row))
    everybody = np.zeros(len(batch), dtype=np.int32)
    add(POPULAR_SOURCE, _POPULAR_WEIGHT, rows_of(knowledge.popular.products, everybody))
    pinned = pinned_rows(pins)
    if pinned is not None:
        add(PINNED_SOURCE, _PINNED_WEIGHT, pinned)
    products, scores, source = fuse(lists, weights)
    return Candidates(products, scores, source, tuple(names)), tuple(anchors)


def _followed(
    table: RankedProducts, about: Sequence[int], without: Sequence[int], named: Sequence[int] | None = None
) -> dict[int, int]:
    """
    The products that the lists of some products lead to, best first, each with the product that leads most to it.

    Where *named* is given, it holds for each product of *about* the one to be named in its place.
    """
    anchors, first = np.unique(np.array(about, dtype=np.int32), return_index=True)
    products, scores = table.products[anchors], table.scores[anchors]
    spoken_for = anchors if named is None else np.array(named, dtype=np.int32)[first]
    known = products >= 0
    if len(without):
        known &= ~np.isin(products, without)
    rows, weight = products[known], scores[known]
    because = np.broadcast_to(spoken_for[:, None], products.shape)[known]
    distinct, place = np.unique(rows, return_inverse=True)
    total = np.bincount(place, weights=weight, minlength=len(distinct))
    best = np.lexsort((because, -weight, place))
    leads = because[best[np.searchsorted(place[best], np.arange(len(distinct)))]]
    order = np.lexsort((distinct, -total))[:_LISTED]
    return dict(zip(distinct[order].tolist(), leads[order].tolist(), strict=True))


def _through_similar(about: Sequence[int], knowledge: Knowledge, without: Sequence[int]) -> dict[int, int]:
    """What goes with the products most like those asked about, named after the latter, of several the first by row."""
    asked = np.unique(np.array(about, dtype=np.int32))
    near = knowledge.related.similar.products[asked][:, :_ALIKE]
    known = near >= 0
    named = np.broadcast_to(asked[:, None], near.shape)[known].tolist()
    return _followed(knowledge.related.together, near[known].tolist(), without, named)


def _substitutes(about: Sequence[int], knowledge: Knowledge) -> Sequence[int]:
    """The products of the same category that are most like one of those asked about."""
    asked = np.array(about, dtype=np.int32)
    near = knowledge.related.similar.products[asked][:, :_ALIKE]
    category = knowledge.catalogue.category
    same = (near >= 0) & (category[near] == category[asked][:, None]) & (category[asked] >= 0)[:, None]
    found: list[int] = near[same].tolist()
    return found


def _padded(lists: Sequence[Sequence[int]]) -> Rows:
    rows = np.full((len(lists), max(map(len, lists), default=0)), UNKNOWN_ROW, dtype=np.int32)
    for line, one in enumerate(lists):
        rows[line, : len(one)] = one
    return rows
