"""Where the retailer's records of points stand in place of the rules, said in plain sentences."""

from dataclasses import dataclass

import numpy as np

from experiments.profile_report.counting import several
from features.profile.blocks import POINTS_KINDS, PointsFacts


@dataclass(frozen=True, slots=True)
class RecordedPoints:
    """
    Recorded entries of the kinds that stand in place of rules: one of them, of whomever, is enough.

    Attributes:
        earn, redeem: How many entries of all members are of the kind.
    """

    earn: int
    redeem: int

    @classmethod
    def of(cls, points: PointsFacts) -> "RecordedPoints":
        """Count the entries of all members."""
        counts = np.bincount(points.kind, minlength=len(POINTS_KINDS))
        return cls(*(int(counts[POINTS_KINDS.index(kind)]) for kind in ("earn", "redeem")))

    def sentences(self, rules: str = "programme.yaml") -> tuple[str, ...]:
        """
        One for each kind that is recorded.

        Args:
            rules: Whose rules give way.

        >>> RecordedPoints(earn=0, redeem=1).sentences()[0][:68]
        'Redemptions take what points_entries say: 1 entry of kind redeem; by'
        """
        said = []
        if self.earn:
            said.append(
                f"Orders earn what points_entries say: {several(self.earn, 'entry')} of kind earn; the rules of "
                f"{rules} earn nothing beside them."
            )
        if self.redeem:
            said.append(
                f"Redemptions take what points_entries say: {several(self.redeem, 'entry')} of kind redeem; by the "
                f"rules of {rules} offers that are paid with points take nothing beside them."
            )
        return tuple(said)
