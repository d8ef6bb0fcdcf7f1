"""What a bundle knows of each member besides what decisions always need: named columns that say what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.types import EpochSeconds

Value = bool | int | float | str | None
"""One member's value of a column, for people and for JSON; None where nothing is known."""

_DECIMALS = 6


class Unit(StrEnum):
    """What the numbers of a column count."""

    NONE = ""
    CODE = "code"
    COUNT = "count"
    DAYS = "days"
    EPOCH_SECONDS = "epoch seconds"
    MINOR = "minor units"
    POINTS = "points"
    PROBABILITY = "probability"
    SHARE = "share"
    YES_NO = "yes or no"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """
    One feature of members.

    Attributes:
        name: Of the column, of the array in the bundle (``profile.<name>``), and of the attribute of policies
            (``member.<name>``).
        dtype: NumPy type: int8, int32, int64, float32 or bool.
        unit: What it counts.
        meaning: One sentence for people, without the unit.
        low, high: Smallest and largest value that is no sentinel.
        unknown: The value that says that nothing is known: -1 for whole numbers, NaN for floats; absent where there
            is always a value.
        names: Key of the names that a code stands for, in `MemberProfile.names`; absent where it is no code.
        ages: What each day adds by itself: 1 to days since, -1 to days until, 0 to all else.
    """

    name: str
    dtype: str
    unit: Unit
    meaning: str
    low: float
    high: float
    unknown: float | None = None
    names: str | None = None
    ages: int = 0

    def holds(self, values: NDArray[Any]) -> bool:
        """Whether every value is of the type and in the range, or the one that says unknown."""
        if values.dtype != np.dtype(self.dtype):
            return False
        if self.dtype == "bool" or not values.size:
            return True
        fits = (values >= self.low) & (values <= self.high)
        if self.unknown is not None:
            fits |= self.is_unknown(values)
        return bool(fits.all())

    def is_unknown(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where nothing is known, same shape as *values*."""
        if self.unknown is None:
            return np.zeros(values.shape, dtype=np.bool_)
        return np.asarray(np.isnan(values) if np.isnan(self.unknown) else values == self.unknown)

    def aged(self, values: NDArray[Any], days: int) -> NDArray[Any]:
        """The values so many days later, if nothing happens; what is unknown stays so, days until end at 0."""
        if not self.ages or days <= 0:
            return values
        later = np.clip(values.astype(np.int64) + self.ages * days, self.low, self.high).astype(values.dtype)
        return np.where(self.is_unknown(values), values, later)


@dataclass(frozen=True, slots=True)
class MemberProfile:
    """
    Features of members as columns.

    Attributes:
        specs: What the columns are, in order.
        columns: Shape (n_members,) each, by name.
        names: What codes stand for, by `ColumnSpec.names`.
        as_of: Epoch seconds: the instant that the columns are as of.

    Example:
        >>> spec = ColumnSpec("top_store", "int32", Unit.CODE, "Where most is bought", 0, 1, unknown=-1, names="store")
        >>> columns, names = {"top_store": np.array([1, -1], dtype=np.int32)}, {"store": ("east", "west")}
        >>> profile = MemberProfile((spec,), columns, names)
        >>> profile.of_member(0), profile.of_member(1)
        ({'top_store': 'west'}, {'top_store': None})
    """

    specs: tuple[ColumnSpec, ...]
    columns: Mapping[str, NDArray[Any]]
    names: Mapping[str, tuple[str, ...]]
    as_of: EpochSeconds = 0

    def of_member(self, row: int) -> dict[str, Value]:
        """One member's values, by column; a row below zero, a stranger's, has none that is known."""
        return {spec.name: self.value(spec, self.columns[spec.name][row]) if row >= 0 else None for spec in self.specs}

    def value(self, spec: ColumnSpec, value: Any) -> Value:
        """What one number of a column says: a name for a code, None for what is unknown."""
        if spec.is_unknown(np.asarray(value)).any():
            return None
        if spec.names is not None:
            return self.names[spec.names][int(value)]
        if spec.dtype == "bool":
            return bool(value)
        # Columns are float32: 0.7 would be written as 0.6999999881.
        return round(float(value), _DECIMALS) if spec.dtype == "float32" else int(value)


NO_PROFILE = MemberProfile((), {}, {})
"""Of a bundle that knows no more than decisions need."""
