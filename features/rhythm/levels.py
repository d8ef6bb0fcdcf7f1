"""What a rhythm leans on: the typical gap, its spread and the level of each family, and a member's tempo elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from features.rhythm.gaps import SHORTEST_LOGGED_DAYS, Floats, Gaps, History, OwnGaps
from features.rhythm.settings import RhythmSettings
from recsys.errors import InputError

DEFAULT_GAP_DAYS, DEFAULT_SPREAD = 30.0, 1.0
"""The gap and the spread of its logarithm where nobody ever bought twice: assumptions, not measurements."""
_LEAST_SQUARE = 1e-4


@dataclass(frozen=True, slots=True)
class Levels:
    """
    Families and, in the last row, the population that a family without gaps is like.

    Attributes:
        location: Shape (n_families + 1,): mean of ln(days) of a member of average tempo.
        spread: Shape (n_families + 1,), above 0: of a gap about what its own series made expected.
        level: Shape (n_families + 1,), above 0: purchases over those that the life table expects.
    """

    location: Floats
    spread: Floats
    level: Floats

    @classmethod
    def fit(cls, history: History, gaps: Gaps, own: OwnGaps, settings: RhythmSettings) -> Self:
        """
        Shrink family by family to the population; levels are 1.

        A series with many gaps does not count as many series: the mean is of series, each as sure as its gaps make it.
        """
        n_families = int(history.family.max()) + 1 if len(history) else 0
        closed, family, series = gaps.closed, history.family[gaps.closed], _series(gaps)
        logged = np.log(np.maximum(gaps.days, SHORTEST_LOGGED_DAYS))
        n_gaps = np.bincount(series[closed], minlength=int((~closed).sum()))
        surely = np.asarray(1.0 / (n_gaps + settings.prior_gaps), dtype=np.float64)[series]

        def shrunk(value: Floats, weight: Floats, nothing: float) -> Floats:
            """Shape (n_families + 1,): weighed means of the closed gaps' values, *nothing* where there is none."""
            overall = float(value @ weight / weight.sum()) if len(value) else nothing
            total, prior = np.bincount(family, weight, n_families), settings.prior_family_gaps
            return np.append(
                (np.bincount(family, value * weight, n_families) + prior * overall) / (total + prior), overall
            )

        ones = np.ones(n_families + 1)
        default = float(np.log(DEFAULT_GAP_DAYS))
        levels = cls(shrunk(logged[closed], surely[closed], default), DEFAULT_SPREAD * ones, ones)
        tempo = levels.tempo(*_present(history, gaps, own), settings)[series]
        levels = replace(levels, location=shrunk((logged - tempo)[closed], surely[closed], default))
        prior = levels.prior_location(history, gaps, own, settings)
        centre = (own.log_days + settings.prior_gaps * prior) / (own.weight + settings.prior_gaps)
        # Where all gaps are equal the spread would be 0, and every deviation impossible.
        square = np.maximum((logged - centre)[closed] ** 2, _LEAST_SQUARE)
        return replace(levels, spread=np.sqrt(shrunk(square, np.ones(len(square)), DEFAULT_SPREAD**2)))

    def of(self, values: Floats, family: NDArray[np.integer]) -> Floats:
        """Shape (n,): one of the columns for each family, the population's where it was not fitted."""
        last = len(values) - 1
        return np.asarray(values[np.where((family >= 0) & (family < last), family, last)])

    def tempo(
        self, own: OwnGaps, member: NDArray[np.integer], family: NDArray[np.integer], settings: RhythmSettings
    ) -> Floats:
        """Shape (n_series,): how much slower (in ln(days)) each member is in the other families; 0 with one family."""
        if len(self.location) <= 2 or not len(member):
            return np.zeros(len(member))
        late = own.log_days - own.weight * self.of(self.location, family)
        others = np.bincount(member, late)[member] - late
        weight = np.bincount(member, own.weight)[member] - own.weight
        return np.asarray(others / (weight + settings.prior_member_gaps))

    def prior_location(self, history: History, gaps: Gaps, own: OwnGaps, settings: RhythmSettings) -> Floats:
        """Shape (n,): what the location of each gap leans on, the member's tempo as it is at the end."""
        tempo = self.tempo(*_present(history, gaps, own), settings)
        return np.asarray(self.of(self.location, history.family) + tempo[_series(gaps)])

    def leveled(
        self, family: NDArray[np.integer], closed: NDArray[np.bool_], expected: Floats, settings: RhythmSettings
    ) -> "Levels":
        """
        The same with each family's purchases over those *expected* until the end of its gaps, shrunk to 1.

        Where there is one family, the life table has counted all of it already.
        """
        n_families, prior = len(self.level) - 1, settings.prior_level_events
        if n_families < 2:
            return self
        events = np.bincount(family[closed], minlength=n_families) + prior
        return replace(self, level=np.append(events / (np.bincount(family, expected, n_families) + prior), 1.0))

    def to_settings(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: getattr(self, name).tolist() for name in self.__slots__}

    @classmethod
    def from_settings(cls, stored: Mapping[str, Any]) -> Self:
        """
        What `to_settings` wrote.

        Raises:
            InputError: A column is missing, or they differ in length.
        """
        if set(stored) != set(cls.__slots__):
            raise InputError(f"the stored levels have {sorted(stored)}, needed are {sorted(cls.__slots__)}; fit again")
        columns = {name: np.asarray(stored[name], dtype=np.float64) for name in cls.__slots__}
        if len({column.shape for column in columns.values()}) != 1 or not len(columns["level"]):
            shapes = {name: column.shape for name, column in columns.items()}
            raise InputError(f"the stored levels have the shapes {shapes}; they must be alike and not empty: fit again")
        return cls(**columns)


def spread_squared(own: OwnGaps, location: Floats) -> Floats:
    """Shape (n,), at least 0: weighed sum of squared distances of ln(days) from a location."""
    about = own.log_days_squared - 2 * location * own.log_days + own.weight * location**2
    return np.maximum(about, 0.0)


def _series(gaps: Gaps) -> NDArray[np.int64]:
    """Shape (n,): number of the series of each gap."""
    return np.asarray(np.cumsum(gaps.repeats == 0) - 1)


def _present(history: History, gaps: Gaps, own: OwnGaps) -> tuple[OwnGaps, NDArray[np.int32], NDArray[np.int32]]:
    """What is known of each series at its open gap, its member and its family."""
    now = ~gaps.closed
    known = OwnGaps(own.repeats[now], own.weight[now], own.log_days[now], own.log_days_squared[now])
    return known, history.member[now], history.family[now]
