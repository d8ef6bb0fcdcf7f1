"""What an exported offer tells its member in words: why it is shown now, and what is missing to use it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.decisions import Decisions
from recsys.types import KeepMask
from serving.export.table import Cell


def text_columns(
    decisions: Decisions, member: NDArray[np.int64], row: NDArray[np.int32], is_offer: KeepMask
) -> dict[str, Sequence[Cell]]:
    """
    The texts with a member's own numbers, in the language of the context; all absent for products.

    Offers without a trigger have no texts, those without a threshold or a scope no gap: they are passed over without a
    look at each.

    Args:
        decisions: Of one chunk.
        member: Shape (k,): position in the decisions of the member of each row of the file.
        row: Shape (k,): row in the offers or the catalogue.
        is_offer: Shape (k,): which of the two.
    """
    texts: list[Cell] = [None] * len(row)
    gap_texts, gap_products = texts.copy(), texts.copy()
    offers = decisions.knowledge.offers
    for at in _those(is_offer, row, offers.trigger != 0):
        why = decisions.waited_for(int(member[at]), int(row[at]))
        texts[at] = "|".join(one.text for one in why) or None
    for at in _those(is_offer, row, (offers.min_spend_minor > 0) | (np.diff(offers.scope.indptr) > 0)):
        gap = decisions.gap(int(member[at]), int(row[at]))
        if gap is not None:
            gap_texts[at], gap_products[at] = gap.text, "|".join(gap.product_ids) or None
    return {"texts": texts, "gap_text": gap_texts, "gap_product_ids": gap_products}


def _those(is_offer: KeepMask, row: NDArray[np.int32], offers: KeepMask) -> list[int]:
    """Positions at which one of *offers*, shape (n_offers,), stands."""
    at = np.flatnonzero(is_offer)
    found: list[int] = at[offers[row[at]]].tolist()
    return found
