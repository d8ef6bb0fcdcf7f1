"""Random ladders and random members for the laws of tiers."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from recsys.loyalty.conditions import MEASURES
from recsys.loyalty.facts import NO_JOIN_DATE, Grants, TierFacts
from recsys.loyalty.programme import Programme
from tests.recsys.loyalty.tier_reference import Fact

FIRST_DAY = date(2023, 12, 20)
ZONES = ("Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Hong_Kong")
NAMES = ("blue", "bronze", "silver", "gold")
SMALL = {"spend_minor": 100, "orders": 1, "points": 10, "activity": 1}


@dataclass
class TierMember:
    facts: list[Fact]
    joined: int | None
    grants: dict[int, str]


@dataclass
class TierWorld:
    programme: Programme
    members: list[TierMember]
    as_of: int

    def columns(self) -> TierFacts:
        facts = [(row, fact) for row, member in enumerate(self.members) for fact in member.facts]
        grants = [(row, at, tier) for row, member in enumerate(self.members) for at, tier in member.grants.items()]
        return TierFacts.of(
            [row for row, _ in facts],
            [fact.at for _, fact in facts],
            joined_at=[NO_JOIN_DATE if one.joined is None else one.joined for one in self.members],
            grants=Grants.of(
                [row for row, _, _ in grants],
                [self.programme.tiers.index(tier) for _, _, tier in grants],
                [at for _, at, _ in grants],
            ),
            **{name: [fact.change.get(name, 0) for _, fact in facts] for name in MEASURES},
        )


def instants(zone: str, days: int = 500) -> st.SearchStrategy[int]:
    """Few days and few seconds of a day, so that things fall on one instant."""
    seconds = st.sampled_from([0, 0, 1, 43_200, 86_399])
    return st.builds(lambda day, second: _start(zone, day) + second, st.integers(0, days), seconds)


@st.composite
def tier_worlds(draw: st.DrawFn) -> TierWorld:
    zone = draw(st.sampled_from(ZONES))
    names = NAMES[: draw(st.integers(1, 4))]
    first = draw(ladders(names, FIRST_DAY + timedelta(days=draw(st.integers(-30, 60)))))
    later = sorted(draw(st.sets(st.integers(100, 400), max_size=2)))
    history = [first, *(draw(ladders(names, FIRST_DAY + timedelta(days=days))) for days in later)]
    programme = Programme.model_validate({"name": "random", "currency": "EUR", "timezone": zone, "ladders": history})
    at = instants(zone)
    grants = st.dictionaries(at, st.sampled_from(names), max_size=2)
    member = st.builds(TierMember, st.lists(facts(at), max_size=12), st.none() | at, grants)
    members = draw(st.lists(member, min_size=1, max_size=4))
    return TierWorld(programme, members, draw(instants(zone, 1_200)))


def facts(at: st.SearchStrategy[int]) -> st.SearchStrategy[Fact]:
    changes = {
        "spend_minor": st.integers(-3, 6).map(lambda hundreds: hundreds * 100),
        "orders": st.integers(-1, 1),
        "points": st.integers(-2, 5).map(lambda tens: tens * 10),
        "activity": st.integers(0, 2),
    }
    return st.builds(Fact, at, st.fixed_dictionaries(changes))


@st.composite
def ladders(draw: st.DrawFn, names: tuple[str, ...], start: date) -> dict[str, Any]:
    match = draw(st.sampled_from(["any", "all"]))
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=3, unique=True))
    tiers: list[dict[str, Any]] = [{"name": names[0]}]
    asked = {name: draw(st.integers(1, 5)) for name in measures}
    # Under `any` upper tiers may drop a way, under `all` they may add one.
    added = [name for name in MEASURES if name not in measures] if match == "all" else []
    eased = draw(st.booleans())
    for name in names[1:]:
        entry = {measure: many * SMALL[measure] for measure, many in asked.items()}
        keep = {measure: max(1, needed // 2) for measure, needed in entry.items()}
        tiers.append({"name": name, "entry": entry, **({"keep": keep} if eased else {})})
        asked = {measure: many + draw(st.integers(1, 4)) for measure, many in asked.items()}
        if match == "any" and len(asked) > 1 and draw(st.booleans()):
            asked.popitem()
        if added and draw(st.booleans()):
            asked[added.pop()] = draw(st.integers(1, 3))
    calendars = st.sampled_from(["year", "half_year", "quarter"])
    month = st.sampled_from([1, 2, 4])
    windows = st.one_of(
        st.builds(lambda days: {"rolling_days": days}, st.integers(1, 200)),
        st.builds(lambda months: {"rolling_months": months}, st.integers(1, 12)),
        st.builds(lambda period, first: {"calendar": period, "first_month": first}, calendars, month),
    )
    closing = st.one_of(
        st.builds(lambda months: {"period_months": months}, st.integers(1, 12)),
        st.builds(lambda period, first: {"calendar": period, "first_month": first}, calendars, month),
    )
    downgrade: dict[str, Any] = {"review": "continuous"}
    if draw(st.integers(0, 2)):
        grace, soft = draw(st.sampled_from([0, 1, 20])), draw(st.booleans())
        downgrade = {"review": "period_end", **draw(closing), "grace_days": grace, "soft_landing": soft}
    at_start = draw(st.sampled_from(["upgrade_only", "reassess"]))
    return {
        "from": start,
        "tiers": tiers,
        "match": match,
        "window": draw(windows),
        "downgrade": downgrade,
        "at_start": at_start,
    }


def _start(zone: str, day: int) -> int:
    midnight = datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time(), ZoneInfo(zone))
    return int(midnight.timestamp())
