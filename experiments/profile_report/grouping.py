"""Members by tier and by stage: names and codes, where the profile has them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import by_code
from features.profile.build import Profile


@dataclass(frozen=True, slots=True)
class Grouping:
    """
    Which group each member is in.

    Attributes:
        name: What the groups are: ``tier`` or ``stage``.
        names: Of the groups, in their order.
        codes: Shape (n_members,): position in *names*; below 0 in none.
    """

    name: str
    names: tuple[str, ...]
    codes: NDArray[np.int64]

    def among(self, keep: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The codes of some members; -1 of the others."""
        return np.where(keep, self.codes, -1)

    def members(self) -> tuple[int, ...]:
        """How many members are in each group."""
        return tuple(int(n) for n in by_code(self.codes, len(self.names)))


def groupings_of(profile: Profile, recorded: NDArray[np.integer] | None) -> tuple[Grouping, ...]:
    """
    Tier, then stage, as far as somebody is in one.

    Args:
        profile: Tiers are those of its rules, where it has them.
        recorded: Shape (n_members,): else these, positions in the tiers of the profile.
    """
    tier = _by_column(profile, "tier", "tier_by_rules")
    if tier is None and recorded is not None and (recorded >= 0).any():
        tier = Grouping("tier", profile.names["tier"], recorded.astype(np.int64))
    return tuple(one for one in (tier, _by_column(profile, "stage", "stage")) if one is not None)


def _by_column(profile: Profile, name: str, column: str) -> Grouping | None:
    if column not in profile.columns or not (profile[column] >= 0).any():
        return None
    return Grouping(name, profile.names[name], profile[column].astype(np.int64))
