"""What the page says about tiers."""

from experiments.profile_report.counting import FEWEST, several, share, shown, unless_few
from experiments.profile_report.money import Money
from experiments.profile_report.plots import PLAIN, Bar, Bars, Columns, Grid, shaded
from experiments.profile_report.sections import Absent, Block, PageSection, chart_of
from experiments.profile_report.tiers import RISK_DAYS, TENTHS, TierPart
from recsys.report import Table
from training.sections import Chart

TITLE = "Which tiers do members have, and which will they have?"


def tier_section(part: TierPart | Absent, money: Money) -> PageSection:
    """By tier, the way up, the way down, month by month, and against the records."""
    if isinstance(part, Absent):
        return PageSection("tiers", TITLE, part.reason)
    blocks: list[Block] = [_members_chart(part, money)]
    if not part.by_rules:
        intro = (
            "Tiers as the retailer recorded them; an empty one is the lowest. There is no programme file, so it is not "
            "known what tiers ask for: nothing can be said of the next one, or of who may fall. Orders and amounts are "
            f"of {part.days} days."
        )
        if part.n_without:
            intro += f" Without a tier: {part.n_without:,}."
        return PageSection("tiers", TITLE, intro, tuple(blocks))
    intro = f"Tiers as the programme's rules give them. Orders and amounts are of {part.days} days."
    if part.n_without:
        intro += f" {several(part.n_without, 'member')} without a tier: not joined by then, or no ladder had begun."
    if any(map(sum, part.members_by_way)):
        blocks.append(_way_chart(part))
    if len(part.names) == 1:
        return PageSection("tiers", TITLE, f"{intro} There is one tier, so nobody can rise or fall.", tuple(blocks))
    if any(one.members for one in part.risk):
        blocks.append(_risk_chart(part, money))
    if any(month.up + month.down for month in part.months):
        blocks.append(_moves_chart(part))
    if part.recorded:
        blocks.append(_recorded_chart(part))
    if not any(one.members for one in part.risk):
        blocks.append(f"Nobody can lose a tier within {RISK_DAYS[-1]} days.")
    if not any(month.up + month.down for month in part.months):
        blocks.append(f"Nobody rose or fell in {several(len(part.months), 'month')}.")
    if not part.recorded:
        blocks.append("The retailer recorded no tiers, so the rules' tiers are compared with nothing.")
    return PageSection("tiers", TITLE, intro, tuple(blocks))


def _members_chart(part: TierPart, money: Money) -> Chart:
    n, paid = sum(row.members for row in part.rows), sum(row.paid_minor for row in part.rows)
    orders = sum(row.orders for row in part.rows)
    table = Table(
        f"Members by tier, {n:,} in all",
        ("tier", "members", "share", "orders", "share of orders", f"paid ({money.unit})", "share of spend"),
        tuple(
            (
                row.tier,
                row.members,
                share(row.members, n),
                unless_few(row.members, row.orders),
                unless_few(row.members, share(row.orders, orders)),
                unless_few(row.members, money.major(row.paid_minor)),
                unless_few(row.members, share(row.paid_minor, paid)),
            )
            for row in part.rows
        ),
        formats={f"paid ({money.unit})": ",.0f"} | dict.fromkeys(("share", "share of orders", "share of spend"), ".1%"),
    )
    shares = (
        ("members", [row.members for row in part.rows], n),
        ("orders", [unless_few(row.members, row.orders) or 0 for row in part.rows], orders),
        ("spend", [unless_few(row.members, row.paid_minor) or 0 for row in part.rows], paid),
    )
    rows = tuple(Bar(name, tuple(share(one, whole) for one in counts)) for name, counts, whole in shares if whole)
    plot = Bars(rows, shaded(part.names), "share, 0 to 1", "")
    reading = "Each bar is the whole; its parts are the tiers, the lowest first."
    if any(0 < row.members < FEWEST for row in part.rows):
        reading += f" What tiers of fewer than {FEWEST} members ordered and paid is left out."
    return chart_of("tiers-members", plot, table, reading)


def _way_chart(part: TierPart) -> Chart:
    below = part.names[:-1]
    labels = tuple(f"{low:.0%}" for low in TENTHS[:-1])
    n = sum(map(sum, part.members_by_way))
    table = Table(
        f"The way to the next tier, {several(n, 'member')} below the highest",
        ("way, from", *below),
        tuple((label, *counts) for label, counts in zip(labels, zip(*part.members_by_way, strict=True), strict=True)),
    )
    parts = tuple(tuple(map(float, counts)) for counts in part.members_by_way)
    plot = Columns(labels, parts, shaded(part.names)[:-1], "reached of what the next tier asks, from", "members")
    reading = (
        "Shades are the tiers held now. Where a tier asks for several things the one furthest along counts. Those on "
        "the right are near: a nudge may lift them."
    )
    return chart_of("tiers-way", plot, table, reading)


def _risk_chart(part: TierPart, money: Money) -> Chart:
    paid, missing = f"paid in {part.days} days ({money.unit})", f"missing to keep it ({money.unit})"
    table = Table(
        "Members who lose a tier unless something happens",
        ("within", "tier", "members", paid, missing),
        tuple(
            (
                f"{one.days} days",
                one.tier,
                one.members,
                unless_few(one.members, money.major(one.paid_minor)),
                unless_few(one.members, money.major(one.missing_minor)),
            )
            for one in (*part.risk, *(part.at_risk(days) for days in RISK_DAYS))
        ),
        formats={paid: ",.0f", missing: ",.0f"},
    )
    rows = tuple(Bar(f"{one.tier}, {one.days} days", (float(one.members),)) for one in part.risk)
    reading = (
        f"A longer horizon holds the shorter one. The amount at risk is what these members paid in {part.days} days, "
        "not what would be lost. Missing: the spend that all of them together lack, where tiers ask for spend."
    )
    return chart_of("tiers-risk", Bars(rows, (PLAIN,), "members"), table, reading)


def _moves_chart(part: TierPart) -> Chart:
    looks = shaded(("rose", "fell"))
    labels = tuple(month.month for month in part.months)
    parts = (tuple(float(month.up) for month in part.months), tuple(float(month.down) for month in part.months))
    table = Table(
        "Changes of tier by month",
        ("month", "rose", "fell", "given by hand, of these", "joined"),
        tuple((month.month, month.up, month.down, month.granted, month.joined) for month in part.months),
    )
    reading = "Who rose and fell within a month is counted twice. Reviews make months with many falls."
    return chart_of("tiers-moves", Columns(labels, parts, looks, "month", "changes"), table, reading)


def _recorded_chart(part: TierPart) -> Chart:
    texts = tuple(tuple(map(shown, line)) for line in part.recorded)
    table = Table(
        f"Tiers of the rules (rows) and as recorded (columns), {several(part.n_recorded, 'member')} with both",
        ("by the rules", *(f"recorded {name}" for name in part.names)),
        tuple((name, *line) for name, line in zip(part.names, texts, strict=True)),
    )
    values = tuple(tuple(float(one) if one else None for one in line) for line in part.recorded)
    grid = Grid(part.names, part.names, values, texts, "as the retailer recorded", "by the rules")
    reading = (
        f"Off the diagonal the two differ: {several(part.n_other, 'member')} "
        f"({share(part.n_other, part.n_recorded):.1%}), of whom the rules give {part.n_higher:,} more than the record. "
        "Either the programme file is not what was done, or the record is late."
    )
    return chart_of("tiers-recorded", grid, table, reading)
