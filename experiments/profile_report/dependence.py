"""How much of what members buy hangs on coupons: month by month, over members, by tier and stage."""

from dataclasses import dataclass

import numpy as np

from experiments.profile_report.counting import (
    FEWEST,
    Counts,
    by_code,
    ends_with_a_month,
    in_classes,
    month_of,
    share,
    shown,
)
from experiments.profile_report.grouping import Grouping
from experiments.profile_report.plots import LINES, PLAIN, Bar, Bars, Columns, Lines, Strand, named
from experiments.profile_report.sections import Absent, PageSection, chart_of
from features.profile.build import Profile
from features.profile.dependence_trend import dependence_trend
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from recsys.report import Table
from training.sections import Chart

TITLE = "How much hangs on discounts?"
MONTHS = 13
_TENTHS = tuple(tenth / 10 for tenth in range(11))
_GAP_EDGES = (0, 31, 91, 181, 366)
_GAP_NAMES = ("0 to 30 days", "31 to 90 days", "91 to 180 days", "181 to 365 days", "longer", "never")


@dataclass(frozen=True, slots=True)
class DependenceMonth:
    """What members bought in one month, and how much of it with a coupon; None where nothing was bought."""

    month: str
    orders: int
    coupon_order_share: float | None
    coupon_spend_share: float | None
    full_price_share: float | None
    mean_depth: float | None


@dataclass(frozen=True, slots=True)
class DependenceGroup:
    """Members of a tier or stage who ordered in the window; figures are None where they are fewer than FEWEST."""

    by: str
    group: str
    members: int | None
    mean_dependence: float | None
    coupon_order_share: float | None


@dataclass(frozen=True, slots=True)
class DependencePart:
    """
    Discounts of everybody.

    Attributes:
        window_days: Of the figures of members.
        months: Ascending.
        last_month_is_whole: Else it is under way.
        members_by_dependence: Members who ordered in the window, by tenth of ``discount_dependence``.
        mean_dependence: Their mean.
        groups: The same by tier and by stage.
        members_by_full_price_gap: Members who ever ordered, by days since the last order at full price: the classes of
            the page, the last one never.
    """

    window_days: int
    months: tuple[DependenceMonth, ...]
    last_month_is_whole: bool
    members_by_dependence: Counts
    mean_dependence: float
    groups: tuple[DependenceGroup, ...]
    members_by_full_price_gap: Counts


def dependence_part(
    facts: MemberFacts, profile: Profile, rules: Rules, groupings: tuple[Grouping, ...]
) -> DependencePart | Absent:
    """Sum orders by month, and count members by what the profile says of them."""
    if "discount_dependence" not in profile.columns:
        return Absent("The profile says nothing about discounts.")
    summary = profile.summaries["dependence"]
    dependence, ordered = profile["discount_dependence"], summary["orders"] > 0
    if not ordered.any():
        window = rules.config.dependence.window_days
        return Absent(f"Nobody ordered in the last {window} days, so there is nothing that could hang on discounts.")
    gap = profile["days_since_full_price"][profile["recency_days"] >= 0]
    counted = in_classes(gap[gap >= 0], (*_GAP_EDGES, 2**31))
    return DependencePart(
        window_days=rules.config.dependence.window_days,
        months=_months(facts),
        last_month_is_whole=ends_with_a_month(facts),
        members_by_dependence=in_classes(np.minimum(dependence[ordered], 0.999), _TENTHS),
        mean_dependence=float(dependence[ordered].mean(dtype=np.float64)),
        groups=_groups(profile, groupings),
        members_by_full_price_gap=(*counted, int((gap < 0).sum())),
    )


def dependence_section(part: DependencePart | Absent) -> PageSection:
    """The trend, the members, and who they are."""
    if isinstance(part, Absent):
        return PageSection("dependence", TITLE, part.reason)
    charts = [_trend_chart(part), _members_chart(part), _gap_chart(part)]
    if any(one.mean_dependence is not None for one in part.groups):
        charts.append(_groups_chart(part))
    intro = (
        "0 is a member who never saw a discount, 1 one who never buys without a coupon: the mean of three shares, of "
        "orders with a coupon, of what is paid in them, and of orders not at full price. It describes; whether members "
        "would have bought without the coupon only an experiment can say."
    )
    return PageSection("dependence", TITLE, intro, tuple(charts))


def _months(facts: MemberFacts) -> tuple[DependenceMonth, ...]:
    trend = dependence_trend(facts, MONTHS)
    columns = (
        trend.coupon_order_share[0],
        trend.coupon_spend_share[0],
        np.where(trend.orders[0] > 0, trend.full_price_orders[0] / np.maximum(trend.orders[0], 1), np.nan),
        trend.mean_depth[0],
    )
    rows = [
        DependenceMonth(month_of(month), int(n), *(None if np.isnan(one) else float(one) for one in figures))
        for month, n, *figures in zip(trend.month, trend.orders[0], *columns, strict=True)
    ]
    first = next((at for at, row in enumerate(rows) if row.orders), len(rows) - 1)
    return tuple(rows[first:])


