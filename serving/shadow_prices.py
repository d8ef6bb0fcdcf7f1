"""What budgets cost online: the shadow prices that the last allocation left in the workspace, if they still hold."""

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recsys.knowledge import Knowledge
from recsys.types import EpochSeconds

FILE = "shadow_prices.json"
_LAYOUT = 1


class RowPrice(BaseModel):
    """
    One row of the allocation.

    Attributes:
        name: As in the allocation's table.
        price: Worth of one unit more of its bound.
        measure: What it counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    price: float = Field(ge=0, allow_inf_nan=False)
    measure: str


class ShadowPrices(BaseModel):
    """
    The file.

    Attributes:
        layout: Version of the file.
        bundle_id, policy_id: What was allocated with; the prices hold for no other.
        placement: What was allocated.
        made_at, ends_at: Epoch seconds: when, and the first instant at which the budgets' period is over.
        offers: By offer id: worth of one more minor unit of discount; an offer that is not there costs nothing more.
        rows: What they were made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    layout: int = Field(default=_LAYOUT, ge=_LAYOUT, le=_LAYOUT)
    bundle_id: str
    policy_id: str
    placement: str
    made_at: int
    ends_at: int
    offers: dict[str, float]
    rows: tuple[RowPrice, ...]


class PricesState(StrEnum):
    """Whether the workspace's shadow prices are used, and if not, why."""

    NONE = "none"
    USED = "used"
    OTHER_BUNDLE = "other_bundle"
    OTHER_POLICY = "other_policy"
    NOT_NOW = "not_now"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class PricesInForce:
    """
    What an engine is given.

    Attributes:
        state: Whether the file's prices are among them.
        price: Shape (n_offers,), 0 or more; all 0 where they are not used.
        digest: SHA-256 of the prices; empty where they are all 0. Two engines of one digest decide alike.
        made_at, ends_at: Of the file, where it belongs to the bundle and the policy; else both 0.
    """

    state: PricesState
    price: NDArray[np.float64]
    digest: str
    made_at: EpochSeconds = 0
    ends_at: EpochSeconds = 0

    def holds(self, now: EpochSeconds) -> bool:
        """Whether their period is on; never where there are none."""
        return self.made_at <= now < self.ends_at


def write_shadow_prices(workspace: Path, prices: ShadowPrices) -> Path:
    """Leave prices for the service, in one step."""
    path = workspace / FILE
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.write_text(prices.model_dump_json(indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)
    return path


def shadow_prices_in_force(
    workspace: Path, knowledge: Knowledge, *, policy_id: str, now: EpochSeconds
) -> PricesInForce:
    """
    The workspace's shadow prices where they belong to this bundle and policy, and their period is not over.

    Prices of other values would hold budgets back, or spend them, by chance: they are left out, and the state says so.

    Args:
        workspace: Where an allocation left them.
        knowledge: Of the bundle that decides.
        policy_id: Of the policy that decides.
        now: When.
    """
    nothing = np.zeros(len(knowledge.offers))
    path = workspace / FILE
    if not path.exists():
        return PricesInForce(PricesState.NONE, nothing, "")
    try:
        found = ShadowPrices.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return PricesInForce(PricesState.UNREADABLE, nothing, "")
    if found.bundle_id != knowledge.bundle_id:
        return PricesInForce(PricesState.OTHER_BUNDLE, nothing, "")
    if found.policy_id != policy_id:
        return PricesInForce(PricesState.OTHER_POLICY, nothing, "")
    if not found.made_at <= now < found.ends_at:
        return PricesInForce(PricesState.NOT_NOW, nothing, "", found.made_at, found.ends_at)
    ids = knowledge.offers.offers
    price = np.array([max(found.offers.get(ids.id(row), 0.0), 0.0) for row in range(len(ids))])
    digest = hashlib.sha256(price.tobytes()).hexdigest() if price.any() else ""
    return PricesInForce(PricesState.USED, price, digest, found.made_at, found.ends_at)
