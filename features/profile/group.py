"""What a group of features must answer, so that one function can build, keep and refresh them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from features.profile.columns import ColumnSpec
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from recsys.loyalty.programme import Programme
from recsys.types import EpochSeconds

Norms = Mapping[str, Any]
"""What a group learnt from all members: JSON-able, fitted once at a cut-off and used unchanged afterwards."""

Summary = Mapping[str, NDArray[Any]]
"""What a group keeps of each member, first axis n_members: it changes with the member's facts, not with the day."""

Columns = Mapping[str, NDArray[Any]]
"""Features by name: shape (n_members,) each, of the types that their `ColumnSpec` says."""

NEXT_CHANGE_AT = "next_change_at"
"""Key of a `Summary`: shape (n_members,), int64: the first instant at which it changes without a new fact, or NEVER."""

NEVER = 2**62
"""No such instant."""


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What features follow besides the facts.

    Attributes:
        programme: Tiers and points; absent where the retailer gave no programme.
        tiers: Tier names of the workspace, low to high.
        config: Settings of the groups.
    """

    programme: Programme | None
    tiers: tuple[str, ...]
    config: ProfileConfig


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a group learnt, and the rules that it follows: those that it learnt under."""

    norms: Norms
    rules: Rules


class Group(Protocol):
    """
    Features that are computed together.

    The three steps are split so that a day's events cost in proportion to the members they touch: `fit` looks at
    everybody and is done at a training cut-off only; `summarise` is done for the members with new facts (or whose
    ``next_change_at`` has come) and must give a member the same whoever else is in the facts; `view` is plain
    arithmetic for everybody, every day.

    Attributes:
        name: Of the group.
    """

    name: str

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """The columns that `view` gives, in order; a group that the rules do not allow gives none."""
        ...

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """What is to be known of all members together; from facts before ``facts.as_of`` only."""
        ...

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """What is to be kept of each member as of ``facts.as_of``."""
        ...

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """The columns as of an instant not earlier than that of the summary."""
        ...
