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
        return cls.rolling(first_at=first_at, end=end, holdout_days=holdout_days, n_folds=1)[0]

    @classmethod
    def rolling(
        cls, *, first_at: EpochSeconds, end: EpochSeconds, holdout_days: float, n_folds: int
    ) -> tuple["Split", ...]:
        """
        Cut *n_folds* splits, the earliest first: each test window ends where the next begins, the last at *end*.

        Each has its own validation window right before its test window, which is the test window of the split before
        (rolling origin, Tashman 2000).

        Raises:
            NotEnoughDataError: Less than MIN_HISTORY_WINDOWS windows of history remain before the earliest; says how
                many folds there is enough history for.
        """
        window = round(holdout_days * SECONDS_PER_DAY)
        n_fit = (end - first_at) // window - 1 - MIN_HISTORY_WINDOWS
        if n_fit < n_folds:
            span_days = (end - first_at) / SECONDS_PER_DAY
            asked = "windows" if n_folds == 1 else f"{n_folds} folds with windows"
            so_many = "" if n_fit < 1 else f" ({n_fit} {'fold fits' if n_fit == 1 else 'folds fit'})"
            fewer = "" if n_fit < 1 else ", ask for fewer folds"
            raise NotEnoughDataError(
                f"the purchases span {span_days:.1f} days, but {asked} of {holdout_days:g} days need "
                f"{(1 + n_folds + MIN_HISTORY_WINDOWS) * holdout_days:g}{so_many}; ingest more history{fewer} or lower "
                "evaluation.holdout_days"
            )
        ends = [end - later * window for later in reversed(range(n_folds))]
        return tuple(cls(stop - 2 * window, stop - window, stop) for stop in ends)
