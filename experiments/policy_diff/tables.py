"""The comparison as tables, for the terminal and the page; amounts in minor units where nothing else is asked."""

from collections.abc import Iterator

from experiments.policy_diff.estimate import Estimate
from experiments.policy_diff.intervals import Difference
from experiments.policy_diff.not_compared import is_not_compared, why
from experiments.policy_diff.part_text import part_text
from experiments.policy_diff.policy_parts import PartChange
from experiments.policy_diff.result import GroupDiff, LeftWithNothing, Mover, PlacementDiff, PolicyDiff, RuleEffect
from experiments.policy_diff.rule_counts import COUNTS
from experiments.policy_diff.words import MEAN_NAMES, RATE_NAMES
from recsys.report import Table

MOST_GROUPS, MOST_MOVERS = 20, 10
_SPARE_OF_GROUPS = (
    "discount low", "discount high", "without discount A", "without discount B", "offers gained", "offers lost",
)  # fmt: skip
_SIGNED = {"difference": "+,.4f", "low": "+,.4f", "high": "+,.4f", "all members": "+,.0f"}


def figure_table(placement: PlacementDiff, unit: str, *, scale: float = 1.0) -> Table:
    """
    Every figure of a placement under A and under B.

    Args:
        placement: Of it.
        unit: In the title.
        scale: What one minor unit is in that unit.
    """
    group, estimates = placement.everybody, placement.off_policy or {}
    rows = [
        _figure_row(
            MEAN_NAMES[name],
            one.times(scale) if name.endswith("_minor") else one,
            group.totals[name].difference * scale if name in group.totals else None,
            estimates.get(name),
            scale if name.endswith("_minor") else 1.0,
        )
        for name, one in group.means.items()
    ]
    rows += [_figure_row(RATE_NAMES[name], one, None, None, 1.0) for name, one in group.rates.items()]
    columns = ("figure", "A", "B", "difference", "low", "high", "all members", "off-policy estimate")
    title = f"{placement.placement} ({placement.channel}): {changed_text(placement)}; {unit}"
    return Table(title, columns, tuple(rows), spare=("all members",), formats=_SIGNED)


def changed_text(placement: PlacementDiff) -> str:
    """How many slates change, in words; and that they were not compared, where nearly all are empty under both."""
    group, neither = placement.everybody, placement.neither
    if group.changed is None or group.members is None:
        return "too few members to tell"
    share = group.changed
    between = "" if share.low is None or share.high is None else f" [{share.low:.1%} to {share.high:.1%}]"
    if is_not_compared(placement):
        return (
            f"not compared: {neither.members:,} of {group.members:,} members have nothing under either, {why(neither)}"
        )
    both = f"; {neither.members:,} members have nothing under either" if neither.members else ""
    return f"{share.share:.1%}{between} of {group.members:,} slates change{both}"


def mover_tables(placement: PlacementDiff, most: int) -> tuple[Table, ...]:
    """What is shown more and less: offers, products, categories."""
    found = []
    for kind, movement in (
        ("offers", placement.offers),
        ("products", placement.products),
        ("categories", placement.categories),
    ):
        counted = "positions" if kind == "categories" else "slates"
        title = (
            f"{placement.placement}: {kind} shown more ({movement.n_more:,}) and less ({movement.n_less:,}); of "
            f"{movement.n:,} A shows {movement.shown_a:,}, B {movement.shown_b:,}; {counted}"
        )
        columns = ("id", "name", "A", "B", "gained", "lost", "difference", "low", "high")
        rows = tuple(_mover_row(one) for one in movement.movers[:most])
        found.append(Table(title, columns, rows, spare=("name", "gained", "lost"), formats=_SIGNED))
    return tuple(found)


def nothing_table(diff: PolicyDiff) -> Table:
    """Who is left with nothing, and why."""
    rows: list[tuple[object, ...]] = []
    for one in diff.placements:
        for which, left in (("B alone", one.lost), ("A alone", one.gained)):
            rows += _nothing_rows(one.placement, which, left)
        rows += _neither_rows(one)
    columns = ("placement", "nothing under", "why", "members", "things")
    return Table("Members left with nothing", columns, tuple(rows))


def part_table(parts: tuple[PartChange, ...]) -> Table:
    """Which parts of the files differ."""
    rows = tuple(
        (one.section, one.part_id or "-", one.fate.value, part_text(one)) for one in parts
    )  # fmt: skip
    return Table("Parts of the files that differ", ("section", "id", "what", "says"), rows)


def rule_table(placement: PlacementDiff, differing: set[str]) -> Table:
    """What rules did: those whose counts differ, or whose text does."""
    rows = tuple(_rule_row(one) for one in placement.rules if one.a != one.b or one.rule in differing)
    columns = ("rule", *(f"{name} {side}" for name in ("members", "products", "offers", "shown") for side in "AB"))
    title = f"{placement.placement}: candidates removed first, and positions boosted, buried or pinned, by rule"
    return Table(title, columns, rows, spare=("members A", "members B", "shown A", "shown B"))


