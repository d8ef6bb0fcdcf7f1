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


def groupings(profile: Profile) -> tuple[Grouping, ...]:
    """Tier, then stage, as far as the profile has them and somebody is in one."""
    found = (grouping(profile, name) for name in ("tier", "stage"))
    return tuple(one for one in found if one is not None)


def grouping(profile: Profile, name: str) -> Grouping | None:
    """The grouping by a column of codes; None where there is no such column or nobody has a code."""
    spec = next((spec for spec in profile.specs if spec.name == name), None)
    if spec is None or spec.names is None or not (profile[name] >= 0).any():
        return None
    return Grouping(name, profile.names[spec.names], profile[name].astype(np.int64))
