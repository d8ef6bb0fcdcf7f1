"""What a comparison says: differences with intervals, movers, who is left with nothing; counts, never members."""

from dataclasses import dataclass

from experiments.policy_diff.estimate import Estimate
from experiments.policy_diff.intervals import Difference, Sample
from experiments.policy_diff.policy_parts import PartChange

MEANS = (
    "margin_minor",
    "discount_minor",
    "revenue_minor",
    "orders",
    "offers",
    "products",
    "with_offer",
    "no_offer",
    "without_discount",
    "empty",
)
"""Figures that are means a member, in the order of tables; see `shown.FIGURES`."""

RATES = ("discount_rate", "mean_depth")
"""Expected discount over expected revenue; mean depth of the offers shown."""

TOTALS = ("margin_minor", "discount_minor", "revenue_minor")
"""Figures that are also given for all members together."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval; the ends are absent where all members were read."""

    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class GroupDiff:
    """
    What changes for some members.

    Attributes:
        tier, stage: Of them; empty where it is all of a tier.
        members: Decided for; absent where they are 1 to 4, and then all else is empty.
        changed: Share whose slate differs in any position.
        offers_gained, offers_lost: Offers shown by B alone, and by A alone, counted over members.
        means: By name of `MEANS`: a member.
        rates: By name of `RATES`.
        totals: By name of `TOTALS`: for all members that these stand for.
    """

    tier: str
    stage: str
    members: int | None
    changed: Share | None
    offers_gained: int | None
    offers_lost: int | None
    means: dict[str, Difference]
    rates: dict[str, Difference]
    totals: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Mover:
    """
    A product, an offer or a category.

    Attributes:
        mover_id, name: Of it.
        a, b: Slates that hold it; of a category, positions.
        gained, lost: Slates that hold it under B alone, under A alone; absent for categories.
        share: Of slates; of a category, positions a slate.
    """

    mover_id: str
    name: str
    a: int
    b: int
    gained: int | None
    lost: int | None
    share: Difference


@dataclass(frozen=True, slots=True)
class Movement:
    """
    What is shown more and less.

    Attributes:
        n: Things there are.
        shown_a, shown_b: Of which so many are shown to anybody.
        n_more, n_less: Shown to more members, and to fewer.
        movers: Those that moved most, first.
    """

    n: int
    shown_a: int
    shown_b: int
    n_more: int
    n_less: int
    movers: tuple[Mover, ...]


@dataclass(frozen=True, slots=True)
class RemovedBy:
    """The first rule that removed what members are shown under the other policy: how many members, how many things."""

    rule: str
    members: int
    candidates: int


@dataclass(frozen=True, slots=True)
class LeftWithNothing:
    """
    Members who have something under one policy and nothing under the other.

    Attributes:
        members: How many.
        reasons: Members by the reason that the empty slate gives.
        removed_by: Who removed what the other policy shows them.
        examples: A few ids, where asked for.
    """

    members: int
    reasons: dict[str, int]
    removed_by: tuple[RemovedBy, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NothingUnderEither:
    """
    Members who have nothing under A and nothing under B: for them nothing was compared.

    Attributes:
        members: How many.
        reasons_a, reasons_b: Members by the reason that the empty slate gives under each, the most frequent first.
    """

    members: int
    reasons_a: dict[str, int]
    reasons_b: dict[str, int]


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """
    What a rule did, by name of `rule_counts.COUNTS`.

    Attributes:
        rule: Its id.
        a, b: Under each policy, among the members decided for.
    """

    rule: str
    a: dict[str, int]
    b: dict[str, int]


@dataclass(frozen=True, slots=True)
class PlacementDiff:
    """
    One placement.

    Attributes:
        channel: Of the placement under B.
        everybody: All members that were decided for.
        groups: By tier and stage; those without members are left out.
        tiers: By tier.
        products, offers, categories: What is shown more and less.
        lost, gained: Left with nothing under B; under A.
        neither: Nothing under both.
        rules: Every rule that was asked under either, built-in ones too.
        off_policy: By figure; absent where nothing estimates.
    """

    placement: str
    channel: str
    everybody: GroupDiff
    groups: tuple[GroupDiff, ...]
    tiers: tuple[GroupDiff, ...]
    products: Movement
    offers: Movement
    categories: Movement
    lost: LeftWithNothing
    gained: LeftWithNothing
    neither: NothingUnderEither
    rules: tuple[RuleEffect, ...]
    off_policy: dict[str, Estimate] | None


@dataclass(frozen=True, slots=True)
class BudgetDiff:
    """
    Expected spend of a budget if every member is decided for once in each placement.

    Attributes:
        kind: ``offer`` or ``policy``.
        budget_id: Of the offer, or of the policy's budget.
        amount_a, amount_b: Minor units; absent where there is no bound.
        spend: Minor units, of all members.
        by_placement: The same for each.
    """

    kind: str
    budget_id: str
    amount_a: int | None
    amount_b: int | None
    spend: Difference
    by_placement: dict[str, Difference]

    @property
    def exceeded_a(self) -> bool:
        """A spends more than there is."""
        return self.amount_a is not None and self.spend.a > self.amount_a

    @property
    def exceeded_b(self) -> bool:
        """B spends more than there is."""
        return self.amount_b is not None and self.spend.b > self.amount_b


@dataclass(frozen=True, slots=True)
class SideFacts:
    """One of the two: as it was asked for, where it was read, and which policy it is."""

    given: str
    source: str
    name: str
    policy_id: str


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """
    All of it.

    Attributes:
        a, b: The two policies.
        bundle_id, currency: Of what is served.
        now, seed: Of the decisions.
        members: Whom, in a sentence.
        sample: How many of how many.
        placements: In the order asked.
        parts: Parts of the files that differ.
        budgets: Those that are spent from under either, or bounded.
        warnings: Sentences about B.
    """

    a: SideFacts
    b: SideFacts
    bundle_id: str
    currency: str
    now: int
    seed: int
    members: str
    sample: Sample
    placements: tuple[PlacementDiff, ...]
    parts: tuple[PartChange, ...]
    budgets: tuple[BudgetDiff, ...]
    warnings: tuple[str, ...]
