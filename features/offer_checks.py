"""Offers wait at ingest until their scopes have come in: only then can it be said which of them may stand."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from features.offer_ladders import LADDER_MIXED, LADDER_OVERLAP, Step, ladder_refusals
from features.sources.base import REASON
from features.validate import DUPLICATE, Checked

SCOPE_TABLES = ("offer_scope", "offer_scope_rules")
"""Tables that tell what offers are valid for; after the last of them offers are judged."""
SCOPE_REJECTED = "scope_rejected"
"""Reason of an offer none of whose products was kept; without its scope it would be valid for the whole basket."""
EXCLUSION_REJECTED = "exclusion_rejected"
"""Reason of an offer of which an exclusion was not kept; without it, it would be valid for what it must not be."""

_SCOPE = {
    "offer_id": pl.String(),
    "kind": pl.String(),
    "value": pl.String(),
    "exclude": pl.Boolean(),
    REASON: pl.String(),
}


@dataclass(slots=True)
class HeldOffers:
    """
    The parts of the offers table, and what their scopes are told to be.

    Attributes:
        parts: As checked row by row, in the order in which they came.
    """

    parts: list[Checked] = field(default_factory=list)
    _scope: list[pl.DataFrame] = field(default_factory=list)

    def add_scope(self, checked: Checked) -> None:
        """Note rows of a table of scopes, the rejected ones too."""
        rows = checked.rows
        if "product_id" in rows.columns:
            rows = rows.select("offer_id", REASON, kind=pl.lit("product"), value="product_id", exclude=pl.lit(False))
        self._scope.append(rows.select(pl.col(name).cast(dtype) for name, dtype in _SCOPE.items()))

    def judged(self) -> Iterator[Checked]:
        """The parts, with the reasons of offers that lost their scope or do not fit into their ladder."""
        scope = pl.concat(self._scope) if self._scope else pl.DataFrame(schema=_SCOPE)
        kept = pl.col(REASON).is_null()
        excludes = pl.col("exclude").fill_null(True)
        included = scope.filter(~excludes).group_by("offer_id").agg(kept.any().alias("any_kept"))
        lost = {
            SCOPE_REJECTED: included.filter(~pl.col("any_kept"))["offer_id"],
            EXCLUSION_REJECTED: scope.filter(excludes & ~kept & (pl.col(REASON) != DUPLICATE))["offer_id"],
        }
        parts = self.parts
        for reason, offers in lost.items():
            parts = _refused(parts, reason, offers.drop_nulls().unique().to_list())
        wrong = ladder_refusals(_steps(parts, scope.filter(kept)))
        for reason in (LADDER_MIXED, LADDER_OVERLAP):
            parts = _refused(parts, reason, [offer for offer, why in wrong.items() if why == reason])
        yield from parts


def _refused(parts: list[Checked], reason: str, offers: list[str]) -> list[Checked]:
    return [part.refuse(reason, pl.col("offer_id").is_in(offers)) for part in parts] if offers else parts


def _steps(parts: list[Checked], scope: pl.DataFrame) -> Iterator[Step]:
    rows = [row for part in parts for row in part.kept().filter(pl.col("ladder").is_not_null()).iter_rows(named=True)]
    told = scope.filter(pl.col("offer_id").is_in([row["offer_id"] for row in rows]))
    scopes: dict[str, set[tuple[str, str, bool]]] = {}
    for offer, kind, value, exclude in told.select("offer_id", "kind", "value", "exclude").iter_rows():
        scopes.setdefault(offer, set()).add((kind, value, exclude))
    for row in rows:
        yield Step.of(row, frozenset(scopes.get(row["offer_id"], ())))
