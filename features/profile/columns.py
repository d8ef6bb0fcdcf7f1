"""What a feature of a member is called, what it means, and what values it can have."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    One feature.

    Attributes:
        name: Of the column, of the array in the bundle (``profile.<name>``), and of the attribute of policies
            (``member.<name>``).
        dtype: NumPy type: int8, int32, int64, float32 or bool.
        unit: What it counts.
        meaning: One sentence for people, without the unit.
        low, high: Smallest and largest value that is no sentinel.
        unknown: The value that says that nothing is known: -1 for whole numbers, NaN for floats; absent where there
            is always a value.
        names: Key of the names that a code stands for, in `Profile.names`; absent where it is no code.
    """

    name: str
    dtype: str
    unit: Unit
    meaning: str
    low: float
    high: float
    unknown: float | None = None
    names: str | None = None

    def holds(self, values: NDArray[Any]) -> bool:
        """Whether every value is of the type and in the range, or the one that says unknown."""
        if values.dtype != np.dtype(self.dtype):
            return False
        if self.dtype == "bool" or not values.size:
            return True
        fits = (values >= self.low) & (values <= self.high)
        if self.unknown is not None:
            fits |= np.isnan(values) if np.isnan(self.unknown) else values == self.unknown
        return bool(fits.all())