def budget_table(diff: PolicyDiff, *, scale: float = 1.0, unit: str = "minor units") -> Table:
    """Expected spend of every budget before and after."""
    rows = tuple(
        (
            one.kind,
            one.budget_id,
            None if one.amount_b is None else one.amount_b * scale,
            one.spend.a * scale,
            one.spend.b * scale,
            one.spend.difference * scale,
            None if one.spend.low is None else one.spend.low * scale,
            None if one.spend.high is None else one.spend.high * scale,
            one.exceeded_b,
        )
        for one in diff.budgets
    )
    columns = ("budget", "id", "amount in B", "spend A", "spend B", "difference", "low", "high", "B exceeds it")
    formats = dict.fromkeys(("amount in B", "spend A", "spend B"), ",.0f")
    formats |= dict.fromkeys(("difference", "low", "high"), "+,.0f")
    return Table(
        f"Expected spend, all members once in each placement, {unit}",
        columns,
        rows,
        spare=("amount in B",),
        formats=formats,
    )


def changed_groups(placement: PlacementDiff) -> Table:
    """Groups in which something changes, those with most money at stake first."""
    changed = [one for one in placement.groups if one.changed is not None and one.changed.share > 0]
    changed.sort(key=lambda one: -abs(one.totals["margin_minor"].difference))
    return group_table(placement, tuple(changed[:MOST_GROUPS]), unit="minor units")


def group_table(placement: PlacementDiff, groups: tuple[GroupDiff, ...], *, unit: str, scale: float = 1.0) -> Table:
    """Who gains and loses by tier and stage."""
    columns = (
        "tier", "stage", "members", "changed", "offers gained", "offers lost", "margin", "margin low", "margin high",
        "discount", "discount low", "discount high", "without discount A", "without discount B",
    )  # fmt: skip
    formats = dict.fromkeys(columns[6:12], "+,.3f") | dict.fromkeys(
        ("changed", "without discount A", "without discount B"), ".1%"
    )
    title = f"{placement.placement}: who gains and loses; differences a member, {unit}"
    rows = tuple(_group_row(one, scale) for one in groups)
    return Table(title, columns, rows, spare=_SPARE_OF_GROUPS, formats=formats)


def _group_row(group: GroupDiff, scale: float) -> tuple[object, ...]:
    if group.members is None or group.changed is None:
        return (group.tier, group.stage, "<5", *[None] * 11)
    margin, discount = (group.means[name].times(scale) for name in ("margin_minor", "discount_minor"))
    without = group.means["without_discount"]
    return (
        group.tier, group.stage, group.members, group.changed.share, group.offers_gained, group.offers_lost,
        margin.difference, margin.low, margin.high, discount.difference, discount.low, discount.high,
        without.a, without.b,
    )  # fmt: skip


def _figure_row(
    name: str, one: Difference, total: float | None, estimate: Estimate | None, scale: float
) -> tuple[object, ...]:
    return name, one.a, one.b, one.difference, one.low, one.high, total, _estimate_text(estimate, scale)


def _estimate_text(estimate: Estimate | None, scale: float) -> str:
    if estimate is None:
        return ""
    value, low, high = (one * scale for one in (estimate.value, estimate.low, estimate.high))
    return f"{value:+,.4f} [{low:+,.4f} to {high:+,.4f}], {estimate.method}, n = {estimate.n:,}"


def _mover_row(one: Mover) -> tuple[object, ...]:
    counts = one.mover_id, one.name, one.a, one.b, one.gained, one.lost
    return *counts, one.share.difference, one.share.low, one.share.high


def _nothing_rows(placement: str, which: str, left: LeftWithNothing) -> Iterator[tuple[object, ...]]:
    for reason, members in left.reasons.items():
        yield placement, which, reason or "not said", members, None
    for one in left.removed_by:
        yield placement, which, f"what they had is removed by {one.rule}", one.members, one.candidates


def _neither_rows(placement: PlacementDiff) -> Iterator[tuple[object, ...]]:
    neither = placement.neither
    sides = [("both, why under A", neither.reasons_a), ("both, why under B", neither.reasons_b)]
    if neither.reasons_a == neither.reasons_b:
        sides = [("both", neither.reasons_b)]
    for which, reasons in sides:
        for reason, members in reasons.items():
            yield placement.placement, which, reason or "not said", members, None


def _rule_row(effect: RuleEffect) -> tuple[object, ...]:
    named = dict(zip(("members", "products", "offers", "shown_members", "shown"), COUNTS, strict=True))
    return (
        effect.rule,
        *(side[named[name]] for name in ("members", "products", "offers", "shown") for side in (effect.a, effect.b)),
    )
