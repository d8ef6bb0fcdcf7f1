"""What the promises of a programme cost the retailer: a point, and a tier for as long as it is held."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import Period
from recsys.loyalty.ladder import Ladder
from recsys.loyalty.points_ends import local_day
from recsys.loyalty.points_rules import SINGLE_BP, PointsRules
from recsys.loyalty.programme import Programme
from recsys.types import UNKNOWN_ROW, EpochSeconds

YEAR_DAYS = 365.25
_MONTHS = {Period.YEAR: 12, Period.HALF_YEAR: 6, Period.QUARTER: 3}
_BP = 10_000


@dataclass(frozen=True, slots=True)
class TierWorth:
    """
    What each tier of a workspace gives that has a price; no tuples of a programme that is not known.

    Free shipping, early access and treats that are offers are not in it: what they cost is not in the programme.

    Attributes:
        share: Of what is spent, one a tier: the standing discount and the worth of the points that an order earns.
        yearly_minor: One a tier: the birthday treat.
        term_days: How long a tier is held once it is reached or kept.
    """

    share: tuple[float, ...] = ()
    yearly_minor: tuple[float, ...] = ()
    term_days: float = 0.0

    @classmethod
    def of(cls, programme: Programme | None, tiers: Sequence[str], at: EpochSeconds) -> "TierWorth":
        """
        By the ladder and the points rules in force at an instant.

        A tier that this ladder does not have is worth what the tier below is.

        Args:
            programme: None where the retailer has none.
            tiers: Names of the workspace's, the lowest first.
            at: When.
        """
        span = programme.span_at(at) if programme is not None else None
        if programme is None or span is None:
            return NO_TIER_WORTH
        per_spend = point_worth_minor(programme, at) * _points_per_minor(programme, at)
        share, yearly = [0.0], [0.0]
        for name in tiers:
            level = int(span.level_of[programme.tiers.index(name)]) if name in programme.tiers else UNKNOWN_ROW
            if level == UNKNOWN_ROW:
                share.append(share[-1])
                yearly.append(yearly[-1])
                continue
            benefits = span.ladder.tiers[level].benefits
            share.append(benefits.standing_discount_bp / _BP + per_spend * benefits.points_multiplier_bp / SINGLE_BP)
            treat = benefits.birthday_treat
            yearly.append(float(treat) if isinstance(treat, int) else 0.0)
        return cls(tuple(share[1:]), tuple(yearly[1:]), _term_days(span.ladder))

    def of_term(
        self, lower: NDArray[np.integer], upper: NDArray[np.integer], yearly_spend: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """
        What it costs more to keep members in one tier rather than another for a term.

        Args:
            lower, upper: Shape (m,): rows of tiers.
            yearly_spend: Shape (m,), minor units.

        Returns:
            Shape (m,), minor units; 0 where nothing is known.
        """
        if not self.share:
            return np.zeros(len(yearly_spend))
        share, yearly = np.array(self.share), np.array(self.yearly_minor)
        a_year = (share[upper] - share[lower]) * yearly_spend + yearly[upper] - yearly[lower]
        return np.asarray(a_year * self.term_days / YEAR_DAYS)


NO_TIER_WORTH = TierWorth()


def point_worth_minor(programme: Programme | None, at: EpochSeconds) -> float:
    """What is owed for one point by the rules in force, in minor units; 0 where there are no points."""
    rules = _rules_at(programme, at)
    return 0.0 if rules is None else rules.redemption.worth_minor / rules.redemption.points


def _points_per_minor(programme: Programme, at: EpochSeconds) -> float:
    rules = _rules_at(programme, at)
    return 0.0 if rules is None else rules.earning.points / rules.earning.per_minor


def _rules_at(programme: Programme | None, at: EpochSeconds) -> PointsRules | None:
    """The points rules in force, the first ones before they begin."""
    if programme is None or not programme.points:
        return None
    starts = [programme.calendar.start_of(local_day(rules.from_date)) for rules in programme.points]
    return programme.points[max(sum(start <= at for start in starts) - 1, 0)]


def _term_days(ladder: Ladder) -> float:
    """A period and its grace days; under a continuous ladder, the window in which orders count."""
    downgrade, window = ladder.downgrade, ladder.window
    if downgrade.period_months is not None or downgrade.calendar is not None:
        return _days(downgrade.period_months, downgrade.calendar) + downgrade.grace_days
    return (
        float(window.rolling_days) if window.rolling_days is not None else _days(window.rolling_months, window.calendar)
    )


def _days(months: int | None, period: Period | None) -> float:
    return (_MONTHS[period] if period is not None else months or 0) * YEAR_DAYS / 12
