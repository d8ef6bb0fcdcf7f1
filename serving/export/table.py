"""The columns of an exported file: the one list that both formats and the documentation follow."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

Cell = str | int | float | None
Table = Mapping[str, Sequence[Cell]]
"""Cells by column, one entry a row in each; every column of `COLUMNS`, in that order."""


class CellType(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"


class Status(StrEnum):
    """What an exported row says of its member."""

    SENT = "sent"
    NOTHING = "nothing"


COLUMNS: dict[str, CellType] = {
    "member_id": CellType.TEXT,
    "status": CellType.TEXT,  # sent: one row a position; nothing: one row a member
    "reason": CellType.TEXT,  # why nothing is sent; empty where something is
    "decision_id": CellType.TEXT,
    "answer": CellType.TEXT,
    "position": CellType.INTEGER,  # from 1; null where nothing is sent, as are the columns down to valid_until
    "kind": CellType.TEXT,
    "id": CellType.TEXT,
    "name": CellType.TEXT,
    "score": CellType.NUMBER,
    "source": CellType.TEXT,
    "reasons": CellType.TEXT,  # codes joined by '|'
    "texts": CellType.TEXT,  # offers with a trigger only: the same in words, with the member's own numbers
    "gap_text": CellType.TEXT,  # offers only: what is missing to use it, in words; null where nothing is
    "gap_product_ids": CellType.TEXT,  # what closes it, joined by '|'; null where nothing suitable does
    "value_minor": CellType.INTEGER,  # offers only: expected incremental margin
    "valid_until": CellType.INTEGER,  # epoch seconds: end of the offer or of the sale; null where it has none
    "offer_choice": CellType.TEXT,
    "logging_propensity": CellType.NUMBER,
    "experiment": CellType.TEXT,
    "arm": CellType.TEXT,
    "response_class": CellType.TEXT,  # who the member is to the offer chosen, or to the best one; empty: none eligible
    "discount_avoided_minor": CellType.INTEGER,  # expected, against the deepest eligible offer; null: none eligible
    "deadweight_avoided_minor": CellType.INTEGER,  # the part of it on orders that come anyway
}

DECIMALS = 6
"""Of every number that is not whole, in both formats."""


def n_rows(table: Table) -> int:
    """Rows of a table."""
    return len(next(iter(table.values())))
