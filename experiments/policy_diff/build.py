"""From the sums of a comparison to what it says."""

from collections.abc import Mapping

from experiments.policy_diff.budgets import offer_budgets
from experiments.policy_diff.compare import Compared
from experiments.policy_diff.intervals import Difference, Sample
from experiments.policy_diff.money import Values
from experiments.policy_diff.movement import movement_of_categories, movement_of_offers, movement_of_products
from experiments.policy_diff.not_compared import all_empty, quiet_ids, some_empty
from experiments.policy_diff.policy_parts import part_changes
from experiments.policy_diff.result import (
    MEANS,
    TOTALS,
    BudgetDiff,
    GroupDiff,
    LeftWithNothing,
    NothingUnderEither,
    PlacementDiff,
    PolicyDiff,
    RemovedBy,
    RuleEffect,
    Share,
    SideFacts,
)
from experiments.policy_diff.shown import COLUMNS
from experiments.policy_diff.sides import Side
from experiments.policy_diff.tally import Emptied, Tally
from experiments.policy_diff.warn import warnings_before, warnings_of
from experiments.profile_report.counting import FEWEST
from experiments.profile_report.money import Money

_F = len(COLUMNS)
_RATIOS = {"discount_rate": ("discount_minor", "revenue_minor"), "mean_depth": ("depth", "offers")}


def policy_diff(compared: Compared) -> PolicyDiff:
    """Means, shares and totals with their intervals, and the parts of the files that differ."""
    question, sample = compared.question, compared.question.whom.sample
    placements = tuple(_placement(compared, name, tally) for name, tally in compared.tallies.items())
    budgets = _budgets(compared)
    return PolicyDiff(
        a=_side(question.a),
        b=_side(question.b),
        bundle_id=compared.knowledge.bundle_id,
        currency=compared.knowledge.currency,
        now=question.now,
        seed=question.seed,
        members=question.whom.described,
        sample=sample,
        placements=placements,
        parts=part_changes(question.a.policy, question.b.policy),
        budgets=budgets,
        warnings=(
            *all_empty(placements, quiet_ids(question.a.policy, question.b.policy)),
            *warnings_before(question.a.policy, question.b.policy, question.whom),
            *warnings_of(placements, budgets, Money(compared.knowledge.currency)),
            *some_empty(placements),
        ),
    )


def _side(side: Side) -> SideFacts:
    return SideFacts(side.given, side.source.name, side.policy.name, side.policy.policy_id)


def _placement(compared: Compared, name: str, tally: Tally) -> PlacementDiff:
    sample, groups, knowledge = compared.question.whom.sample, compared.groups, compared.knowledge
    tier_of = groups.tier_of()
    tiers = [tally.moments[tier_of == at].sum(axis=0) for at in range(len(groups.tier_names))]
    return PlacementDiff(
        placement=name,
        channel=compared.question.b.policy.placements[name].channel.value,
        everybody=_group("", "", tally.moments.sum(axis=0), sample, few=0),
        groups=tuple(
            _group(tier, stage, moments, sample)
            for (tier, stage), moments in zip(groups.names, tally.moments, strict=True)
            if moments[0, 0]
        ),
        tiers=tuple(
            _group(tier, "", moments, sample)
            for tier, moments in zip(groups.tier_names, tiers, strict=True)
            if moments[0, 0]
        ),
        products=movement_of_products(tally.products, knowledge, sample),
        offers=movement_of_offers(tally.offers, knowledge, sample),
        categories=movement_of_categories(tally.in_category, knowledge, sample),
        lost=_emptied(tally.lost),
        gained=_emptied(tally.gained),
        neither=NothingUnderEither(tally.neither_b.members, _reasons(tally.neither_a), _reasons(tally.neither_b)),
        rules=_rules(tally),
        off_policy=None if compared.estimates is None else compared.estimates[name],
    )


def _group(tier: str, stage: str, moments: Values, sample: Sample, *, few: int = FEWEST) -> GroupDiff:
    n = int(moments[0, 0])
    if n < few:
        return GroupDiff(tier, stage, None, None, None, None, {}, {}, {})
    changed, gained, lost = (
        int(moments[0, 1 + _F + COLUMNS.index(name)]) for name in ("changed", "offers_gained", "offers_lost")
    )
    return GroupDiff(
        tier=tier,
        stage=stage,
        members=n,
        changed=Share(*sample.share(changed, n)),
        offers_gained=gained,
        offers_lost=lost,
        means={name: _mean(moments, name, sample, n) for name in MEANS},
        rates={
            name: sample.ratio(COLUMNS.index(part), COLUMNS.index(whole), moments)
            for name, (part, whole) in _RATIOS.items()
        },
        totals={name: _mean(moments, name, sample, sample.n).times(sample.n_all) for name in TOTALS},
    )


def _mean(moments: Values, name: str, sample: Sample, n: int) -> Difference:
    at = COLUMNS.index(name)
    sums, difference = moments[0], 1 + _F + at
    return sample.difference(float(sums[1 + at]), float(sums[difference]), float(moments[difference, difference]), n)


def _emptied(emptied: Emptied) -> LeftWithNothing:
    rules = sorted(emptied.reasons.rules.items(), key=lambda one: (-one[1][0], one[0]))
    return LeftWithNothing(
        emptied.members,
        _reasons(emptied),
        tuple(RemovedBy(rule, members, candidates) for rule, (members, candidates) in rules),
        tuple(emptied.examples),
    )


def _reasons(emptied: Emptied) -> dict[str, int]:
    return dict(sorted(emptied.reasons.shortfalls.items(), key=lambda one: (-one[1], one[0])))


def _rules(tally: Tally) -> tuple[RuleEffect, ...]:
    ids = sorted({*tally.rules_a.ids(), *tally.rules_b.ids()})
    return tuple(RuleEffect(rule, dict(tally.rules_a.of(rule)), dict(tally.rules_b.of(rule))) for rule in ids)


def _budgets(compared: Compared) -> tuple[BudgetDiff, ...]:
    sample = compared.question.whom.sample
    offers = compared.knowledge.offers.offers
    named = [("offer", offers.id(row), own, own) for row, own in enumerate(offer_budgets(compared.knowledge))]
    named += [("policy", one.budget_id, one.amount_a, one.amount_b) for one in compared.budgets.budgets]
    found = []
    for at, (kind, budget_id, amount_a, amount_b) in enumerate(named):
        by_placement = {
            name: _spend(tally.spend.a[at], tally.spend.d[at], tally.spend.d2[at], sample)
            for name, tally in compared.tallies.items()
        }
        spend = _sum(by_placement)
        if spend.a or spend.b or kind == "policy":
            found.append(BudgetDiff(kind, budget_id, amount_a, amount_b, spend, by_placement))
    return tuple(found)


def _spend(a: float, d: float, d2: float, sample: Sample) -> Difference:
    return sample.difference(float(a), float(d), float(d2), sample.n).times(sample.n_all)


def _sum(parts: Mapping[str, Difference]) -> Difference:
    """Of several placements; the interval holds at least as surely, because deviations add up at most."""
    every = tuple(parts.values())

    def end(values: list[float | None]) -> float | None:
        return None if None in values else sum(one for one in values if one is not None)

    return Difference(
        sum(one.a for one in every),
        sum(one.b for one in every),
        sum(one.difference for one in every),
        end([one.low for one in every]),
        end([one.high for one in every]),
    )
