"""What a policy file may say of hard bounds, of exploration, and of what a placement is after."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from recsys.policy.file.fields import Instant, MinorUnits, Part, Share, Slug, Text, iso, refuse_repeats
from recsys.types import OfferKind

SMALLEST_EPSILON = 1e-6
MAX_FALLBACK = 100
_MAX_BANDS = 200
_MAX_BUDGETS = 200


class DepthBand(Part):
    """
    How deep some offers may be for some members (law 4).

    Attributes:
        kind, tier: Of the offer and of the member; absent means all of them.
        category: Of the catalogue: offers whose scope has a product of it; an offer on the whole basket touches every
            category. Absent means all offers.
        min_depth, max_depth: Shares of the smallest basket that qualifies, both allowed themselves.
    """

    id: Slug
    kind: OfferKind | None = None
    tier: Text | None = None
    category: Text | None = None
    min_depth: Share = 0.0
    max_depth: Share = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_depth > self.max_depth:
            raise ValueError(f"min_depth {self.min_depth} is above max_depth {self.max_depth}; swap them")
        return self


class Budget(Part):
    """
    Money for the discounts of some offers together.

    What was spent of it is not known to a decision. It holds what one decision can hold: an offer is not shown where
    the member's one redemption would cost more than the whole amount, and an amount of 0 shows none.

    Attributes:
        what: CEL over ``offer``; absent means all of them.
        amount_minor: In the file's currency.
        from_at, until_at: First instant, and first instant after; outside them the budget limits nothing.
    """

    id: Slug
    what: str | None = None
    amount_minor: MinorUnits
    from_at: Instant | None = Field(None, alias="from")
    until_at: Instant | None = Field(None, alias="until")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_at is not None and self.until_at is not None and self.from_at >= self.until_at:
            raise ValueError(f"it ends ({iso(self.until_at)}) before it starts ({iso(self.from_at)}); swap the dates")
        return self


class Guardrails(Part):
    """
    Hard bounds that no score and no lever overrides.

    Attributes:
        max_depth: No offer is deeper than this share of the smallest basket that qualifies for it.
        depth_bands: Narrower bounds by kind, tier and category.
        min_margin_rate: Products below this margin over price are not recommended; absent means no bound.
        max_discount_rate: No offer costs a larger share of what the member's order is worth, by expectation (see
            `recsys.policy.money_limits.discount_rate_breaks`); absent means no bound.
        min_no_discount_share: Share of members who are shown no discount, others every calendar month.
        budgets: Of discounts.
    """

    max_depth: Share = 1.0
    depth_bands: Annotated[tuple[DepthBand, ...], Field(max_length=_MAX_BANDS)] = ()
    min_margin_rate: Annotated[float, Field(strict=True, ge=-1, le=1, allow_inf_nan=False)] | None = None
    max_discount_rate: Share | None = None
    min_no_discount_share: Share = 0.0
    budgets: Annotated[tuple[Budget, ...], Field(max_length=_MAX_BUDGETS)] = ()


class Drawing(StrEnum):
    """How an offer to try is drawn: by the chance that it is worth most (Thompson), or all alike."""

    THOMPSON = "thompson"
    UNIFORM = "uniform"


class Exploration(Part):
    """
    How often the offer is drawn at random among those that may be shown.

    Attributes:
        epsilon: Share of decisions: 0, or at least once in a million.
        draw: How: what may well be worth most is tried more often, or everything alike.
        min_propensity: Nothing is drawn with a smaller probability, so that what is learnt from a draw never weighs
            more than one over this: only as many offers are drawn from as can have it, the most promising. 0 means no
            bound; at most half of epsilon, for no offer and one offer need a share each; without epsilon it is idle. Of
            Thompson's draws at most half is spent on it.
    """

    epsilon: Annotated[float, Field(strict=True, ge=0, le=0.5, allow_inf_nan=False)] = 0.0
    draw: Drawing = Drawing.THOMPSON
    min_propensity: Annotated[float, Field(strict=True, ge=0, le=0.25, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        # Draws have 53 bits: much smaller shares would be logged with propensities that the draw does not have.
        if 0 < self.epsilon < SMALLEST_EPSILON:
            raise ValueError(f"epsilon is {self.epsilon:g}; write 0 for none, or at least {SMALLEST_EPSILON:f}")
        if 0 < self.epsilon < 2 * self.min_propensity:
            raise ValueError(
                f"min_propensity is {self.min_propensity:g}, more than half of epsilon ({self.epsilon:g}); "
                f"write at most {self.epsilon / 2:g}, or nothing could be drawn"
            )
        return self


class Objective(Part):
    """
    What the products of a placement are ranked by: ``score^relevance x margin_rate^margin``.

    Margin rates below 0.01 count as 0.01: thin margins go down and stay in the list.

    Attributes:
        relevance: Exponent of the score; above 1 the best fit wins more clearly.
        margin: Exponent of the margin over price; 0 leaves money out, 1 ranks by the margin that is expected.
    """

    relevance: Annotated[float, Field(strict=True, gt=0, le=4, allow_inf_nan=False)] = 1.0
    margin: Annotated[float, Field(strict=True, ge=0, le=4, allow_inf_nan=False)] = 0.0


def _each_once(products: tuple[Any, ...]) -> tuple[Any, ...]:
    refuse_repeats("product", products)
    return products


Fallback = Annotated[tuple[Text, ...], Field(max_length=MAX_FALLBACK), AfterValidator(_each_once)]
"""Product ids, best first, that fill a slate which nothing else fills; rules remove them like any other."""
