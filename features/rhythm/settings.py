"""How much weighs what in a rhythm: chosen by held-out log-likelihood, see the README of this folder."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class RhythmSettings(BaseModel):
    """How a rhythm is fitted; gaps and counts of gaps are the units of all weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    """A gap weighs this much less than the next one of the same member and family: habits drift."""
    prior_gaps: Positive = 1.0
    """The family's typical gap counts as this many gaps of each pair's own."""
    prior_spread_gaps: Positive = 4.0
    """How much gaps of the family vary counts as this many gaps of each pair's own."""
    prior_family_gaps: Positive = 20.0
    """The population counts as this many series, and for the spread as this many gaps, of each family."""
    prior_member_gaps: Positive = 20.0
    """That a member is as fast as others counts as this many of the member's gaps in other families."""
    prior_level_events: Positive = 10.0
    """That a family is bought again as surely as others counts as this many purchases."""
    prior_shape_events: Positive = 10.0
    """That a gap's age says nothing beyond the log-logistic counts as this many purchases a cell of the life table."""
    sample_members: Count = 50_000
    """The life table is fitted on this many members at most, drawn by the generator."""


class ClockSettings(BaseModel):
    """What is early, due and overdue, in shares of the gaps that end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    early_share: Share = 0.1
    """Due begins on the day by whose end this share of such gaps is over."""
    late_share: Share = 0.9
    """Due ends on the day by whose end this share is over; later is overdue."""
    horizon_days: Positive = 14.0
    """Of the probability that comes with each pair."""
