"""Settings of what offers cause, with their defaults nowhere else."""

from typing import Annotated

from pydantic import Field, field_validator

from training.response.learners import LEARNERS
from training.settings import Count, Positive, Settings, Share


class OrderChanceConfig(Settings):
    """The chance of an order without any offer; see training/response/order_chance.py."""

    enabled: bool = True
    n_windows: Annotated[int, Field(ge=2, le=26)] = 5
    """Windows as long as the horizon, one after another, the last ending at the cut-off: it judges what the others
    taught."""
    min_rows: Count = 1_000
    """Members and windows without any offer, in the last window and in those before it together."""
    max_rows: Count = 200_000
    """More are sampled."""
    n_folds: Annotated[int, Field(ge=2, le=20)] = 3


class DeviationConfig(Settings):
    """Members' own deviations from the effect in their cell; see training/response/deviations.py."""

    enabled: bool = True
    learners: tuple[str, ...] = tuple(LEARNERS)
    """The simplest first: taken is the simplest within one standard error of the best. ``mean`` deviates nowhere; there
    is ``room`` too, one effect on the odds."""
    min_treated: Count = 5_000
    """Offers that fewer randomised exposures were of are looked at together with others like them."""
    max_groups: Annotated[int, Field(ge=1, le=32)] = 16
    max_rows: Count = 100_000
    """Exposures of one comparison; more are sampled."""
    n_folds: Annotated[int, Field(ge=2, le=20)] = 3
    n_resamples: Annotated[int, Field(ge=20)] = 100
    n_refits: Annotated[int, Field(ge=4, le=100)] = 10
    """Of the chosen learner, each on half of the exposures: from them comes how sure a member's effect is."""
    min_redeemed: Count = 200
    """Members differ in how they redeem only where so many redeemed and so many did not."""

    @field_validator("learners")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = ("room", *LEARNERS)
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(f"{unknown[0] if unknown else 'none'} is no learner; there are {', '.join(known)}")
        return names


class ResponseConfig(Settings):
    """How offers work: see training/response/fit.py."""

    horizon_days: Positive = 14.0
    prior_uplift: Annotated[float, Field(ge=-1, le=1)] = 0.01
    """Assumed where nothing was measured: one order in a hundred is caused by the offer."""
    prior_uplift_sd: Positive = 0.02
    prior_redeem: Annotated[float, Field(gt=0, lt=1)] = 0.3
    prior_redeem_sd: Positive = 1.0
    """Of the logit of the redemption rate."""
    min_arm: Count = 30
    """Smallest number of exposures in each arm of a campaign before a difference is estimated."""
    prior_borrowed: Share = 0.0
    """Assumed share of the added orders that are missing afterwards."""
    prior_borrowed_sd: Positive = 0.15
    order_chance: OrderChanceConfig = OrderChanceConfig()
    deviations: DeviationConfig = DeviationConfig()
