"""The settings of member features, each group's its own part."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Part(BaseModel):
    """A part of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
LONGEST_DAYS = 36_500
"""A hundred years: calendars end, and no forecast reaches further."""
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
Horizon = Annotated[float, Field(gt=0, le=LONGEST_DAYS)]
Quantile = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class RfmConfig(Part):
    """
    Recency, frequency, monetary value.

    Attributes:
        window_days: Orders of this many days count.
        n_scores: Scores go from 1 to this; quintiles by default.
    """

    window_days: Days = 365
    n_scores: Annotated[int, Field(ge=2, le=10)] = 5


class LifecycleConfig(Part):
    """
    Stages.

    Attributes:
        new_days: A member is new for so many local days, that of the first order among them.
        dormant_quantile: Dormant when silent for longer than this quantile of the member's own gap.
        churned_quantile: Churned when silent for longer than this one.
        min_dormant_days: Nobody is dormant after a shorter silence, however often they buy: people go on holiday.
        min_churned_days: Nobody is churned after a shorter silence.
    """

    new_days: Days = 30
    dormant_quantile: Quantile = 0.9
    churned_quantile: Quantile = 0.99
    min_dormant_days: Days = 14
    min_churned_days: Days = 30

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.dormant_quantile >= self.churned_quantile or self.min_dormant_days >= self.min_churned_days:
            raise ValueError(
                f"dormant comes before churned, but dormant_quantile is {self.dormant_quantile} and churned_quantile "
                f"{self.churned_quantile}, min_dormant_days {self.min_dormant_days} and min_churned_days "
                f"{self.min_churned_days}; make the first of each pair the smaller"
            )
        return self


class ValueConfig(Part):
    """
    Lifetime value.

    Attributes:
        horizon_days: Of expected orders and value.
        churn_days: Horizon of the probability of no order.
        yearly_discount_rate: An order a year from now counts 1 / (1 + this).
        coverage: Of the intervals.
        prior_orders: The population's order value, share of paid orders and margin rate count as this many orders of
            the member's own; of the first only where no spend model can be fitted.
        prior_days: The population's rate counts as this many days of the member's own, where no purchase-count model
            can be fitted.
        sample_members: The models are fitted on this many members at most.
    """

    horizon_days: Horizon = 365.0
    churn_days: Days = 90
    yearly_discount_rate: Share = 0.1
    coverage: Quantile = 0.8
    prior_orders: Positive = 3.0
    prior_days: Positive = 90.0
    sample_members: Annotated[int, Field(ge=1)] = 100_000


class ReplenishmentConfig(Part):
    """
    The clock of each member and product family.

    Attributes:
        horizon_days: Of the chance to buy again.
        early_quantile, late_quantile: Before the first of the gap it is early, after the second overdue, between them
            due.
        families_kept: Columns of a member look at this many families, those bought on most days; a table of pairs has
            them all.
        sample_members: The rhythm is learnt from this many members at most.
    """

    horizon_days: Horizon = 14.0
    early_quantile: Quantile = 0.25
    late_quantile: Quantile = 0.9
    families_kept: Annotated[int, Field(ge=1, le=100)] = 24
    sample_members: Annotated[int, Field(ge=1)] = 50_000

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.early_quantile < 0.5 < self.late_quantile:
            raise ValueError(
                f"early_quantile is {self.early_quantile} and late_quantile {self.late_quantile}; half of the gaps lie "
                "between: choose the first below 0.5 and the second above"
            )
        return self


class DependenceConfig(Part):
    """
    Dependence on discounts.

    Attributes:
        window_days: Orders of this many days count.
        prior_orders: The segment's mean counts as this many orders of the member's own.
    """

    window_days: Days = 365
    prior_orders: Positive = 5.0


class PreferencesConfig(Part):
    """
    Affinities.

    Attributes:
        half_life_days: Evidence counts half after this long.
        prior_weight: The segment's figure counts as this much evidence of the member's own; for shares only where too
            few members ordered twice to learn it from.
        n_price_bands: Bands of price within a category.
        birthday_days: Days before and after the birthday that its window takes.
    """

    half_life_days: Positive = 180.0
    prior_weight: Positive = 3.0
    n_price_bands: Annotated[int, Field(ge=2, le=9)] = 3
    birthday_days: Annotated[int, Field(ge=0, le=60)] = 7


class ProfileConfig(Part):
    """All settings of member features, by group; *seed* is of all randomness."""

    rfm: RfmConfig = RfmConfig()
    lifecycle: LifecycleConfig = LifecycleConfig()
    value: ValueConfig = ValueConfig()
    replenishment: ReplenishmentConfig = ReplenishmentConfig()
    dependence: DependenceConfig = DependenceConfig()
    preferences: PreferencesConfig = PreferencesConfig()
    seed: Annotated[int, Field(ge=0)] = 1
