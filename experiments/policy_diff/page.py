"""A comparison as one page: no script, nothing loaded, readable on paper and on a telephone."""

from collections.abc import Iterator
from pathlib import Path

import experiments.profile_report.figures  # noqa: F401  # registers how grids are drawn
from experiments.policy_diff.charts import (
    changed_chart,
    depth_chart,
    exposure_chart,
    money_chart,
    mover_chart,
    without_discount_chart,
)
from experiments.policy_diff.estimate import NO_ESTIMATE
from experiments.policy_diff.result import LeftWithNothing, PlacementDiff, PolicyDiff
from experiments.policy_diff.tables import (
    budget_table,
    changed_text,
    figure_table,
    group_table,
    nothing_table,
    part_table,
    rule_table,
)
from experiments.policy_diff.words import WORDS
from experiments.profile_reading import check_target
from experiments.profile_report.money import Money
from recsys.errors import InputError
from serving.export.plan import iso
from training.markup import Html, table_of, tag
from training.page import figure_of, heading, page, terms
from training.sections import Chart

_SHORT_ID = 12
_SUFFIXES = (".html", ".htm")
_STYLE = """
.wide{max-width:100%;background:linear-gradient(90deg,#fff 30%,#fff0) 0 0/3rem 100% no-repeat local,
linear-gradient(270deg,#fff 30%,#fff0) 100% 0/3rem 100% no-repeat local,
linear-gradient(90deg,#0003,#0000) 0 0/.8rem 100% no-repeat scroll,
linear-gradient(270deg,#0003,#0000) 100% 0/.8rem 100% no-repeat scroll}
.wide caption{max-width:calc(100vw - 2rem)}
@media screen and (max-width:48rem){tr>:first-child{white-space:normal;position:static;overflow-wrap:anywhere;
min-width:7rem}.wide table{font-size:.8rem}}
@media print{.wide{background:none}}
"""
"""On a narrow screen a table scrolls in its own box, shadows say that it goes on, and no first column covers it."""
_ANCHORS = (
    ("figures", "What changes, all members together"),
    ("groups", "Who gains and who loses"),
    ("movers", "What is shown more and less"),
    ("nothing", "Who is left with nothing"),
    ("rules", "Which rules differ, and what they do"),
    ("guardrails", "Depth and discounts"),
    ("budgets", "What budgets are expected to pay"),
    ("words", "What the words mean"),
)


def check_page_target(path: Path | None, example: str) -> None:
    """
    Before the work rather than after it: whether the page can be written there.

    Raises:
        InputError: It is a folder, is not named as a page, or its folder cannot be made or written.
    """
    if path is not None and not path.is_dir() and path.suffix.lower() not in _SUFFIXES:
        named = repr(path.suffix) if path.suffix else "no ending"
        raise InputError(
            f"--report is {path}, with {named}; it is written as a web page: name it *.html or *.htm, for example "
            f"{path.with_suffix('.html')}"
        )
    check_target(path, example)


def write_page(diff: PolicyDiff, path: Path) -> None:
    """Write the page."""
    path.write_text(diff_page(diff), encoding="utf-8")


def diff_page(diff: PolicyDiff) -> str:
    """HTML that names no member; the same comparison gives the same text."""
    money = Money(diff.currency)
    return page(
        "What the new policy would change",
        [
            tag("h1", "What the new policy would change"),
            terms(_known(diff, money).items(), class_="facts"),
            heading("In short", "short"),
            *(tag("p", warning, class_="warning") for warning in diff.warnings),
            *(tag("p", sentence, class_="answer") for sentence in _short(diff, money)),
            tag("nav", *(tag("a", title, href=f"#{anchor}") for anchor, title in _ANCHORS)),
            *(part for anchor, title in _ANCHORS for part in (heading(title, anchor), *_section(anchor, diff, money))),
        ],
        style=_STYLE,
    )


def _known(diff: PolicyDiff, money: Money) -> dict[str, str]:
    return {
        "A": f"{diff.a.given}: policy {diff.a.name!r}, {diff.a.policy_id[:_SHORT_ID]}",
        "B": f"{diff.b.given}: policy {diff.b.name!r}, {diff.b.policy_id[:_SHORT_ID]}",
        "members": diff.members,
        "decided for": f"{iso(diff.now)}, seed {diff.seed}",
        "bundle": diff.bundle_id[:_SHORT_ID],
        "amounts": money.unit,
        "differences": "B less A" + ("" if diff.sample.is_all else ", with 95 % intervals over the members drawn"),
    }