def _groups(profile: Profile, groupings: tuple[Grouping, ...]) -> tuple[DependenceGroup, ...]:
    summary = profile.summaries["dependence"]
    found = []
    for one in groupings:
        codes, n = one.among(summary["orders"] > 0), len(one.names)
        members, total = by_code(codes, n), by_code(codes, n, profile["discount_dependence"].astype(np.float64))
        orders, coupons = (by_code(codes, n, summary[name]) for name in ("orders", "coupon_orders"))
        for at, name in enumerate(one.names):
            few = members[at] < FEWEST
            found.append(
                DependenceGroup(
                    one.name,
                    name,
                    None if 0 < members[at] < FEWEST else int(members[at]),
                    None if few else share(total[at], members[at]),
                    None if few else share(coupons[at], orders[at]),
                )
            )
    return tuple(found)


def _trend_chart(part: DependencePart) -> Chart:
    months, labels = part.months, tuple(one.month for one in part.months)
    drawn = (
        ("orders with a coupon", tuple(one.coupon_order_share for one in months)),
        ("paid in such orders", tuple(one.coupon_spend_share for one in months)),
        ("mean depth of such orders", tuple(one.mean_depth for one in months)),
    )
    strands = tuple(Strand(named(look, name), values) for look, (name, values) in zip(LINES, drawn, strict=True))
    table = Table(
        "Coupons in the orders of all members, by month",
        ("month", "orders", "share of orders", "share of spend", "at full price", "mean depth"),
        tuple(
            (
                one.month,
                one.orders,
                one.coupon_order_share,
                one.coupon_spend_share,
                one.full_price_share,
                one.mean_depth,
            )
            for one in months
        ),
        formats=dict.fromkeys(("share of orders", "share of spend", "at full price", "mean depth"), ".1%"),
    )
    reading = (
        "All orders of the months, not a sample. Depth: the discount as a share of what the basket would have cost. "
        "The last month may be under way. Shares at full price are in the table."
    )
    return chart_of("dependence-trend", Lines(labels, strands, "month", "share, 0 to 1"), table, reading)


def _members_chart(part: DependencePart) -> Chart:
    n = sum(part.members_by_dependence)
    names = tuple(f"{low:.1f} to {low + 0.1:.1f}" for low in _TENTHS[:-1])
    table = Table(
        f"Members by dependence on discounts, {n:,} with an order in {part.window_days} days",
        ("dependence", "members", "share"),
        tuple((name, count, share(count, n)) for name, count in zip(names, part.members_by_dependence, strict=True)),
        formats={"share": ".1%"},
    )
    columns = Columns(
        tuple(f"{low:.1f}" for low in _TENTHS[:-1]),
        (tuple(map(float, part.members_by_dependence)),),
        (PLAIN,),
        "dependence, from",
        "members",
    )
    reading = (
        f"Mean {part.mean_dependence:.2f}. Few orders say little: a member's figure leans on the segment's mean, so "
        "both ends are reached by many orders only."
    )
    return chart_of("dependence-members", columns, table, reading)


def _gap_chart(part: DependencePart) -> Chart:
    n = sum(part.members_by_full_price_gap)
    counted = tuple(zip(_GAP_NAMES, part.members_by_full_price_gap, strict=True))
    table = Table(
        f"Members by time since the last order at full price, {n:,} with an order",
        ("last full price", "members", "share"),
        tuple(
            (name, count, share(count, n))
            for name, count in zip(_GAP_NAMES, part.members_by_full_price_gap, strict=True)
        ),
        formats={"share": ".1%"},
    )
    rows = tuple(Bar(name, (float(count),)) for name, count in counted)
    reading = "At full price: something was paid, no coupon, no other discount. Long gaps include who is simply silent."
    return chart_of("dependence-gap", Bars(rows, (PLAIN,), "members"), table, reading)


def _groups_chart(part: DependencePart) -> Chart:
    table = Table(
        f"Dependence on discounts by tier and stage, members who ordered in {part.window_days} days",
        ("by", "group", "members", "mean dependence", "orders with a coupon"),
        tuple(
            (one.by, one.group, shown(one.members), one.mean_dependence, one.coupon_order_share) for one in part.groups
        ),
        formats={"mean dependence": ".3f", "orders with a coupon": ".1%"},
    )
    rows = tuple(
        Bar(f"{one.by}: {one.group}", (one.mean_dependence,)) for one in part.groups if one.mean_dependence is not None
    )
    reading = "The mean over the members of the group. Groups of fewer than five members are in the table without it."
    return chart_of("dependence-groups", Bars(rows, (PLAIN,), "mean dependence, 0 to 1", ".3f"), table, reading)
