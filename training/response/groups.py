"""Which offers are alike enough to be measured together, as finely as there are exposures to tell them apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.definitions import OfferDefinitions
from recsys.offers.prior import OfferTraits
from recsys.types import OFFER_KINDS

_DEPTHS = np.array([0.075, 0.15, 0.25])
_DEPTH_NAMES = ("shallow", "medium", "deep", "deepest")


@dataclass(frozen=True, slots=True)
class OfferGroups:
    """
    Groups of offers.

    Attributes:
        names: Of the groups.
        group: Shape (n_offers,), int16: which one each offer is told by; -1 where there are none.
        members_of: Shape (n_groups, n_offers), bool: the offers whose exposures teach a group. A coarse group is taught
            by all offers of its description, those with a finer group of their own among them.
    """

    names: tuple[str, ...]
    group: NDArray[np.int16]
    members_of: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        offers: OfferDefinitions,
        traits: OfferTraits,
        n_treated: NDArray[np.integer],
        *,
        min_treated: int,
        max_groups: int,
    ) -> "OfferGroups":
        """
        Group by kind, depth and whether for some products only; with too few treated more coarsely, at last all.

        Args:
            offers, traits: The offers.
            n_treated: Shape (n_offers,): randomised exposures of each.
            min_treated: Every group has so many; with more groups than *max_groups* more are asked for.
            max_groups: At least 1.
        """
        levels = _levels(offers, traits)
        while True:
            found = _grouped(levels, n_treated, min_treated)
            if len(found.names) <= max_groups:
                return found
            min_treated *= 2


def _levels(offers: OfferDefinitions, traits: OfferTraits) -> list[list[str]]:
    """Descriptions of each offer, the finest first."""
    depth = np.searchsorted(_DEPTHS, traits.depth, side="right")
    scoped = offers.scope.lengths() > 0
    kinds = [OFFER_KINDS[kind].value for kind in offers.kind.tolist()]
    by_depth = [f"{kind}, {_DEPTH_NAMES[place]}" for kind, place in zip(kinds, depth.tolist(), strict=True)]
    finest = [
        f"{name}, {'some products' if some else 'whole basket'}"
        for name, some in zip(by_depth, scoped.tolist(), strict=True)
    ]
    return [finest, by_depth, kinds, ["any offer"] * len(kinds)]


def _grouped(levels: list[list[str]], n_treated: NDArray[np.integer], min_treated: int) -> OfferGroups:
    n_offers = len(n_treated)
    chosen = np.full(n_offers, "", dtype=object)
    for level in levels:
        names, number = np.unique(np.array(level, dtype=object), return_inverse=True)
        enough = np.bincount(number, n_treated, len(names)) >= min_treated
        chosen = np.where((chosen == "") & enough[number], names[number], chosen) if len(names) else chosen
    used = sorted({str(name) for name in chosen if name})
    group = np.array([used.index(str(name)) if name else -1 for name in chosen], dtype=np.int16)
    members = np.zeros((len(used), n_offers), dtype=np.bool_)
    for level in levels:
        for offer, name in enumerate(level):
            if name in used:
                members[used.index(name), offer] = True
    return OfferGroups(tuple(used), group, members)
