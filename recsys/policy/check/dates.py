"""What has ended, ends soon, or is on twice at once."""

from collections.abc import Iterator

from recsys.policy.calendar.overlaps import overlapping
from recsys.policy.calendar.times import stretch
from recsys.policy.check.parts import rule_parts
from recsys.policy.check.wording import error, warning
from recsys.policy.file.calendar import Once
from recsys.policy.file.fields import iso
from recsys.policy.file.rule import LEVERS
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Problem
from recsys.types import SECONDS_PER_DAY, EpochSeconds

SOON_DAYS = 7


def dates(policy: Policy, *, now: EpochSeconds) -> Iterator[Problem]:
    """As of an instant: rules, budgets and periods past their end, levers about to end, periods that overlap."""
    ended = "remove it, or set a later `until`"
    for part in rule_parts(policy).values():
        end = part.rule.until_at
        if end is not None and end <= now:
            message = f"{part.called} ended at {iso(end)}; now is {iso(now)}"
            yield warning("expired", message, hint=ended, path=(*part.path, "until"))
        elif end is not None and part.rule.effect in LEVERS and end <= now + SOON_DAYS * SECONDS_PER_DAY:
            message = f"{part.called}, a lever, ends within {SOON_DAYS} days, at {iso(end)}"
            yield warning(
                "ends_soon", message, hint="set a later `until` if it is to go on", path=(*part.path, "until")
            )
    for row, budget in enumerate(policy.guardrails.budgets):
        if budget.until_at is not None and budget.until_at <= now:
            message = f"budget {budget.id!r} ended at {iso(budget.until_at)}; now is {iso(now)}"
            yield warning("expired", message, hint=ended, path=("guardrails", "budgets", row, "until"))
    rows = {period.id: row for row, period in enumerate(policy.calendar)}
    for period in policy.calendar:
        found = stretch((period,), now, zone=policy.time_zone)
        if not found.active and found.until is None:
            message = f"period {period.id!r} is not on at {iso(now)} and is never on again"
            yield warning(
                "expired", message, hint="correct its dates, or remove it", path=("calendar", rows[period.id])
            )
    for one in overlapping(policy.calendar, start=now, zone=policy.time_zone):
        message = f"periods {one.first.id!r} and {one.second.id!r}, both {one.first.kind}, are both on at {iso(one.at)}"
        hint = "move one of them, or give them channels or stores of their own"
        yield error("overlapping_periods", message, hint=hint, path=("calendar", rows[one.second.id]))


def never_starts(policy: Policy) -> Iterator[Problem]:
    """Rules and levers of a period that are over before it begins, or begin when it is over."""
    for part in rule_parts(policy).values():
        period = next((one for one in policy.calendar if one.id == part.period), None)
        if period is None:
            continue
        bounds = period.when if isinstance(period.when, Once) else period
        late = part.rule.from_at is not None and bounds.until_at is not None and part.rule.from_at >= bounds.until_at
        early = part.rule.until_at is not None and bounds.from_at is not None and part.rule.until_at <= bounds.from_at
        if late or early:
            key = "from" if late else "until"
            message = f"{part.called} never starts: its `{key}` is outside period {period.id!r}"
            yield warning(
                "never_starts", message, hint="correct its dates, or those of the period", path=(*part.path, key)
            )
