"""The guardrails of a policy over a bundle: bounds on depth, by offer and tier."""

from collections.abc import Mapping

import numpy as np

from recsys.knowledge import Knowledge
from recsys.policy.guardrails import DepthLimit, banded_offers
from recsys.policy.native import Code, NativeRule
from recsys.policy.schema import Policy


def depth_limits(policy: Policy, knowledge: Knowledge, codes: Mapping[str, Code]) -> tuple[DepthLimit, ...]:
    """The bound on all offers, and the bands in the order of the file."""
    n_tiers, n_offers, limits = len(policy.tiers), len(knowledge.offers), []
    if policy.guardrails.max_depth < 1:
        every_tier, every_offer = np.ones(n_tiers, dtype=np.bool_), np.ones(n_offers, dtype=np.bool_)
        limits.append(
            DepthLimit(codes[NativeRule.MAX_DEPTH], every_tier, every_offer, 0.0, policy.guardrails.max_depth)
        )
    for band in policy.guardrails.depth_bands:
        tiers = np.array([band.tier in (None, tier) for tier in policy.tiers])
        about = banded_offers(band, knowledge.offers, knowledge.catalogue)
        limits.append(DepthLimit(codes[band.id], tiers, about, band.min_depth, band.max_depth))
    return tuple(limits)
