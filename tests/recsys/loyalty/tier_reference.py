"""The rules of tiers for one member in plain Python, instant by instant: slow, and short enough to be seen right."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from recsys.loyalty.conditions import Condition, Match
from recsys.loyalty.ladder import Downgrade, Ladder, Review
from recsys.loyalty.programme import Programme

MEASURES = ("spend_minor", "orders", "points", "activity")


@dataclass
class Fact:
    at: int
    change: dict[str, int]


@dataclass
class State:
    tier: str
    attained: date
    period_end: date
    floor: str | None


def reference_history(
    programme: Programme, facts: list[Fact], joined: int | None, grants: dict[int, str], as_of: int
) -> list[tuple[int, str, str, str]]:
    """The changes of one member as (at, from, to, reason)."""
    return _Member(programme, facts, joined, grants).walk(as_of)[0]


def reference_state(
    programme: Programme, facts: list[Fact], joined: int | None, grants: dict[int, str], as_of: int
) -> State | None:
    """Where the member is at last."""
    return _Member(programme, facts, joined, grants).walk(as_of)[1]


class _Member:
    def __init__(self, programme: Programme, facts: list[Fact], joined: int | None, grants: dict[int, str]) -> None:
        self.zone = ZoneInfo(programme.timezone)
        self.ladders = [(self.start(ladder.from_date), ladder) for ladder in programme.ladders]
        known = [*(fact.at for fact in facts), *grants]
        self.joined = joined if joined is not None else min(known, default=None)
        self.facts = [fact for fact in facts if self.joined is not None and fact.at >= self.joined]
        self.grants = grants

    def walk(self, as_of: int) -> tuple[list[tuple[int, str, str, str]], State | None]:
        if self.joined is None:
            return [], None
        begin = max(self.joined, self.ladders[0][0])
        now, state, changes = begin, None, []
        while now is not None and now <= as_of:
            before = state
            state, reason = self.step(state, now)
            if before is None or before.tier != state.tier:
                changes.append((now, before.tier if before else "", state.tier, reason))
            now = self.next_instant(state, now)
        return changes, state

    def step(self, state: State | None, now: int) -> tuple[State, str]:
        ladder = self.ladder(now)
        names, down = ladder.names, ladder.downgrade
        continuous = down.review is Review.CONTINUOUS
        today = datetime.fromtimestamp(now, self.zone).date()
        sums = self.sums(ladder, [fact for fact in self.facts if fact.at <= now < self.leaves(ladder, fact)])
        entry = max(k for k in range(len(names)) if k == 0 or meets(ladder, ladder.tiers[k].entry, sums))
        begins = state is not None and any(start == now for start, _ in self.ladders)
        reviewed = lost = False
        floor = None
        if state is None:
            was, held = -1, 0
        else:
            was = held = names.index(ladder.instead.get(state.tier, state.tier) if begins else state.tier)
            floor = ladder.instead.get(state.floor, state.floor) if begins and state.floor else state.floor
            floor = floor if continuous else None
        if begins and not continuous and ladder.reassesses:
            held = self.land(ladder, held, [sums])
        if not begins and not continuous and held > 0 and self.decides(down, state.period_end) == now:
            reviewed = True
            held = self.land(ladder, held, self.review_states(ladder, state.period_end, now))
        if continuous:
            held = max(k for k in range(held + 1) if k == 0 or meets(ladder, ladder.tiers[k].kept_by, sums))
            held = max(held, names.index(floor) if floor else 0)
        lost = held < was
        given = self.grants.get(now)
        if given is not None:
            held = names.index(given)
            floor = given if continuous else None
        tier = max(held, entry)
        if state is None:
            reason = "joined"
        elif given is not None and names[tier] == given:
            reason = "granted"
        elif begins:
            reason = "ladder_changed"
        else:
            reason = "earned" if tier > was else "review"
        attained = today if tier != was or lost or given is not None else state.attained
        if continuous:
            end = date.max
        elif begins or tier != was or lost or given is not None:
            end = self.period_end(down, attained, today)
        elif reviewed:
            end = self.period_end(down, attained, state.period_end)
        else:
            end = state.period_end
        return State(names[tier], attained, end, floor), reason

    def land(self, ladder: Ladder, held: int, states: list[dict[str, int]]) -> int:
        for level in range(held, 0, -1):
            if any(meets(ladder, ladder.tiers[level].kept_by, sums) for sums in states):
                kept = level
                break
        else:
            kept = 0
        return max(kept, held - 1) if ladder.downgrade.soft_landing and held else kept

    def review_states(self, ladder: Ladder, period_end: date, now: int) -> list[dict[str, int]]:
        closing = self.start(period_end) - 1
        inside = [fact for fact in self.facts if fact.at <= closing < self.leaves(ladder, fact)]
        late = [fact for fact in self.facts if closing < fact.at < now]
        instants = [closing, *sorted({fact.at for fact in late})]
        return [self.sums(ladder, inside + [fact for fact in late if fact.at <= at]) for at in instants]

    def next_instant(self, state: State, now: int) -> int | None:
        ladder = self.ladder(now)
        instants = [start for start, _ in self.ladders]
        instants += [fact.at for fact in self.facts] + [self.leaves(ladder, fact) for fact in self.facts]
        instants += list(self.grants)
        if ladder.downgrade.review is Review.PERIOD_END and state.tier != ladder.names[0]:
            instants.append(self.decides(ladder.downgrade, state.period_end))
        return min((at for at in instants if at > now), default=None)

    def ladder(self, now: int) -> Ladder:
        return [ladder for start, ladder in self.ladders if start <= now][-1]

    def decides(self, down: Downgrade, period_end: date) -> int:
        return self.start(period_end + timedelta(days=down.grace_days))

    def period_end(self, down: Downgrade, attained: date, after: date) -> date:
        if down.calendar is not None:
            return next_period(after, down.calendar.months, down.first_month)
        count = 1
        while later(attained, count * down.period_months) <= after:
            count += 1
        return later(attained, count * down.period_months)

    def leaves(self, ladder: Ladder, fact: Fact) -> int:
        day = datetime.fromtimestamp(fact.at, self.zone).date()
        window = ladder.window
        if window.rolling_days:
            return self.start(day + timedelta(days=window.rolling_days))
        if window.rolling_months:
            return self.start(later(day, window.rolling_months))
        return self.start(next_period(day, window.calendar.months, window.first_month))

    def start(self, day: date) -> int:
        return int(datetime.combine(day, time(0), self.zone).timestamp())

    def sums(self, ladder: Ladder, facts: list[Fact]) -> dict[str, int]:
        return {name: max(0, sum(fact.change.get(name, 0) for fact in facts)) for name in MEASURES}


def meets(ladder: Ladder, condition: Condition, sums: dict[str, int]) -> bool:
    reached = [sums[name] >= needed for name, needed in condition.asked().items()]
    return any(reached) if ladder.match is Match.ANY else all(reached)


def later(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


def next_period(day: date, months: int, first_month: int) -> date:
    day = day.replace(day=1)
    while True:
        day = later(day, 1)
        if (day.month - first_month) % months == 0:
            return day
