"""The charts of a comparison: who gains and loses, what moves, and the figures that guardrails are about."""

from collections.abc import Sequence

from experiments.policy_diff.intervals import Difference
from experiments.policy_diff.plots import PairRow, Pairs
from experiments.policy_diff.result import GroupDiff, Movement, Mover, PlacementDiff
from experiments.profile_report.money import Money
from experiments.profile_report.plots import Grid
from experiments.profile_report.sections import chart_of
from recsys.report import Table
from recsys.types import STAGES
from training.plots import DotRow, Dots, Mark
from training.sections import Chart

MOST_DOTS = 16
_LOOK, _NO_STAGE = "source", "none"
_NOTE = "Bar: 95 % interval. Hollow: it holds zero, it may be luck."
_EXACT = "All members were read: exact, no interval."


def changed_chart(placement: PlacementDiff) -> Chart:
    """Share of slates that change by tier and stage, as a grid."""
    tiers = tuple(dict.fromkeys(one.tier for one in placement.groups))
    present = {one.stage or _NO_STAGE for one in placement.groups}
    stages = tuple(stage for stage in (*STAGES, _NO_STAGE) if stage in present)
    by = {(one.tier, one.stage or _NO_STAGE): one for one in placement.groups}
    cells = tuple(tuple(by.get((tier, stage)) for stage in stages) for tier in tiers)
    values = tuple(tuple(one.changed.share if one and one.changed else None for one in row) for row in cells)
    texts = tuple(tuple(_cell_text(one) for one in row) for row in cells)
    title = f"{placement.placement}: share of slates that change, by tier and stage"
    rows = tuple((tier, *(text.replace("\n", " ") for text in line)) for tier, line in zip(tiers, texts, strict=True))
    plot = Grid(tiers, stages, values, texts, "", "")
    reading = (
        "In brackets: members decided for. Members who are not personalised have no stage. Darker: more of them see "
        "something else."
    )
    return chart_of(f"changed-{placement.placement}", plot, Table(title, ("", *stages), rows), reading)


def money_chart(placement: PlacementDiff, name: str, called: str, money: Money) -> Chart:
    """Differences of an amount a member by tier, all members first."""
    named = [("all members", placement.everybody), *((one.tier, one) for one in placement.tiers)]
    rows = [
        (label, one.means[name].times(money.major(1)), one.members) for label, one in named if one.members is not None
    ]
    columns = ("tier", "members", "A", "B", "difference", "low", "high")
    title = f"{placement.placement}: {called} a member, B less A, by tier"
    formats = dict.fromkeys(("A", "B"), ",.4f") | dict.fromkeys(("difference", "low", "high"), "+,.4f")
    table = Table(
        f"{title}, {money.unit}",
        columns,
        tuple((label, members, one.a, one.b, one.difference, one.low, one.high) for label, one, members in rows),
        formats=formats,
    )
    dots = Dots(
        tuple(_dot(label, one) for label, one, _ in rows),
        f"{money.unit} a member, B less A",
        reference=0.0,
        written="+,.3f",
        legend_note=_note([one for _, one, _ in rows]),
    )
    reading = "Right of the dashed line: more under B. By what training learnt of offers, not measured."
    return Chart(f"{name.removesuffix('_minor')}-{placement.placement}", title, reading, dots, table)


def mover_chart(placement: PlacementDiff, kind: str, movement: Movement) -> Chart:
    """What moved most, as differences in the share of slates."""
    unit = "positions a slate" if kind == "categories" else "share of slates, percentage points"
    scale = 1.0 if kind == "categories" else 100.0
    movers = movement.movers[:MOST_DOTS]
    rows = tuple(_dot(one.name, one.share.times(scale)) for one in movers)
    title = f"{placement.placement}: {kind} shown more and less"
    columns = ("name", "id", "A", "B", "gained", "lost", "difference", "low", "high")
    table = Table(
        f"{title}; {'positions' if kind == 'categories' else 'slates'}, and difference in {unit}",
        columns,
        tuple(_mover_row(one, scale) for one in movement.movers),
        formats=dict.fromkeys(("difference", "low", "high"), "+,.2f"),
    )
    dots = Dots(
        rows, f"{unit}, B less A", reference=0.0, written="+,.2f", legend_note=_note([one.share for one in movers])
    )
    reading = (
        f"Of {movement.n:,} {kind} A shows {movement.shown_a:,} and B {movement.shown_b:,}; {movement.n_more:,} are "
        f"shown more and {movement.n_less:,} less. The first {len(movers)} are drawn; the table has "
        f"{len(movement.movers)}."
    )
    return Chart(f"{kind}-{placement.placement}", title, reading, dots, table)


def depth_chart(placement: PlacementDiff) -> Chart:
    """Mean depth of the offers shown, by tier."""
    return _pairs(
        placement,
        "depth",
        "mean depth of the offers shown, by tier",
        [(one, one.rates["mean_depth"]) for one in placement.tiers if one.members is not None],
        ("discount over the smallest basket that qualifies, %", "A tier whose members see no offer has 0."),
    )


def without_discount_chart(placement: PlacementDiff) -> Chart:
    """Share of members without any discount, by tier."""
    return _pairs(
        placement,
        "without",
        "members without any discount, by tier",
        [(one, one.means["without_discount"]) for one in placement.tiers if one.members is not None],
        ("share of members, %", "Nothing that they are shown is expected to cost a discount."),
    )


def exposure_chart(placement: PlacementDiff) -> Chart:
    """Offers a slate, by tier."""
    return _pairs(
        placement,
        "exposure",
        "offers shown a hundred slates, by tier",
        [(one, one.means["offers"]) for one in placement.tiers if one.members is not None],
        ("offers a hundred slates", "What is not an offer is a product, or an empty position."),
    )


def _pairs(
    placement: PlacementDiff,
    name: str,
    what: str,
    found: Sequence[tuple[GroupDiff, Difference]],
    words: tuple[str, str],
) -> Chart:
    axis, reading = words
    title = f"{placement.placement}: {what}"
    rows = [(one.tier, one.members, difference.times(100)) for one, difference in found]
    table = Table(
        title,
        ("tier", "members", "A", "B", "difference", "low", "high"),
        tuple((tier, members, one.a, one.b, one.difference, one.low, one.high) for tier, members, one in rows),
        formats=dict.fromkeys(("A", "B"), ",.1f") | dict.fromkeys(("difference", "low", "high"), "+,.1f"),
    )
    pairs = Pairs(tuple(PairRow(tier, one.a, one.b) for tier, _, one in rows), axis, ",.1f")
    return Chart(f"{name}-{placement.placement}", title, reading, pairs, table)


def _dot(label: str, one: Difference) -> DotRow:
    return DotRow(label, (Mark(one.difference, one.low, one.high, _LOOK, one.may_be_luck),))


def _note(drawn: Sequence[Difference]) -> str:
    return _NOTE if any(one.low is not None for one in drawn) else _EXACT


def _mover_row(one: Mover, scale: float) -> tuple[object, ...]:
    share = one.share.times(scale)
    return one.name, one.mover_id, one.a, one.b, one.gained, one.lost, share.difference, share.low, share.high


def _cell_text(one: GroupDiff | None) -> str:
    if one is None:
        return ""
    if one.changed is None:
        return "<5"
    return f"{one.changed.share:.0%}\n({one.members:,})"
