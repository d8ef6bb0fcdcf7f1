"""What a policy puts on slates and keeps from filling them: pins, caps, and the placements they are for."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.types import Channel, ItemKind, KeepMask, Rows, Scores


@dataclass(frozen=True, slots=True)
class Placement:
    """
    A slot as the engine fills it.

    Attributes:
        relevance: Exponent of scores.
        margin_worth: Shape (n_products + 1,): what scores are multiplied by besides; absent where that is 1.
        fallback: Shape (k,): products that fill it where nothing else is left, best first.
    """

    name: str
    channel: Channel
    capacity: int
    types: frozenset[ItemKind]
    max_offers: int
    relevance: float
    margin_worth: NDArray[np.float32] | None
    fallback: Rows

    def ranked_by(self, scores: Scores, products: Rows) -> Scores:
        """What products are ranked by in this placement, before levers: of the shape of *scores*, NaN where that is."""
        ranked = scores if self.relevance == 1 else np.power(scores, np.float32(self.relevance))
        return ranked if self.margin_worth is None else ranked * self.margin_worth.take(products)


class SlateCap(NamedTuple):
    """
    At most ``limit`` products of one group in a slate.

    Attributes:
        rule_id: Whose cap it is.
        limit: At least 0.
        group: Shape (n_products,): products of one group have one number; -1 is not counted.
        applies: Shape (m,): the members for whom it holds.
    """

    rule_id: str
    limit: int
    group: Rows
    applies: KeepMask


class Pin(NamedTuple):
    """
    A product or offer that stands at a position, provided that no rule removes it.

    Attributes:
        rule_id: Whose pin it is.
        kind, row: Which product or offer.
        position: From 1.
        applies: Shape (m,): the members for whom it holds.
    """

    rule_id: str
    kind: ItemKind
    row: int
    position: int
    applies: KeepMask

    def names(self, kind: ItemKind, row: int) -> bool:
        """Is it about this product or offer?"""
        return self.kind is kind and self.row == row
