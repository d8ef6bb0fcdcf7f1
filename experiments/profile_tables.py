"""All members in a few short tables, for the terminal; the page and the JSON say more."""

from collections.abc import Callable
from typing import Any, TypeVar

from experiments.profile_report.counting import share, shown
from experiments.profile_report.dependence import MONTHS, DependencePart
from experiments.profile_report.money import Money
from experiments.profile_report.points import PointsPart
from experiments.profile_report.replenishment import ReplenishmentPart
from experiments.profile_report.report import ProfileReport
from experiments.profile_report.rfm import RfmPart
from experiments.profile_report.sections import Absent
from experiments.profile_report.stages import StagePart
from experiments.profile_report.tiers import RISK_DAYS, TierPart
from experiments.profile_report.value import ValuePart
from recsys.report import Table

_MOST_FAMILIES = 10
_LAST_MONTHS = 3
_TWO = ("what", "figure")
_Part = TypeVar("_Part")


def overview_tables(report: ProfileReport) -> tuple[Table, ...]:
    """A table for every part of the report that has figures, in the order of the page."""
    money = Money(report.currency)
    made = (
        _made(report.tiers, lambda part: _tiers(part, money)),
        _made(report.stages, _stages),
        _made(report.rfm, lambda part: _rfm(part, money)),
        _made(report.value, lambda part: _value(part, money)),
        _made(report.points, lambda part: _points(part, money)),
        _made(report.replenishment, _families),
        _made(report.dependence, _dependence),
    )
    return tuple(table for table in made if table is not None)


def _made(part: _Part | Absent, draw: Callable[[_Part], Table]) -> Table | None:
    return None if isinstance(part, Absent) else draw(part)


def _tiers(part: TierPart, money: Money) -> Table:
    paid = f"paid in {part.days} days, {money.unit}"
    falls = tuple(f"may fall in {days} days" for days in RISK_DAYS) if part.by_rules else ()
    at_risk = {(one.tier, one.days): one.members for one in part.risk}
    rows: list[tuple[Any, ...]] = [
        (row.tier, row.members, row.orders, money.major(row.paid_minor), *(at_risk.get((row.tier, days), 0)
         for days in RISK_DAYS if falls))
        for row in part.rows
    ]  # fmt: skip
    if part.n_without:
        rows.append(("none", part.n_without, None, None, *(None for _ in falls)))
    by = "by the programme's rules" if part.by_rules else "as recorded"
    return Table(
        f"Members by tier, {by}",
        ("tier", "members", f"orders in {part.days} days", paid, *falls),
        tuple(rows),
        formats={paid: ",.0f"},
    )


def _stages(part: StagePart) -> Table:
    n, months = sum(part.members), part.months
    before = months[-1 - _LAST_MONTHS].members if len(months) > _LAST_MONTHS else (None,) * len(part.names)
    then = f"at the end of {months[-1 - _LAST_MONTHS].month}" if len(months) > _LAST_MONTHS else "three months before"
    rows = tuple(zip(part.names, part.members, (share(one, n) for one in part.members), before, strict=True))
    return Table("Members by stage", ("stage", "members", "share", then), rows, formats={"share": ".1%"})


def _rfm(part: RfmPart, money: Money) -> Table:
    best = f"members with the two best scores of recency and of frequency (of {part.n_scores})"
    rows = (
        ("members who never ordered", f"{part.n_without_order:,}"),
        (f"members who ordered, but not in the last {part.window_days} days", f"{part.n_lapsed:,}"),
        (best, f"{part.best_members_share:.1%} of those who ordered"),
        ("what these paid", f"{part.best_spend_share:.1%} of all that was paid"),
        ("mean paid by who has the best scores of both", _mean(part.mean_monetary_minor[-1][-1], money)),
        ("members with the best scores of both", shown(part.members[-1][-1])),
    )
    return Table(f"Recency, frequency, monetary value, {part.window_days} days", _TWO, rows)


def _value(part: ValuePart, money: Money) -> Table:
    best = part.tenths[0] if part.tenths else None
    rows = [
        ("members who ever ordered", f"{part.n_members:,}"),
        (f"orders expected in {part.horizon_days:g} days", f"{part.expected_orders:,.0f}"),
        ("margin expected, discounted", money.text(part.value_minor)),
        ("share of it that the worthiest tenth brings", "-" if best is None else f"{best.share:.1%}"),
        ("models: orders, value of an order", f"{part.model}, {part.value_model}"),
        (
            "margin over spend",
            f"{part.margin_rate:.1%}, {'from costs' if part.margin_measured else 'assumed: no costs are known'}",
        ),
    ]
    return Table(f"Lifetime value, {part.horizon_days:g} days ahead", _TWO, tuple(rows))


def _points(part: PointsPart, money: Money) -> Table:
    rows = [
        ("members with points", f"{part.n_with_points:,}"),
        ("usable points", f"{part.usable:,}"),
        ("pending points", f"{part.pending:,}"),
        ("owed by members after returns", f"{part.debt:,}"),
        ("liability, all redeemed", money.text(part.liability_minor)),
        ("expired of those ever earned", "-" if part.breakage is None else f"{part.breakage:.1%}"),
        *((f"end {_in(one.month)}", f"{sum(one.points):,}") for one in part.ending[:_LAST_MONTHS]),
        ("never end", f"{part.endless:,}"),
    ]
    if part.n_refused:
        rows.append(("redemptions of more points than there were, not counted", f"{part.n_refused:,}"))
    return Table(f"Points; {part.per_points:,} redeem for {money.text(part.worth_minor)}", _TWO, tuple(rows))


def _families(part: ReplenishmentPart) -> Table:
    expected = f"expected in {part.horizon_days:g} days"
    some = part.families[:_MOST_FAMILIES]
    which = f"the first {len(some)} of {part.n_families:,}" if len(some) < part.n_families else "all"
    return Table(
        f"Families of products that are due, {which}; members with one: {part.n_members_due:,}",
        ("family", "due", "overdue", expected),
        tuple((row.family, row.due, row.overdue, row.expected) for row in some),
        formats={expected: ",.0f"},
    )


def _dependence(part: DependencePart) -> Table:
    shares = ("with a coupon", "paid in such orders", "at full price", "mean depth")
    months = part.months[-min(MONTHS, 2 * _LAST_MONTHS) :]
    rows = tuple(
        (one.month, one.orders, one.coupon_order_share, one.coupon_spend_share, one.full_price_share, one.mean_depth)
        for one in months
    )
    return Table(
        f"Dependence on discounts, {part.mean_dependence:.2f} in the mean (0: never, 1: always); orders by month",
        ("month", "orders", *shares),
        rows,
        formats=dict.fromkeys(shares, ".1%"),
    )


def _mean(minor: float | None, money: Money) -> str:
    return "-" if minor is None else money.text(minor)


def _in(month: str) -> str:
    return f"in {month}" if month[:1].isdigit() else month
