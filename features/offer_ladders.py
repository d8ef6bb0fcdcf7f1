"""Ladders of offers at ingest: which steps do not belong to theirs, or stand where another one stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

LADDER_MIXED = "ladder_mixed"
"""Reason of a step that is of another kind, or for other products, than the ladder's first row."""
LADDER_OVERLAP = "ladder_overlap"
"""Reason of a step that stands where an earlier row of its ladder stands; see `ladder_refusals`."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One offer of a ladder.

    Attributes:
        offer_id, ladder, kind: As in the table.
        gives: What its kind gives: minor units, basis points, or the share of units that are free.
        min_spend_minor, points_cost: What it asks for.
        valid_from, valid_until: First instant, and first instant after.
        tiers: Who may have it; None for everybody.
        scope: What is told of it.
    """

    offer_id: str
    ladder: str
    kind: str
    gives: Fraction
    min_spend_minor: int
    points_cost: int
    valid_from: datetime
    valid_until: datetime
    tiers: frozenset[str] | None
    scope: frozenset[tuple[Any, ...]]

    @classmethod
    def of(cls, row: Mapping[str, Any], scope: frozenset[tuple[Any, ...]]) -> "Step":
        """From a row of the offers table that names a ladder, and the rows of its scope."""
        units = row["buy_quantity"] + row["get_quantity"]
        gives = {
            "percent_off": Fraction(row["percent_bp"]),
            "points_multiplier": Fraction(row["multiplier_bp"]),
            "buy_x_get_y": Fraction(row["get_quantity"], max(units, 1)),
        }
        return cls(
            offer_id=row["offer_id"],
            ladder=row["ladder"],
            kind=row["kind"],
            gives=gives.get(row["kind"], Fraction(row["amount_minor"])),
            min_spend_minor=row["min_spend_minor"],
            points_cost=row["points_cost"] or 0,
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
            tiers=None if row["tiers"] is None else frozenset(row["tiers"].split("|")),
            scope=scope,
        )

    @property
    def depth(self) -> tuple[Fraction, int]:
        """Rises with depth: who gives more is deeper, and of equals who gives it from a smaller spend on."""
        return self.gives, -self.min_spend_minor

    def meets(self, other: "Step") -> bool:
        """A member may have both at one instant."""
        at_once = self.valid_from < other.valid_until and other.valid_from < self.valid_until
        apart = self.tiers is not None and other.tiers is not None and not self.tiers & other.tiers
        return at_once and not apart

    def overlaps(self, other: "Step") -> bool:
        """See `ladder_refusals`."""
        if not self.meets(other):
            return False
        shallow, deep = sorted((self, other), key=lambda step: step.depth)
        return shallow.depth == deep.depth or deep.points_cost < shallow.points_cost


def ladder_refusals(steps: Iterable[Step]) -> dict[str, str]:
    """
    Which steps are refused, with the reason of each, by id.

    A ladder is one offer at several depths, so all its steps are of the kind and for the products of its first row. Two
    steps overlap where a member may have both at one instant and they are equally deep, so that nothing tells them
    apart, or the deeper one costs fewer points, so that nobody would ever take the other. The earlier row stands.
    """
    refused: dict[str, str] = {}
    kept: dict[str, list[Step]] = {}
    for step in steps:
        others = kept.setdefault(step.ladder, [])
        if others and (step.kind, step.scope) != (others[0].kind, others[0].scope):
            refused[step.offer_id] = LADDER_MIXED
        elif any(step.overlaps(other) for other in others):
            refused[step.offer_id] = LADDER_OVERLAP
        else:
            others.append(step)
    return refused
