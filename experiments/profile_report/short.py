"""What a programme manager should read first: sentences with their thresholds, from the figures of the page."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from experiments.profile_report.counting import several, share
from experiments.profile_report.dependence import DependenceMonth, DependencePart
from experiments.profile_report.money import Money
from experiments.profile_report.points import PointsPart
from experiments.profile_report.report import ProfileReport
from experiments.profile_report.sections import Absent
from experiments.profile_report.stages import StagePart
from experiments.profile_report.tiers import RISK_DAYS, TierPart, share_at_risk
from recsys.types import Stage

MONTHS_BACK = 3
SILENT_POINTS = 0.01
DEPENDENCE_POINTS = 0.02
LIABILITY_RISE = 0.1
DOWNGRADE_SHARE = 0.2
OTHER_TIER_SHARE = 0.01


class Verdict(StrEnum):
    """Whether somebody should look into it."""

    LOOK = "look into it"
    FINE = "fine"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Headline:
    """One sentence, what it compares with, and whether the threshold is passed."""

    name: str
    verdict: Verdict
    sentence: str
    threshold: str


def headlines(report: ProfileReport) -> tuple[Headline, ...]:
    """The five of a report, those to look into first."""
    money = Money(report.currency)
    found = (
        silent_headline(report.stages),
        liability_headline(report.points, money),
        dependence_headline(report.dependence),
        downgrade_headline(report.tiers, money),
        recorded_headline(report.tiers),
    )
    return tuple(sorted(found, key=lambda one: list(Verdict).index(one.verdict)))


def silent_headline(part: StagePart | Absent) -> Headline:
    """Dormant and churned members among those who ever ordered, now and some months ago."""
    threshold = f"a rise by {100 * SILENT_POINTS:g} percentage point or more within {MONTHS_BACK} months"
    if isinstance(part, Absent):
        return Headline("silent members", Verdict.UNKNOWN, part.reason, threshold)
    now = _silent(part, -1)
    n_silent = sum(part.members[part.names.index(stage)] for stage in (Stage.DORMANT, Stage.CHURNED))
    verb = "is" if n_silent == 1 else "are"
    told = f"{several(n_silent, 'member')} {verb} dormant or churned, {now:.1%} of those who ever ordered"
    if len(part.months) <= MONTHS_BACK:
        return Headline("silent members", Verdict.UNKNOWN, f"{told}; the history is too short to compare.", threshold)
    before = _silent(part, -1 - MONTHS_BACK)
    month = part.months[-1 - MONTHS_BACK].month
    verdict = Verdict.LOOK if now - before >= SILENT_POINTS else Verdict.FINE
    return Headline("silent members", verdict, f"{told}; at the end of {month} it was {before:.1%}.", threshold)


def dependence_headline(part: DependencePart | Absent) -> Headline:
    """Orders with a coupon in the last whole months, and in as many before."""
    threshold = f"a rise by {100 * DEPENDENCE_POINTS:g} percentage points or more from {MONTHS_BACK} months to the next"
    name = "dependence on discounts"
    if isinstance(part, Absent):
        return Headline(name, Verdict.UNKNOWN, part.reason, threshold)
    whole = part.months if part.last_month_is_whole else part.months[:-1]
    late, early = whole[-MONTHS_BACK:], whole[-2 * MONTHS_BACK : -MONTHS_BACK]
    if len(early) < MONTHS_BACK:
        told = f"Whole months: {len(whole)}, too few to compare {MONTHS_BACK} with the {MONTHS_BACK} before."
        return Headline(name, Verdict.UNKNOWN, told, threshold)
    now, before = _coupon_share(late), _coupon_share(early)
    told = (
        f"{now:.1%} of the orders from {late[0].month} to {late[-1].month} used a coupon; in the {MONTHS_BACK} months "
        f"before {before:.1%}."
    )
    return Headline(name, Verdict.LOOK if now - before >= DEPENDENCE_POINTS else Verdict.FINE, told, threshold)


def liability_headline(part: PointsPart | Absent, money: Money) -> Headline:
    """Points owed now, and some months ago."""
    threshold = f"a rise of points owed by {LIABILITY_RISE:.0%} or more within {MONTHS_BACK} months"
    name = "points liability"
    if isinstance(part, Absent):
        return Headline(name, Verdict.UNKNOWN, part.reason, threshold)
    told = f"Members hold points worth {money.text(part.liability_minor)}"
    if len(part.months) <= MONTHS_BACK:
        return Headline(name, Verdict.UNKNOWN, f"{told}; the history is too short to compare.", threshold)
    now, then = part.months[-1].closing, part.months[-1 - MONTHS_BACK]
    rise = share(now - then.closing, then.closing) if then.closing > 0 else float("inf" if now > 0 else "nan")
    by = f"{rise:+.0%} against" if isfinite(rise) else "against"
    told = f"{told}; {several(now, 'point')} less debts, {by} {then.closing:,} at the end of {then.month}."
    return Headline(name, Verdict.LOOK if rise >= LIABILITY_RISE else Verdict.FINE, told, threshold)


def downgrade_headline(part: TierPart | Absent, money: Money) -> Headline:
    """Members who lose a tier soon unless something happens."""
    days = RISK_DAYS[-1]
    threshold = f"{DOWNGRADE_SHARE:.0%} or more of the members above the lowest tier"
    name = "members at risk of downgrade"
    if isinstance(part, Absent):
        return Headline(name, Verdict.UNKNOWN, part.reason, threshold)
    if not part.by_rules:
        told = "There is no programme file, so it is not known who may lose a tier."
        return Headline(name, Verdict.UNKNOWN, told, threshold)
    if not any(row.members for row in part.rows[1:]):
        told = "There is one tier" if len(part.rows) == 1 else "Nobody is above the lowest tier"
        return Headline(name, Verdict.FINE, f"{told}, so nobody can lose one.", threshold)
    risk, soon, n = part.at_risk(days), part.at_risk(RISK_DAYS[0]), share_at_risk(part, days)
    verb = "loses" if risk.members == 1 else "lose"
    told = (
        f"{several(risk.members, 'member')} {verb} a tier within {days} days unless something happens, "
        f"{soon.members:,} of them within {soon.days}: {n:.0%} of those above the lowest tier. They paid "
        f"{money.text(risk.paid_minor)} in {part.days} days."
    )
    return Headline(name, Verdict.LOOK if n >= DOWNGRADE_SHARE else Verdict.FINE, told, threshold)


def recorded_headline(part: TierPart | Absent) -> Headline:
    """Members whose recorded tier is not the one that the rules give."""
    threshold = f"{OTHER_TIER_SHARE:.0%} or more of the members with both"
    name = "tiers against the record"
    if isinstance(part, Absent):
        return Headline(name, Verdict.UNKNOWN, part.reason, threshold)
    if not part.by_rules or not part.n_recorded:
        missing = "no tiers are recorded" if part.by_rules else "there is no programme file"
        return Headline(name, Verdict.UNKNOWN, f"Nothing to compare: {missing}.", threshold)
    differ = share(part.n_other, part.n_recorded)
    told = (
        f"{part.n_other:,} of {several(part.n_recorded, 'member')} ({differ:.1%}) have another tier by the rules "
        f"than the retailer recorded; {part.n_higher:,} of them a higher one."
    )
    return Headline(name, Verdict.LOOK if differ >= OTHER_TIER_SHARE else Verdict.FINE, told, threshold)


def _silent(part: StagePart, month: int) -> float:
    members = dict(zip(part.names, part.months[month].members, strict=True))
    silent = members[Stage.DORMANT] + members[Stage.CHURNED]
    return share(silent, sum(members.values()) - members[Stage.POTENTIAL])


def _coupon_share(months: tuple[DependenceMonth, ...]) -> float:
    with_coupon = sum((one.coupon_order_share or 0.0) * one.orders for one in months)
    return share(with_coupon, sum(one.orders for one in months))
