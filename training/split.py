"""One cut through time for everybody: what is learnt, what chooses, and what judges."""

from dataclasses import dataclass

from recsys.errors import NotEnoughDataError
from recsys.types import SECONDS_PER_DAY, EpochSeconds

MIN_HISTORY_WINDOWS = 2
"""History before the validation window must be at least this many windows long."""


@dataclass(frozen=True, slots=True)
class Split:
    """
    A global time split (Ji et al. 2023, TOIS: any other split lets models see the future).

    Models that choose the blend learn before ``validation_at`` and are scored on [validation_at, test_at). Models that
    are judged learn before ``test_at`` and are scored once on [test_at, end). What is shipped learns before ``end``.

    Attributes:
        validation_at, test_at, end: Epoch seconds.

    Example:
        >>> Split.of(first_at=0, end=100 * 86_400, holdout_days=14).test_at == 86 * 86_400
        True
    """

    validation_at: EpochSeconds
    test_at: EpochSeconds
    end: EpochSeconds

    @classmethod
    def of(cls, *, first_at: EpochSeconds, end: EpochSeconds, holdout_days: float) -> "Split":
        """
        Cut two windows off the end.

        Raises:
            NotEnoughDataError: Less than MIN_HISTORY_WINDOWS windows of history remain before them.
        """
        window = round(holdout_days * SECONDS_PER_DAY)
        split = cls(end - 2 * window, end - window, end)
        if split.validation_at - first_at < MIN_HISTORY_WINDOWS * window:
            span_days = (end - first_at) / SECONDS_PER_DAY
            raise NotEnoughDataError(
                f"the purchases span {span_days:.1f} days, but windows of {holdout_days:g} days need "
                f"{(2 + MIN_HISTORY_WINDOWS) * holdout_days:g}; ingest more history or lower evaluation.holdout_days"
            )
        return split
