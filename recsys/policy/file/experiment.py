"""What a policy file may say of a running experiment."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.policy.file.fields import Part, Share, Slug, Text, refuse_repeats


class ArmBehaviour(StrEnum):
    """What an arm of an experiment changes: nothing, no offers at all, or nothing personal."""

    FULL = "full"
    NO_OFFERS = "no_offers"
    POPULAR = "popular"


class Arm(Part):
    """One arm of an experiment; weights of all arms add up to 1."""

    name: Slug
    weight: Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]
    behaviour: ArmBehaviour = ArmBehaviour.FULL


class Experiment(Part):
    """
    A running experiment; `recsys.assignment` says which arm a member is in.

    Attributes:
        key: Name in logs and analyses.
        seed: Of the hash; a new seed shuffles the members anew. Empty means the key.
        coverage: Share of members in the experiment at all.
        arms: In the order of their buckets; append rather than reorder, or members change arms.
    """

    key: Text
    seed: str = ""
    coverage: Share = 1.0
    arms: Annotated[tuple[Arm, ...], Field(min_length=2, max_length=100)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        total = sum(arm.weight for arm in self.arms)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the weights of the arms add up to {total:g}; make them add up to 1")
        refuse_repeats("arm", [arm.name for arm in self.arms])
        return self
