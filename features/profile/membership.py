"""How long a member has been one, and whether members brought each other."""

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import POINTS_KINDS
from features.profile.columns import ColumnSpec, Unit
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from recsys.types import SECONDS_PER_DAY, EpochSeconds

UNKNOWN = -1
_MOST_DAYS = 200_000
_REFERRAL = POINTS_KINDS.index("referral")


class Membership:
    """
    Days since joining as recorded, since points were last booked for bringing somebody, and whether one was brought.

    Who brought whom is not kept: a member's profile tells nothing of another.
    """

    name = "membership"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:  # noqa: ARG002 - no setting adds or removes a column
        """Two numbers of days and a yes or no."""
        return (
            _days("joined_days_ago", "Whole days since joining"),
            ColumnSpec(
                "was_referred", "bool", Unit.YES_NO, "Another member brought them; no where it is unknown", 0, 1
            ),
            _days("referral_days_ago", "Whole days since points were last booked for bringing somebody"),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:  # noqa: ARG002 - nothing is learnt
        """Nothing is learnt: the facts are the member's own."""
        return {}

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:  # noqa: ARG002 - facts are as recorded
        """Both instants; later than the facts where somebody is known before they join."""
        points = facts.points
        brought = points.kind == _REFERRAL
        referral_at = np.full(facts.n_members, UNKNOWN, dtype=np.int64)
        referral_at[points.member[brought]] = points.at[brought]  # sorted by instant: the last one stays
        return {
            "joined_at": np.where(facts.joined_known, facts.enrolled_at, UNKNOWN),
            "joined_known": facts.joined_known,
            "referral_at": referral_at,
            "was_referred": facts.referred,
            NEXT_CHANGE_AT: np.full(facts.n_members, NEVER, dtype=np.int64),
        }

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:  # noqa: ARG002 - see fit
        """The days until an instant."""
        return {
            "joined_days_ago": _ago(summary["joined_at"], summary["joined_known"], as_of),
            "was_referred": summary["was_referred"],
            "referral_days_ago": _ago(summary["referral_at"], summary["referral_at"] != UNKNOWN, as_of),
        }


def _ago(at: NDArray[np.int64], known: NDArray[np.bool_], as_of: EpochSeconds) -> NDArray[np.int32]:
    days = np.clip((as_of - at) // SECONDS_PER_DAY, 0, _MOST_DAYS)
    return np.where(known, days, UNKNOWN).astype(np.int32)


def _days(name: str, meaning: str) -> ColumnSpec:
    return ColumnSpec(name, "int32", Unit.DAYS, meaning, 0, _MOST_DAYS, UNKNOWN, ages=1)
