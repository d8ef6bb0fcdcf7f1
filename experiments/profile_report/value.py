"""What members will be worth: how it is spread, how few hold most of it, and by tier and stage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import (
    FEWEST,
    Cells,
    Counts,
    crossed,
    hidden,
    in_classes,
    log_edges,
    means,
    several,
    share,
    shown,
)
from experiments.profile_report.figures import compact
from experiments.profile_report.grouping import Grouping
from experiments.profile_report.money import Money
from experiments.profile_report.plots import LINES, PLAIN, Columns, Grid, Lines, Strand, named
from experiments.profile_report.sections import Absent, Block, PageSection, chart_of
from features.profile.build import AllNorms, Profile
from features.profile.group import Rules
from recsys.report import Table
from training.sections import Chart

TITLE = "What will members be worth?"
_N_TENTHS = 10
_MOST_CLASSES = 14


@dataclass(frozen=True, slots=True)
class ValueTenth:
    """
    A tenth of the members with an order, the worthiest first.

    Attributes:
        share: Of the value of all.
        mean_minor, mean_low_minor, mean_high_minor: Means a member of the value and of the ends of its interval.
        past_share: Of what all paid in the window of monetary value.
    """

    members: int
    share: float
    mean_minor: float
    mean_low_minor: float
    mean_high_minor: float
    past_share: float


@dataclass(frozen=True, slots=True)
class ValuePart:
    """
    Lifetime value: discounted margin within a horizon, of members who ever ordered.

    Attributes:
        horizon_days, yearly_discount_rate, coverage: Of value, and of the intervals.
        model, value_model: What forecasts orders, and the value of one.
        refused: Why no better ones.
        margin_rate, margin_measured: Margin over spend of everybody, and whether it rests on costs.
        n_members: With an order.
        expected_orders, value_minor: Of all of them together within the horizon.
        edges_minor: Limits of the classes of value.
        members_by_value: By class.
        tenths: The worthiest first.
        rows, columns: Tiers and stages; one, ``all``, where there are none.
        members: By row, then column.
        mean_minor: Likewise.
    """

    horizon_days: float
    yearly_discount_rate: float
    coverage: float
    model: str
    value_model: str
    refused: tuple[str, ...]
    margin_rate: float
    margin_measured: bool
    n_members: int
    expected_orders: float
    value_minor: int
    edges_minor: tuple[int, ...]
    members_by_value: Counts
    tenths: tuple[ValueTenth, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    members: Cells
    mean_minor: tuple[tuple[float | None, ...], ...]


def value_part(profile: Profile, norms: AllNorms, rules: Rules, groupings: tuple[Grouping, ...]) -> ValuePart | Absent:
    """Sum the values that the profile forecasts."""
    if "ltv_minor" not in profile.columns:
        return Absent("The profile has no lifetime value.")
    value, known, config, learnt = profile["ltv_minor"], profile["ltv_minor"] >= 0, rules.config.value, norms["value"]
    if not known.any():
        return Absent("Nobody ordered anything, so nothing can be forecast.")
    edges = log_edges(value[known], _MOST_CLASSES)
    by = {one.name: one for one in groupings}
    nobody = np.zeros(len(value), dtype=np.int64)
    rows, columns = by.get("tier", Grouping("", ("all",), nobody)), by.get("stage", Grouping("", ("all",), nobody))
    shape = len(rows.names), len(columns.names)
    counts, sums = (
        crossed(rows.among(known), columns.among(known), shape, weights) for weights in (None, value.astype(np.float64))
    )
    return ValuePart(
        horizon_days=config.horizon_days,
        yearly_discount_rate=config.yearly_discount_rate,
        coverage=config.coverage,
        model=learnt["model"],
        value_model=learnt["value_model"],
        refused=tuple(learnt["refused"]),
        margin_rate=learnt["margin_rate"],
        margin_measured=learnt["margin"] == "costs",
        n_members=int(known.sum()),
        expected_orders=float(profile["expected_orders"][known].sum(dtype=np.float64)),
        value_minor=int(value[known].sum()),
        edges_minor=edges,
        members_by_value=in_classes(value[known], edges),
        tenths=_tenths(profile, known),
        rows=rows.names,
        columns=columns.names,
        members=hidden(counts),
        mean_minor=means(sums, counts),
    )


def value_section(part: ValuePart | Absent, money: Money) -> PageSection:
    """How it is spread, who holds it, and where they are."""
    if isinstance(part, Absent):
        return PageSection("value", TITLE, part.reason)
    margin = (
        f"Margin is {part.margin_rate:.0%} of spend, from the costs of products"
        if part.margin_measured
        else f"No costs are known, so margin is assumed to be {part.margin_rate:.0%} of spend"
    )
    intro = (
        f"The margin of the orders that are expected in the next {part.horizon_days:g} days, those to come later "
        f"counting less ({part.yearly_discount_rate:.0%} a year): {money.text(part.value_minor)} from "
        f"{several(part.n_members, 'member')}; orders expected: {part.expected_orders:,.0f}. {margin}. "
        f"Forecast by: {part.model} for orders, {part.value_model} for their value. Intervals hold {part.coverage:.0%} "
        "of what may come for one member; they do not add up."
    )
    blocks: list[Block] = [_spread_chart(part, money)]
    if part.tenths:
        blocks += [_share_chart(part), _tenths_chart(part, money)]
    if any(one is not None for row in part.mean_minor for one in row):
        blocks.append(_cross_chart(part, money))
    if part.refused:
        blocks.append(f"Simpler models stand in for better ones: {'; '.join(part.refused)}.")
    return PageSection("value", TITLE, intro, tuple(blocks))


def _tenths(profile: Profile, known: NDArray[np.bool_]) -> tuple[ValueTenth, ...]:
    """Empty where members are too few for tenths of FEWEST each."""
    rows = np.flatnonzero(known)
    if len(rows) < _N_TENTHS * FEWEST:
        return ()
    value = profile["ltv_minor"]
    order = rows[np.argsort(-value[rows], kind="stable")]
    paid = profile["monetary_minor"] if "monetary_minor" in profile.columns else np.zeros_like(value)
    whole, past = float(value[rows].sum()), float(paid[rows].sum())
    return tuple(
        ValueTenth(
            members=len(some),
            share=share(value[some].sum(), whole),
            mean_minor=float(value[some].mean()),
            mean_low_minor=float(profile["ltv_low_minor"][some].mean()),
            mean_high_minor=float(profile["ltv_high_minor"][some].mean()),
            past_share=share(paid[some].sum(), past),
        )
        for some in np.array_split(order, _N_TENTHS)
    )


def _spread_chart(part: ValuePart, money: Money) -> Chart:
    limits = [f"{money.major(edge):,.10g}" for edge in part.edges_minor]
    table = Table(
        f"Members by lifetime value, {part.n_members:,} with an order",
        (f"from ({money.unit})", "to, below", "members", "share"),
        tuple(
            (low, high, count, share(count, part.n_members))
            for low, high, count in zip(limits, limits[1:], part.members_by_value, strict=False)
        ),
        formats={"share": ".1%"},
    )
    labels = tuple(compact(money.major(edge)) for edge in part.edges_minor[:-1])
    plot = Columns(
        labels, (tuple(map(float, part.members_by_value)),), (PLAIN,), f"value, from ({money.unit})", "members"
    )
    return chart_of(
        "value-spread", plot, table, "Each class begins at 1, 2 or 5 times a power of ten: wider to the right."
    )


def _share_chart(part: ValuePart) -> Chart:
    labels = tuple(f"{10 * at}-{10 * at + 10}%" for at in range(_N_TENTHS))
    drawn = (
        ("value to come", [one.share for one in part.tenths]),
        ("paid so far", [one.past_share for one in part.tenths]),
    )
    strands = tuple(
        Strand(named(look, name), tuple(values)) for look, (name, values) in zip(LINES, drawn, strict=False)
    )
    table = Table(
        "Share of the value by tenth of members, the worthiest first",
        ("tenth", "members", "share of value", "cumulative", "share of past spend"),
        tuple(
            (label, one.members, one.share, cumulative, one.past_share)
            for label, one, cumulative in zip(
                labels, part.tenths, np.cumsum([one.share for one in part.tenths]).tolist(), strict=True
            )
        ),
        formats=dict.fromkeys(("share of value", "cumulative", "share of past spend"), ".1%"),
    )
    reading = (
        f"The worthiest tenth will bring {part.tenths[0].share:.0%} of the value. The second line: what the same "
        "members paid in the window of monetary value."
    )
    return chart_of(
        "value-share", Lines(labels, strands, "members, the worthiest first", "share, 0 to 1"), table, reading
    )


def _tenths_chart(part: ValuePart, money: Money) -> Chart:
    labels = tuple(f"{10 * at}-{10 * at + 10}%" for at in range(_N_TENTHS))
    columns = ("mean", "low", "high")
    rows = tuple(
        tuple(money.major(one) for one in (tenth.mean_minor, tenth.mean_low_minor, tenth.mean_high_minor))
        for tenth in part.tenths
    )
    table = Table(
        f"Mean value and {part.coverage:.0%} interval of a member by tenth, {money.unit}",
        ("tenth", *columns),
        tuple((label, *row) for label, row in zip(labels, rows, strict=True)),
        formats=dict.fromkeys(columns, ",.0f"),
    )
    mean, low, high = zip(*rows, strict=True)
    strand = Strand(LINES[0], mean, low, high)
    reading = (
        "The band is the mean of the members' own intervals: how uncertain one member of the tenth is, not how "
        "uncertain the mean is."
    )
    plot = Lines(labels, (strand,), "members, the worthiest first", f"{money.unit} a member")
    return chart_of("value-intervals", plot, table, reading)


def _cross_chart(part: ValuePart, money: Money) -> Chart:
    texts = tuple(
        tuple(
            shown(n) if mean is None else f"{money.major(mean):,.0f}\n({n:,})"
            for mean, n in zip(means_, counts, strict=True)
        )
        for means_, counts in zip(part.mean_minor, part.members, strict=True)
    )
    table = Table(
        f"Mean lifetime value by tier and stage, {money.unit} (members who ever ordered)",
        ("", *part.columns),
        tuple((row, *(one.replace("\n", " ") for one in line)) for row, line in zip(part.rows, texts, strict=True)),
    )
    grid = Grid(part.rows, part.columns, part.mean_minor, texts, "", "")
    reading = "In brackets: members. Cells of one to four members show how few they are, and no value."
    return chart_of("value-cross", grid, table, reading)
