"""How near a member's birthday is: the window in which a treat makes sense."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from recsys.loyalty.birthdays import UNKNOWN, BirthdayWindow
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import EpochSeconds

_DAYS = 32


class Birthday:
    """
    Days to the birthday, and whether its window is open, by local days.

    Who has said the month only has the whole month for a birthday. Leap days and the year's end are as
    `recsys.loyalty.birthdays` has them.
    """

    name = "birthday"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Days and a yes or no."""
        around = rules.config.preferences.birthday_days
        return (
            ColumnSpec(
                "days_to_birthday",
                "int32",
                Unit.DAYS,
                "Days until the birthday, or until its month where no day is known; 0 on it",
                0,
                366,
                unknown=-1,
            ),
            ColumnSpec(
                "in_birthday_window",
                "bool",
                Unit.YES_NO,
                f"The birthday is at most {around} days ahead or past; no where it is unknown",
                0,
                1,
            ),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:  # noqa: ARG002 - nothing depends on settings
        """The time zone of days."""
        return {"timezone": facts.calendar.timezone}

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:  # noqa: ARG002 - birthdays are as recorded
        """Month and day; a day without a month is none."""
        return {
            "month": facts.birth_month,
            "day": np.where(facts.birth_month == UNKNOWN, UNKNOWN, facts.birth_day).astype(np.int8),
            NEXT_CHANGE_AT: np.full(facts.n_members, NEVER, dtype=np.int64),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """As of the local day of the instant; every date of the year is worked out once."""
        today = int(ProgrammeCalendar(fitted.norms["timezone"]).local_days(np.array([as_of]))[0])
        around = fitted.rules.config.preferences.birthday_days
        window = BirthdayWindow(days_before=around, days_after=around)
        date = summary["month"].astype(np.int16) * _DAYS + summary["day"]
        dates = np.flatnonzero(np.bincount(date))
        month, day = dates // _DAYS, dates % _DAYS

        def of_members(by_date: NDArray[Any]) -> NDArray[Any]:
            table = np.zeros(int(dates.max(initial=0)) + 1, dtype=by_date.dtype)
            table[dates] = by_date
            return np.asarray(table[date])

        return {
            "days_to_birthday": of_members(BirthdayWindow().days_until(month, day, on=today)),
            "in_birthday_window": of_members(window.in_window(month, day, on=today)),
        }
