"""Small programmes whose reports tests look at: full, and each with something missing."""

from functools import cache

import numpy as np

from experiments.profile_report.report import ProfileReport, profile_report
from features.profile.build import build_profile, fit_norms
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from recsys.loyalty.programme import Programme
from tests.features.profile.lived_facts import lived_facts
from tests.features.profile.small_facts import TIERS, Line, small_facts

N_MEMBERS = 60
RECORDED = np.where(np.arange(N_MEMBERS) % 4 == 0, 1, 0)
LADDER = {
    "from": "2023-01-01",
    "window": {"rolling_days": 100},
    "downgrade": {"review": "continuous"},
    "tiers": [{"name": "basic"}, {"name": "gold", "entry": {"spend_minor": 3_000}}],
}
POINTS = {
    "from": "2023-01-01",
    "earning": {"per_minor": 100, "points": 10, "pending_days": 5},
    "redemption": {"points": 100, "worth_minor": 50},
    "expiry": {"rolling_months": 3},
}


def programme(*, ladder=None, points=True):
    """Two tiers by spend of a hundred days, and points that live three months."""
    said = {"name": "club", "currency": "GBP", "timezone": "UTC", "ladders": [ladder or LADDER]}
    return Programme.model_validate(said | ({"points": [POINTS]} if points else {}))


def report_of(facts: MemberFacts, rules_programme=None, *, tiers=TIERS, **more) -> ProfileReport:
    """The report of some facts."""
    rules = Rules(rules_programme, tiers, ProfileConfig())
    norms = fit_norms(facts, rules)
    return profile_report(facts, build_profile(facts, norms, rules), norms, rules, **more)


def full_facts():
    """Sixty members with rhythms of their own; coupons on some orders of every third."""
    lines = [Line(member, 90 + member / 60, 0, 80, discount=20, offer=0, channel=1) for member in range(0, 60, 3)]
    more = [(line.member, line.day, 0) for line in lines[:4]]
    points = [(0, 150, "redeem", -20), (1, 151, "adjust", 30), (2, 152, "redeem", -15)]
    return lived_facts(N_MEMBERS, seed=3, redemptions=more, points=points)


@cache
def full() -> ProfileReport:
    """Everything there is, recorded tiers among it."""
    return report_of(full_facts(), programme(), recorded_tier=RECORDED, source="corner shop", currency="GBP")


@cache
def thin(name: str) -> ProfileReport:
    """A programme with something missing."""
    one_order = [Line(0, 50.25, 0, 700)]
    match name:
        case "no programme":
            return report_of(lived_facts(12, seed=4))
        case "no programme but recorded tiers":
            return report_of(lived_facts(12, seed=4), recorded_tier=np.arange(12) % 2)
        case "no points":
            return report_of(lived_facts(12, seed=4), programme(points=False))
        case "one tier":
            only = LADDER | {"tiers": [{"name": "basic"}]}
            return report_of(lived_facts(12, seed=4), programme(ladder=only), tiers=("basic",))
        case "no orders":
            return report_of(small_facts([], n_members=7), programme())
        case "one member":
            return report_of(small_facts(one_order, n_members=1), programme(), recorded_tier=np.array([0]))
        case "nobody":
            return report_of(small_facts([], n_members=0, joined_day=[]), programme())
        case "orders long ago":
            return report_of(small_facts(one_order, n_members=3, as_of_day=900), programme())
    raise ValueError(name)


THIN = (
    "no programme",
    "no programme but recorded tiers",
    "no points",
    "one tier",
    "no orders",
    "one member",
    "nobody",
    "orders long ago",
)
