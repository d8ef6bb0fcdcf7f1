"""Every row against its table's declaration: kept, or rejected with the first reason that applies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import dataframely as dy
import numpy as np
import polars as pl

from features.convert import converted
from features.offer_words import offer_refusals
from features.purchases import instant
from features.seen import SeenKeys
from features.sources.base import REASON, SOURCE_ROW, Chunk, refuse
from features.tables import DATED, TABLES
from recsys.types import NO_OFFER, EpochSeconds

_INDEX = "row_index"
_DATED = {**DATED, "members": "joined_at", "merges": "merged_at"}
_REFERENCES: dict[str, tuple[str, ...]] = {
    "purchases": ("member", "product"),
    "events": ("member", "product"),
    "offer_scope": ("offer", "product"),
    "offer_scope_rules": ("offer",),
    "exposures": ("member", "offer"),
    "redemptions": ("member", "offer"),
    "returns": ("member",),
    "points_entries": ("member",),
    "tier_changes": ("member",),
    "merges": ("member",),
}
_TIERED = ("members", "tier_changes")
LOOKS_PERSONAL = "looks_personal"
"""Reason of a member id that may be an e-mail address: ids reach files and models, which hold no personal data."""
MERGE_CYCLE = "merge_cycle"
"""Reason of a merge that would lead a member back to itself, so that nobody would survive."""
DUPLICATE = "duplicate"
"""Reason of a row whose key stands in an earlier row."""
_RULE_WORDS = {"nullability": "missing", "regex": "bad_id", "max": "too_large"}


@dataclass(frozen=True, slots=True)
class Checked:
    """
    The rows of a chunk with the reason of each: every row is either kept or rejected.

    Attributes:
        rows: The canonical columns in their types, REASON (null: keep) and SOURCE_ROW.
        raw: The same rows in the same order as the source has them.
    """

    rows: pl.DataFrame
    raw: pl.DataFrame

    def kept(self) -> pl.DataFrame:
        """The canonical columns of the rows without a reason."""
        return self.rows.filter(pl.col(REASON).is_null()).drop(REASON, SOURCE_ROW)

    def rejected(self) -> pl.DataFrame:
        """The raw columns, as text, of the rows with a reason; REASON and SOURCE_ROW overwrite no original."""
        taken = {name: f"original_{name}" for name in (REASON, SOURCE_ROW) if name in self.raw.columns}
        texts = self.raw.rename(taken).select(pl.all().cast(pl.String, strict=False))
        return texts.with_columns(self.rows[REASON], self.rows[SOURCE_ROW]).filter(pl.col(REASON).is_not_null())

    def refuse(self, reason: str, where: pl.Expr) -> "Checked":
        """The same rows, with *reason* for those that have none yet and for which *where* holds."""
        return Checked(refuse(self.rows, reason, where), self.raw)


@dataclass(slots=True)
class TableCheck:
    """
    The checks of one table over all its chunks.

    In order: the adapter's own reason; ``wrong_type:<column>``; the declaration in `features.tables` (``missing:``,
    ``bad_id:``, ``too_small:``, ``too_large:`` with the column, or the name of a rule); ``looks_personal`` (a member id
    with ``@``); ``unknown_tier``; of offers ``unknown_channel``, ``unknown_stacking``, ``unknown_base``,
    ``unknown_trigger``; ``reserved_id``; ``future_date``; ``impossible_quantity``; ``unknown_currency``;
    ``merge_cycle`` (of a member into itself); ``unknown_member``, ``unknown_product``, ``unknown_offer``,
    ``unknown_survivor``; what *further* refuses; ``duplicate`` (the first row of a key is kept).

    Attributes:
        table: Name of the canonical table.
        now: Epoch seconds; facts later than this are refused.
        max_quantity: Units on one order line.
        tiers: The retailer's tier names.
        currency: ISO 4217 code of every amount; nothing is converted.
        known: Ids of the tables checked before, by noun: member, product, offer.
        further: Gives reasons that only this table's caller knows; the rows keep their order and columns.
    """

    table: str
    now: EpochSeconds
    max_quantity: int
    tiers: tuple[str, ...]
    currency: str
    known: Mapping[str, pl.Series]
    further: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    _seen: SeenKeys = field(default_factory=SeenKeys)

    def check(self, chunk: Chunk) -> Checked:
        """Give every row of one chunk its reason, or none."""
        schema = TABLES[self.table]
        rows = _convert(chunk.rows, schema)
        rows = _apply_declaration(rows, schema, self.table)
        for reason, where in self._refusals():
            rows = refuse(rows, reason, where)
        if self.further is not None:
            rows = self.further(rows)
        rows = self._refuse_repeats(rows, schema)
        return Checked(rows.drop(_INDEX), chunk.raw)

    def _refusals(self) -> list[tuple[str, pl.Expr]]:
        refusals = [
            (LOOKS_PERSONAL, pl.col(column).str.contains("@", literal=True))
            for column in ("member_id", "into_member_id")
            if column in TABLES[self.table].columns()
        ]
        if self.table in _TIERED:
            refusals.append(("unknown_tier", ~pl.col("tier").is_in(self.tiers)))
        if self.table == "offers":
            refusals += offer_refusals(self.tiers)
        if self.table in _DATED:
            refusals.append(("future_date", pl.col(_DATED[self.table]) > instant(self.now)))
        if self.table == "purchases":
            refusals.append(("impossible_quantity", pl.col("quantity") > self.max_quantity))
        if "currency" in TABLES[self.table].columns():
            refusals.append(("unknown_currency", pl.col("currency") != self.currency))
        if self.table == "merges":
            refusals.append((MERGE_CYCLE, pl.col("member_id") == pl.col("into_member_id")))
        for noun in _REFERENCES.get(self.table, ()):
            absent = self._unknown(f"{noun}_id", noun)
            if noun == "offer" and self.table == "exposures":
                absent &= pl.col("offer_id") != NO_OFFER  # the control arm
            refusals.append((f"unknown_{noun}", absent))
        if self.table == "merges":
            refusals.append(("unknown_survivor", self._unknown("into_member_id", "member")))
        return refusals

    def _unknown(self, column: str, noun: str) -> pl.Expr:
        return pl.col(column).is_not_null() & ~pl.col(column).is_in(self.known[noun].implode())

    def _refuse_repeats(self, rows: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
        valid = rows[REASON].is_null()
        repeated = np.zeros(rows.height, dtype=np.bool_)
        repeated[valid.to_numpy()] = self._seen.add(rows.filter(valid).select(schema.primary_key()))
        return refuse(rows, DUPLICATE, pl.lit(pl.Series(repeated)))


def _convert(given: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    """Canonical columns in their types; absent columns are null; REASON ``wrong_type:`` where a value was lost."""
    wanted = {name: column.dtype for name, column in schema.columns().items()}
    present = [name for name in wanted if name in given.columns]
    values = {name: converted(name, given.schema[name], wanted[name]) for name in present}
    lost = [
        pl.when(converted(name, given.schema[name], pl.String()).is_not_null() & value.is_null()).then(
            pl.lit(f"wrong_type:{name}")
        )
        for name, value in values.items()
        if given.schema[name] != wanted[name]
    ]
    absent = {name: pl.lit(None, dtype=dtype) for name, dtype in wanted.items() if name not in values}
    return given.select(
        **values,
        **absent,
        **{
            REASON: pl.coalesce(pl.col(REASON), *lost),
            SOURCE_ROW: pl.col(SOURCE_ROW),
            _INDEX: pl.int_range(pl.len(), dtype=pl.Int64),
        },
    )


def _apply_declaration(rows: pl.DataFrame, schema: type[dy.Schema], table: str) -> pl.DataFrame:
    """Reasons from the declaration. The row's number joins the key, so no copy is refused here: `SeenKeys` does it."""
    declared = cast(type[dy.Schema], type(f"{table}_rows", (schema,), {_INDEX: dy.Int64(primary_key=True)}))
    columns = list(declared.columns())
    unrefused = rows.filter(pl.col(REASON).is_null()).select(columns)
    _, failures = declared.filter(unrefused)
    details = failures.details()
    rules = [name for name in details.columns if name not in unrefused.columns]
    rules.sort(key=lambda rule: "|" not in rule)  # what is wrong with one column, before what two say of each other
    if not details.height or not rules:
        return rows
    found = details.select(
        _INDEX,
        pl.coalesce(*(pl.when(pl.col(rule) == "invalid").then(pl.lit(_reason(rule))) for rule in rules)).alias("why"),
    )
    return (
        rows.join(found, on=_INDEX, how="left", maintain_order="left")
        .with_columns(pl.coalesce(REASON, "why").alias(REASON))
        .drop("why")
    )


def _reason(rule: str) -> str:
    column, _, kind = rule.partition("|")
    return f"{_RULE_WORDS.get(kind, 'too_small')}:{column}" if kind else column
