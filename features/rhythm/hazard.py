"""The rhythm of a series: a gap distribution of its own, leaning on its family's and on everybody's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from features.rhythm.gaps import Floats, History, OwnGaps, earlier_gaps, gaps_of
from features.rhythm.levels import Levels, spread_squared
from features.rhythm.life_table import LifeTable
from features.rhythm.settings import RhythmSettings
from recsys.errors import InputError

LONGEST_DAYS = 36_500
"""A gap or wait that the table cannot tell from never."""
_REPEATS = np.array([0, 1, 2, 3, 5, 9])
"""Gaps after the 1st, 2nd, 3rd, 4th to 5th, 6th to 9th and later purchases have shapes of their own."""
_LOW, _HIGH, _STEP = -2.5, 3.5, 0.25
_EDGES = np.concatenate([[-np.inf], np.arange(_LOW, _HIGH + _STEP / 2, _STEP), [np.inf]])
"""Ages, in spreads of ln(days) from the expected one, between which the shape is constant."""
_SLOPE, _STEEPEST = 1.6, 50.0
_YOUNGEST_DAYS = 0.25


@dataclass(frozen=True, slots=True)
class Expected:
    """
    What the gap of each of n series looks like before the life table.

    Attributes:
        location: Shape (n,): mean of ln(days).
        spread: Shape (n,), above 0: standard deviation of ln(days).
        level: Shape (n,), above 0: multiplies the hazard; below 1 where fewer come back.
        stratum: Shape (n,): row of the life table, by the number of repeats before.
    """

    location: Floats
    spread: Floats
    level: Floats
    stratum: NDArray[np.int8]

    def take(self, rows: slice | NDArray[np.bool_]) -> "Expected":
        """Some of the series."""
        return Expected(self.location[rows], self.spread[rows], self.level[rows], self.stratum[rows])


class LogLogistic:
    """The hazard without a shape, of ages in spreads from the expected one; nearly log-normal, but with heavy tails."""

    @staticmethod
    def cumulated(age: Floats) -> Floats:
        """Shape (n,), at least 0."""
        return np.asarray(np.log1p(np.exp(np.minimum(_SLOPE * age, _STEEPEST))))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """
    The fitted parameters: what is the same for members and dates that they were not fitted on.

    ln(gap) of a pair has a location and a spread, each the mean of a normal and of a scaled inverse chi-squared
    posterior whose prior is the family's, which leans on the population's (empirical Bayes, Robbins 1956; Efron and
    Morris 1973). In units of these the life table, by repeats before, multiplies a log-logistic hazard; so it learns
    how regular people are, and how many never come back. A family's level multiplies it again.

    Attributes:
        levels: Locations, spreads and levels of families.
        shape: Shape (n_strata, n_bins), above 0: the life table.
        settings: As it was fitted; the weights of priors are used again.

    Example:
        >>> weekly = History.of(np.repeat(np.arange(50), 9), np.zeros(450, int), np.tile(np.arange(0, 63, 7), 50))
        >>> rhythm = Rhythm.fit(weekly, 60, RhythmSettings())
        >>> gap = rhythm.expected(earlier_gaps(gaps_of(weekly, 60), 0.9), weekly.member, weekly.family)
        >>> bool(6 < rhythm.quantile(gap, 0.5)[8] < 8)
        True
    """

    levels: Levels
    shape: Floats
    settings: RhythmSettings

    @classmethod
    def fit(cls, history: History, as_of_day: int, settings: RhythmSettings) -> Self:
        """
        Learn from all gaps of a history; without one that ended, the rhythm is the prior's.

        Args:
            history: All days before *as_of_day*.
            as_of_day: Open gaps reach to it.
            settings: Weights.

        Raises:
            InputError: A day is not before *as_of_day*.
        """
        gaps = gaps_of(history, as_of_day)
        own = earlier_gaps(gaps, settings.decay)
        levels = Levels.fit(history, gaps, own, settings)
        rhythm = cls(levels, np.ones((len(_REPEATS), len(_EDGES) - 1)), settings)
        # A gap of g whole days ended some time in the last of them, on average half a day before its end.
        age = np.where(gaps.closed, gaps.days - 0.5, gaps.days)
        expected = rhythm._expected(own, levels.prior_location(history, gaps, own, settings), history.family)
        table = LifeTable.fit(
            LogLogistic(),
            _standard(expected, age),
            expected.stratum,
            gaps.closed,
            edges=_EDGES,
            n_strata=len(_REPEATS),
            prior_events=settings.prior_shape_events,
        )
        shaped = cls(levels, table.shape, settings)
        of_family = levels.leveled(history.family, gaps.closed, shaped.cumulated(expected, age), settings)
        return cls(of_family, table.shape, settings)

    def expected(self, own: OwnGaps, member: NDArray[np.integer], family: NDArray[np.integer]) -> Expected:
        """
        The gap that each series is in.

        A member's tempo in other families moves the family's location for this one; so *own* should hold all series of
        a member, one row each.

        Args:
            own: What is known of n series, `present_gaps`.
            member, family: Shape (n,); a family that was not fitted is like the population.
        """
        offset = self.levels.tempo(own, member, family, self.settings)
        return self._expected(own, self.levels.of(self.levels.location, family) + offset, family)

    def _expected(self, own: OwnGaps, prior: Floats, family: NDArray[np.integer]) -> Expected:
        settings, levels = self.settings, self.levels
        location = (own.log_days + settings.prior_gaps * prior) / (own.weight + settings.prior_gaps)
        prior_square = settings.prior_spread_gaps * levels.of(levels.spread, family) ** 2
        square = (spread_squared(own, location) + prior_square) / (own.weight + settings.prior_spread_gaps)
        stratum = (np.searchsorted(_REPEATS, own.repeats, side="right") - 1).astype(np.int8)
        return Expected(location, np.sqrt(square), levels.of(levels.level, family), stratum)

    def cumulated(self, expected: Expected, age_days: NDArray[np.number]) -> Floats:
        """Shape (n,): purchases expected until an age of the gap in days."""
        standard = _standard(expected, age_days)
        place = np.clip((standard - _LOW) // _STEP + 1, 0, len(_EDGES) - 2).astype(np.int64)
        cell = expected.stratum.astype(np.int64) * (len(_EDGES) - 1) + place
        reached = LogLogistic.cumulated(standard) - LogLogistic.cumulated(_EDGES)[place]
        return np.asarray(expected.level * (self._totals().ravel()[cell] + self.shape.ravel()[cell] * reached))

    def probability(
        self, expected: Expected, silent_days: NDArray[np.number], horizon_days: NDArray[np.number] | float
    ) -> Floats:
        """Shape (n,): chance of a purchase within the horizon after so many whole days of silence."""
        before = self.cumulated(expected, silent_days)
        until = self.cumulated(expected, silent_days + np.asarray(horizon_days))
        return np.asarray(-np.expm1(-(until - before)))

    def survival(self, expected: Expected, age_days: NDArray[np.number]) -> Floats:
        """Shape (n,): of the gaps of this rhythm that end, the share that last longer; 0 to 1."""
        never = np.exp(-self._end(expected))
        longer = np.exp(-self.cumulated(expected, age_days)) - never
        return np.asarray(np.clip(longer / (1.0 - never), 0.0, 1.0))

    def quantile(self, expected: Expected, share: float) -> Floats:
        """Shape (n,), days: of the gaps of this rhythm that end, the share that is over by then."""
        return self._age(expected, -np.log1p(share * np.expm1(-self._end(expected))))

    def wait(self, expected: Expected, silent_days: NDArray[np.number], chance: float) -> Floats:
        """
        Shape (n,), days from now, LONGEST_DAYS at most: until the chance of a purchase is reached, given the silence.

        Gaps that never end count: half of the members who ordered once may not be back within a life.
        """
        target = self.cumulated(expected, silent_days) - np.log1p(-chance)
        return np.asarray(np.clip(self._age(expected, target) - silent_days, 0.0, LONGEST_DAYS))

    def to_settings(self) -> dict[str, Any]:
        """JSON-able; `from_settings` gives the same rhythm to the bit."""
        return {
            "settings": self.settings.model_dump(),
            "shape": self.shape.tolist(),
            "levels": self.levels.to_settings(),
        }

    @classmethod
    def from_settings(cls, stored: Mapping[str, Any]) -> Self:
        """
        A rhythm as `to_settings` wrote it.

        Raises:
            InputError: A part is missing, or an array has another shape.
        """
        missing = {"settings", "shape", "levels"} - set(stored)
        if missing:
            raise InputError(f"the stored rhythm lacks {', '.join(sorted(missing))}; fit it again")
        shape = np.asarray(stored["shape"], dtype=np.float64)
        if shape.shape != (len(_REPEATS), len(_EDGES) - 1):
            raise InputError(
                f"the stored life table has the shape {shape.shape}, this version reads "
                f"{(len(_REPEATS), len(_EDGES) - 1)}; fit the rhythm again"
            )
        return cls(
            Levels.from_settings(stored["levels"]), shape, RhythmSettings.model_validate(dict(stored["settings"]))
        )

    def _totals(self) -> Floats:
        """Shape (n_strata, n_bins): purchases expected until the beginning of each bin, at level 1."""
        in_bin = self.shape[:, :-1] * np.diff(LogLogistic.cumulated(_EDGES[:-1]))
        return np.concatenate([np.zeros((len(self.shape), 1)), np.cumsum(in_bin, axis=1)], axis=1)

    def _end(self, expected: Expected) -> Floats:
        """Shape (n,): purchases expected until the last edge; gaps that are older count as never to end."""
        return np.asarray(expected.level * self._totals()[expected.stratum, -1])

    def _age(self, expected: Expected, target: Floats) -> Floats:
        """Shape (n,), days: when so many purchases are expected."""
        target, totals = target / expected.level, self._totals()
        standard = np.empty(len(target))
        starts = LogLogistic.cumulated(_EDGES)
        for stratum in range(len(_REPEATS)):
            rows = expected.stratum == stratum
            place = np.searchsorted(totals[stratum], target[rows], side="right") - 1
            reached = starts[place] + (target[rows] - totals[stratum, place]) / self.shape[stratum, place]
            standard[rows] = np.log(np.expm1(np.clip(reached, 1e-12, _STEEPEST))) / _SLOPE
        log_age = np.minimum(expected.location + expected.spread * standard, np.log(LONGEST_DAYS))
        return np.asarray(np.maximum(np.exp(log_age), _YOUNGEST_DAYS))


def fit_rhythm(
    history: History, as_of_day: int, settings: RhythmSettings, *, n_members: int, rng: np.random.Generator
) -> Rhythm:
    """
    `Rhythm.fit` on a sample of members, where there are more than ``settings.sample_members``.

    Args:
        history: All days before *as_of_day*.
        as_of_day: Open gaps reach to it.
        settings: Weights, and how many members are enough.
        n_members: Members are below it.
        rng: Draws the sample.
    """
    if n_members > settings.sample_members:
        chosen = np.zeros(n_members, dtype=np.bool_)
        chosen[rng.choice(n_members, settings.sample_members, replace=False)] = True
        history = history.take(chosen[history.member])
    return Rhythm.fit(history, as_of_day, settings)


def _standard(expected: Expected, age_days: NDArray[np.number]) -> Floats:
    return np.asarray((np.log(np.maximum(age_days, _YOUNGEST_DAYS)) - expected.location) / expected.spread)
