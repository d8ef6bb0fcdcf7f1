"""What rules each section of a policy file may hold, and the short forms that stand for rules."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from recsys.policy.file.fields import Part, Slug, Text, Wording, Words
from recsys.policy.file.placed import Section
from recsys.policy.file.rule import LEVERS, REMOVALS, CapGroup, CapLimit, Effect, Rule
from recsys.types import Channel, ItemKind


class Reach(Part):
    """
    What only a tier and those above it can reach; so a higher tier never reaches less.

    Attributes:
        what: CEL over ``product`` or ``offer``, whichever ``applies_to`` names.
        from_tier: The lowest tier that reaches it.
    """

    id: Slug
    owner: Text
    reason: Words = Wording()
    applies_to: ItemKind = ItemKind.OFFER
    what: str
    from_tier: Text


class DiversityLimit(Part):
    """At most so many products of one category, of one brand, or of all that it names, in a slate."""

    id: Slug
    owner: Text
    reason: Words = Wording()
    per: CapGroup
    limit: Annotated[int, Field(strict=True, ge=0, le=100)]
    who: str | None = None
    what: str | None = None
    placements: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None

    def rule(self) -> Rule:
        """The rule that it stands for."""
        shared = {name: value for name, value in self if name not in ("per", "limit")}
        capped = {"effect": Effect.CAP, "cap": CapLimit(limit=self.limit, per=self.per)}
        return Rule.model_validate({**shared, **capped})


def _of(section: Section, allowed: tuple[Effect, ...]) -> AfterValidator:
    def checked(rule: Rule) -> Rule:
        if rule.effect not in allowed:
            may = ", ".join(allowed)
            raise ValueError(
                f"rule {rule.id!r} has the effect {rule.effect}; in {section} it may be {may}; move it to `rules`"
            )
        return rule

    return AfterValidator(checked)


def _effect_of_factor(value: Any) -> Any:
    """A lever need not name its effect: its factor tells."""
    if isinstance(value, dict) and "effect" not in value:
        factor = value.get("factor")
        buries = isinstance(factor, int | float) and not isinstance(factor, bool) and factor < 1
        return {**value, "effect": (Effect.BURY if buries else Effect.BOOST).value}
    return value


EligibilityRule = Annotated[Rule, _of(Section.ELIGIBILITY, REMOVALS)]
ApplicabilityRule = Annotated[Rule, _of(Section.APPLICABILITY, REMOVALS)]
SuitabilityRule = Annotated[Rule, _of(Section.SUITABILITY, (*REMOVALS, Effect.BURY))]
Lever = Annotated[Rule, _of(Section.LEVERS, LEVERS), BeforeValidator(_effect_of_factor)]