def _short(diff: PolicyDiff, money: Money) -> Iterator[str]:
    if not diff.parts:
        yield "The two policies say the same."
    else:
        yield f"{len(diff.parts)} part{'s' if len(diff.parts) > 1 else ''} of the file differ."
    for one in diff.placements:
        group = one.everybody
        margin, discount = (group.means[name].times(money.major(1)) for name in ("margin_minor", "discount_minor"))
        without = group.means["without_discount"]
        ends = "" if margin.low is None else f" [{margin.low:+,.4f} to {margin.high:+,.4f}]"
        total = money.major(group.totals["margin_minor"].difference)
        yield (
            f"{one.placement}: {changed_text(one)}. Expected incremental margin a member, {money.unit}: "
            f"{margin.a:,.4f} under A, {margin.b:,.4f} under B, difference {margin.difference:+,.4f}{ends}; of all "
            f"members {total:+,.2f}. Expected discount a member: {discount.a:,.4f} and {discount.b:,.4f}. Members "
            f"without any discount: {without.a:.1%} and {without.b:.1%}. Left with nothing under B alone: "
            f"{one.lost.members:,}, under A alone: {one.gained.members:,}, "
            f"under both: {one.neither.members:,}."
        )


def _section(anchor: str, diff: PolicyDiff, money: Money) -> Iterator[Html]:
    unit, scale = money.unit, money.major(1)
    if anchor == "figures":
        yield tag("p", "Means a member by what training learnt of offers. " + _estimate_note(diff))
        yield from (table_of(figure_table(one, f"a member, {unit}", scale=scale)) for one in diff.placements)
    elif anchor == "groups":
        yield tag("p", "Groups of one to four members show no figures, because somebody might be recognised in them.")
        for one in diff.placements:
            drawn = [changed_chart(one), *_money_charts(one, money)]
            yield _charts(drawn)
            yield table_of(group_table(one, one.groups, unit=unit, scale=scale))
    elif anchor == "movers":
        yield from (_charts(_mover_charts(one)) for one in diff.placements)
        if not any(_mover_charts(one) for one in diff.placements):
            yield tag("p", "Nothing: every slate that was compared holds the same products and offers.")
    elif anchor == "nothing":
        yield tag("p", _nothing_text(diff))
        if nothing_table(diff).rows:
            yield table_of(nothing_table(diff))
    elif anchor == "rules":
        yield table_of(part_table(diff.parts)) if diff.parts else tag("p", "No part of the files differs.")
        tables = [rule_table(one, {part.part_id for part in diff.parts}) for one in diff.placements]
        yield tag("p", "What rules did to the members decided for; those that did the same under both are left out.")
        yield from (table_of(table) for table in tables if table.rows)
    elif anchor == "guardrails":
        for one in diff.placements:
            yield _charts([depth_chart(one), without_discount_chart(one), exposure_chart(one)])
    elif anchor == "budgets":
        yield tag("p", "If every member is decided for once in each placement compared.")
        yield table_of(budget_table(diff, scale=scale, unit=unit)) if diff.budgets else tag("p", "No offer is shown.")
    else:
        yield terms(WORDS, class_="words")


def _money_charts(placement: PlacementDiff, money: Money) -> list[Chart]:
    return [
        money_chart(placement, "margin_minor", "expected incremental margin", money),
        money_chart(placement, "discount_minor", "expected discount", money),
    ]


def _mover_charts(placement: PlacementDiff) -> list[Chart]:
    named = (
        ("offers", placement.offers),
        ("products", placement.products),
        ("categories", placement.categories),
    )
    return [mover_chart(placement, kind, movement) for kind, movement in named if movement.movers]


def _charts(charts: list[Chart]) -> Html:
    return tag("div", *(figure_of(one) for one in charts), class_="charts")


def _nothing_text(diff: PolicyDiff) -> str:
    def total(left: list[LeftWithNothing]) -> int:
        return sum(one.members for one in left)

    lost, gained = total([one.lost for one in diff.placements]), total([one.gained for one in diff.placements])
    neither = sum(one.neither.members for one in diff.placements)
    both = f" Nothing under either, so that nothing was compared for them: {neither:,}." if neither else ""
    if not lost and not gained:
        return f"Nobody has something under one policy and nothing under the other.{both}"
    return (
        f"Of the members decided for, over all placements {lost:,} have something under A and nothing under B, and "
        f"{gained:,} nothing under A and something under B. First come the reasons that empty slates give, then the "
        f"first rules that removed what they are shown under the other policy.{both}"
    )


def _estimate_note(diff: PolicyDiff) -> str:
    has = any(one.off_policy is not None for one in diff.placements)
    return "" if has else f"{NO_ESTIMATE[0].upper()}{NO_ESTIMATE[1:]}."
