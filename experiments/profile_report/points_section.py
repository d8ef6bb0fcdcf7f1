"""What the page says about points."""

from experiments.profile_report.counting import FEWEST, several, share, unless_few
from experiments.profile_report.figures import compact
from experiments.profile_report.ledger import FLOWS
from experiments.profile_report.money import Money
from experiments.profile_report.plots import LINES, PLAIN, Bar, Bars, Columns, Lines, Strand, named, shaded
from experiments.profile_report.points import NO_TIER, PointsPart, refused_sentence
from experiments.profile_report.sections import Absent, Block, PageSection, chart_of
from recsys.report import Table
from training.plots import Look
from training.sections import Chart

TITLE = "What is owed in points?"


def points_section(part: PointsPart | Absent, money: Money) -> PageSection:
    """Held, ending, and how it came about."""
    if isinstance(part, Absent):
        return PageSection("points", TITLE, part.reason)
    breakage = (
        "nothing was earned yet, so breakage is not known"
        if part.breakage is None
        else f"{part.breakage:.1%} of all points ever earned and kept expired unused (breakage)"
    )
    rate = f"{money.text(part.worth_minor)} for {part.per_points:,}"
    intro = (
        f"Members hold {part.usable:,} points that they can redeem and {part.pending:,} that will become usable: a "
        f"liability of {money.text(part.liability_minor)} if all of them are redeemed at {rate}. What will never be "
        f"redeemed is not taken off; {breakage}. Debts after returns: {part.debt:,} points, not set off."
    )
    blocks: list[Block] = [*part.recorded.sentences()]
    if part.usable + part.pending:
        blocks.append(_tier_chart(part, money))
    if any(part.members_by_balance):
        blocks.append(_balance_chart(part))
    if any(map(sum, (one.points for one in part.ending))):
        blocks.append(_ending_chart(part))
    if any(one.opening or one.closing or any(getattr(one, name) for name in FLOWS) for one in part.months):
        blocks.append(_flows_chart(part))
    else:
        blocks.append(f"No points moved, and none were held, in {several(len(part.months), 'month')}.")
    if part.endless:
        blocks.append(f"{part.endless:,} points never end and are not in the calendar.")
    if part.n_refused:
        blocks.append(refused_sentence(part.n_refused))
    return PageSection("points", TITLE, intro, tuple(blocks))


def _tier_chart(part: PointsPart, money: Money) -> Chart:
    worth = f"worth ({money.unit})"
    table = Table(
        f"Points by tier, worth {money.text(part.liability_minor)} in all",
        ("tier", "members with points", "usable", "pending", worth, "share of worth"),
        tuple(
            (
                one.tier,
                one.members,
                unless_few(one.members, one.usable),
                unless_few(one.members, one.pending),
                unless_few(one.members, money.major(one.worth_minor)),
                unless_few(one.members, share(one.worth_minor, part.liability_minor)),
            )
            for one in part.by_tier
        ),
        formats={worth: ",.0f", "share of worth": ".1%"},
    )
    series = shaded(("pending", "usable"))[::-1] if part.pending else (PLAIN,)
    rows = tuple(
        Bar(one.tier, tuple(unless_few(one.members, float(n)) or 0.0 for n in (one.usable, one.pending))[: len(series)])
        for one in part.by_tier
    )
    reading = "Pending points were earned and become usable later. Worth is rounded down a tier."
    if any(0 < one.members < FEWEST for one in part.by_tier):
        reading += f" What fewer than {FEWEST} members of a tier hold is left out."
    return chart_of("points-tiers", Bars(rows, series, "points"), table, reading)


def _balance_chart(part: PointsPart) -> Chart:
    n = sum(part.members_by_balance)
    table = Table(
        f"Members by usable points, {n:,} with some",
        ("points, from", "to, below", "members", "share"),
        tuple(
            (low, high, count, share(count, n))
            for low, high, count in zip(part.edges, part.edges[1:], part.members_by_balance, strict=False)
        ),
        formats={"share": ".1%"},
    )
    labels = tuple(map(compact, part.edges[:-1]))
    plot = Columns(labels, (tuple(map(float, part.members_by_balance)),), (PLAIN,), "usable points, from", "members")
    reading = f"Each class begins at 1, 2 or 5 times a power of ten; members with any points: {part.n_with_points:,}."
    return chart_of("points-balances", plot, table, reading)


def _ending_chart(part: PointsPart) -> Chart:
    labels = tuple(one.month for one in part.ending)
    parts = tuple(tuple(float(one.points[at]) for one in part.ending) for at in range(len(part.tiers)))
    table = Table(
        "Points that end if nobody spends them, by month and tier",
        ("month", *part.tiers, "all"),
        tuple((one.month, *one.points, sum(one.points)) for one in part.ending),
    )
    reading = "By the month of their last day and the tier that the holder has now, usable and pending alike."
    return chart_of("points-ending", Columns(labels, parts, _looks(part), "month", "points"), table, reading)


def _looks(part: PointsPart) -> tuple[Look, ...]:
    """Those that the tiers have in every chart; who is in none is white."""
    if part.tiers[-1] != NO_TIER:
        return shaded(part.tiers)
    return (*shaded(part.tiers[:-1]), Look(NO_TIER, "#ffffff", "s", "none"))


def _flows_chart(part: PointsPart) -> Chart:
    labels = tuple(one.month for one in part.months)
    strands = tuple(
        Strand(named(look, name), tuple(float(getattr(month, name)) for month in part.months))
        for look, name in zip(LINES, ("earned", "redeemed", "expired"), strict=True)
    )
    table = Table(
        "Roll-forward of points by month",
        ("month", "opening", *FLOWS, "closing"),
        tuple((one.month, *(getattr(one, name) for name in ("opening", *FLOWS, "closing"))) for one in part.months),
    )
    reading = (
        "Where earned stays above the other two together, the liability grows. In the table: opening + earned + "
        "adjusted + written off - redeemed - expired - clawed back = closing. The last month may be under way."
    )
    return chart_of("points-flows", Lines(labels, strands, "month", "points"), table, reading)
