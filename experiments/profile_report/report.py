"""Everything that the page says, as values: the same figures are printed as JSON."""

from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.dependence import DependencePart, dependence_part
from experiments.profile_report.grouping import groupings_of
from experiments.profile_report.points import PointsPart, points_part
from experiments.profile_report.preferences import PreferencesPart, preferences_part
from experiments.profile_report.replenishment import ReplenishmentPart, replenishment_part
from experiments.profile_report.rfm import RfmPart, rfm_part
from experiments.profile_report.sections import Absent
from experiments.profile_report.stages import StagePart, stage_part
from experiments.profile_report.tiers import TierPart, tier_part
from experiments.profile_report.value import ValuePart, value_part
from features.profile.build import AllNorms, Profile
from features.profile.columns import ColumnSpec
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from recsys.types import EpochSeconds


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """
    All members of a programme as of a date; a part that there is nothing to say about is `Absent`, with the reason.

    Attributes:
        source: Name of the workspace's adapter; may be empty.
        currency: ISO 4217 code of all amounts, which are whole minor units; empty where it is not known.
        as_of: Epoch seconds: the first instant that is not in the facts.
        as_of_day: Its local day, for example ``2026-11-01``.
        timezone: Of local days.
        n_members, n_orders: How many.
        specs: What every column of the profile means.
    """

    source: str
    currency: str
    as_of: EpochSeconds
    as_of_day: str
    timezone: str
    n_members: int
    n_orders: int
    tiers: TierPart | Absent
    stages: StagePart | Absent
    rfm: RfmPart | Absent
    value: ValuePart | Absent
    points: PointsPart | Absent
    replenishment: ReplenishmentPart | Absent
    dependence: DependencePart | Absent
    preferences: PreferencesPart | Absent
    specs: tuple[ColumnSpec, ...]

    def as_facts(self) -> dict[str, Any]:
        """JSON-able: the figures of the page, amounts in minor units; no member is named."""
        whole = asdict(self)
        for name in self.__slots__:
            if isinstance(getattr(self, name), Absent):
                whole[name] = {"absent": whole[name]["reason"]}
        for spec in whole["specs"]:
            if spec["unknown"] is not None and isnan(spec["unknown"]):
                spec["unknown"] = "NaN"
        return whole


def profile_report(
    facts: MemberFacts,
    profile: Profile,
    norms: AllNorms,
    rules: Rules,
    *,
    recorded_tier: NDArray[np.integer] | None = None,
    source: str = "",
    currency: str = "",
) -> ProfileReport:
    """
    Count and sum what the profile says of all members.

    Args:
        facts: Those that the profile is of.
        profile: As of ``facts.as_of``.
        norms, rules: Those it was built with.
        recorded_tier: Shape (n_members,): position in ``rules.tiers`` as the retailer recorded it; below 0 where not.
        source: Name of the workspace's adapter.
        currency: Of all amounts.
    """
    groupings = groupings_of(profile, recorded_tier)
    return ProfileReport(
        source=source,
        currency=currency,
        as_of=facts.as_of,
        as_of_day=str(np.datetime64(facts.as_of_day, "D")),
        timezone=facts.calendar.timezone,
        n_members=facts.n_members,
        n_orders=len(facts.orders.member),
        tiers=tier_part(facts, rules, recorded_tier),
        stages=stage_part(facts, profile, norms, rules),
        rfm=rfm_part(profile, norms, rules),
        value=value_part(profile, norms, rules, groupings),
        points=points_part(facts, norms, rules, next((one.codes for one in groupings if one.name == "tier"), None)),
        replenishment=replenishment_part(facts, profile, norms, rules),
        dependence=dependence_part(facts, profile, rules, groupings),
        preferences=preferences_part(facts, profile),
        specs=profile.specs,
    )
