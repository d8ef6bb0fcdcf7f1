"""What a slate breaks: rules, caps, the bounds of its placement, and what is empty though something may be shown."""

from collections import Counter
from collections.abc import Iterator

from experiments.benchmarks.policy_judge import Judge, MemberJudge
from recsys.decision import Context, Decision
from recsys.members import Subject
from recsys.policy.attributes import PRODUCT_ATTRIBUTES
from recsys.policy.expressions.cel import Verdict
from recsys.policy.file.rule import CapGroup, Effect, Rule
from recsys.policy.file.schema import ArmBehaviour, Policy
from recsys.types import ItemKind


def member_judge(judge: Judge, subject: Subject, context: Context, decision: Decision) -> MemberJudge:
    """The judge of a member in the arm that the decision names."""
    experiment = judge.policy.experiment
    arms = {arm.name: arm.behaviour for arm in experiment.arms} if experiment is not None else {}
    behaviour = arms.get(decision.arm)
    withheld, impersonal = behaviour is ArmBehaviour.NO_OFFERS, behaviour is ArmBehaviour.POPULAR
    return judge.member(subject, context, withheld=withheld, impersonal=impersonal)


def broken_rules(judge: MemberJudge, decision: Decision, policy: Policy) -> Iterator[tuple[str, str]]:
    """
    Each rule or law that a slate breaks, and by what.

    Args:
        judge: Of the member, see `member_judge`.
        decision: The slate.
        policy: That was in force.
    """
    placement = policy.placements[judge.placement]
    kinds = Counter(item.kind for item in decision.items)
    shown = {(item.kind, item.id) for item in decision.items}
    if len(decision.items) > placement.capacity:
        yield "capacity", str(len(decision.items))
    if kinds[ItemKind.OFFER] > placement.max_offers or not kinds.keys() <= set(placement.types):
        yield "types of the placement", str(dict(kinds))
    if len(shown) < len(decision.items):
        yield "nothing twice", str(decision.items)
    knowledge = judge.judge.knowledge
    ids = {ItemKind.PRODUCT: knowledge.catalogue.products, ItemKind.OFFER: knowledge.offers.offers}
    for item in decision.items:
        rule = judge.first(item.kind, ids[item.kind].row(item.id))
        if rule is not None:
            yield rule, f"{item.kind} {item.id}"
    products = [ids[ItemKind.PRODUCT].row(item.id) for item in decision.items if item.kind is ItemKind.PRODUCT]
    if not products:
        yield from _left_empty(judge, decision, policy)
        return
    in_force = judge.shows(Effect.CAP)
    for placed in policy.placed_rules():
        if in_force.get(placed.rule.id):
            yield from _over_cap(judge, placed.rule, products)


def _over_cap(judge: MemberJudge, rule: Rule, products: list[int]) -> Iterator[tuple[str, str]]:
    assert rule.cap is not None
    of_bundle = judge.judge
    facts = [of_bundle.facts(ItemKind.PRODUCT, row) for row in products]
    verdicts = [rule.what is None or of_bundle.verdict(rule.what, PRODUCT_ATTRIBUTES, fact) for fact in facts]
    named = [row for row, verdict in zip(products, verdicts, strict=True) if verdict is not Verdict.NO]
    catalogue = of_bundle.knowledge.catalogue
    column = {CapGroup.CATEGORY: catalogue.category, CapGroup.BRAND: catalogue.brand}.get(rule.cap.per)
    groups = Counter(0 if column is None else int(column[row]) for row in named)
    for group, n in groups.items():
        if n > rule.cap.limit and group >= 0:
            yield rule.id, f"{n} of {rule.cap.per} {group}"


def _left_empty(judge: MemberJudge, decision: Decision, policy: Policy) -> Iterator[tuple[str, str]]:
    """Products of the placement's fallback that pass every rule, where no product is shown and no cap explains it."""
    placement, context = policy.placements[judge.placement], judge.context
    n = placement.capacity if context.n is None else min(context.n, placement.capacity)
    asked = ItemKind.PRODUCT in placement.types and ItemKind.PRODUCT in context.types
    if not asked or len(decision.items) >= n or any(judge.shows(Effect.CAP).values()):
        return
    products = judge.judge.knowledge.catalogue.products
    for product in placement.fallback:
        row = products.row(product)
        if row >= 0 and judge.first(ItemKind.PRODUCT, row) is None:
            yield "fallback", product
