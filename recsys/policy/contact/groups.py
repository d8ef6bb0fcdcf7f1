"""Which offers rest or are counted together: the same offer, a campaign, a kind, or all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.policy.file.contact import Campaign, Of
from recsys.ragged import Ragged
from recsys.types import Rows
from recsys.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Grouping:
    """
    One way to put offers together.

    Attributes:
        groups: Ragged (n_index + 1,): the groups of each offer of the index, and last of all other offers.
        rows: Ragged (n_groups,): rows of the bundle's offers in each group.
    """

    groups: Ragged
    rows: Ragged

    def expand(self, offer: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Position in *offer*, and a group of it: one entry a group, both of one shape."""
        indptr, positions = self.groups.positions(offer)
        return np.repeat(np.arange(len(offer)), np.diff(indptr)), self.groups.values[positions].astype(np.int64)

    def expand_rows(self, group: NDArray[np.int64]) -> tuple[NDArray[np.int64], Rows]:
        """Position in *group*, and an offer of it: one entry an offer, both of one shape."""
        indptr, positions = self.rows.positions(group)
        return np.repeat(np.arange(len(group)), np.diff(indptr)), self.rows.values[positions]


@dataclass(frozen=True, slots=True)
class OfferGroups:
    """
    The offers of a bundle and of the policy's campaigns, put together in every way that a cooldown may name.

    An offer that has left the bundle still counts for its campaigns and for `Of.ANY`; its kind is not known.

    Attributes:
        index: Position of each offer by id: bundle rows first, then offers that only campaigns name.
        by: A grouping for each way.
        campaigns: The number of each campaign in ``by[Of.CAMPAIGN]``.
    """

    index: Mapping[str, int]
    by: Mapping[Of, Grouping]
    campaigns: Mapping[str, int]

    @classmethod
    def of(cls, offers: Vocabulary, kind: NDArray[np.int8], campaigns: Mapping[str, Campaign]) -> "OfferGroups":
        """
        Put offers together.

        Args:
            offers: Of the bundle.
            kind: Shape (n_offers,): position in ``types.OFFER_KINDS``.
            campaigns: Of the policy.
        """
        index = {one.decode(): row for row, one in enumerate(offers.encoded.tolist())}
        n_rows = len(index)
        for campaign in campaigns.values():
            for offer in campaign.offers:
                index.setdefault(offer, len(index))
        kinds = [[int(one)] for one in kind.tolist()]
        in_campaigns: list[list[int]] = [[] for _ in index]
        for number, campaign in enumerate(campaigns.values()):
            for offer in campaign.offers:
                in_campaigns[index[offer]].append(number)
        n_outside = len(index) - n_rows
        return cls(
            index,
            {
                Of.OFFER: _grouping([[at] for at in range(n_rows)] + [[]] * (n_outside + 1), n_rows, n_rows),
                Of.CAMPAIGN: _grouping([*in_campaigns, []], n_rows, len(campaigns)),
                Of.KIND: _grouping(kinds + [[]] * (n_outside + 1), n_rows, max([0, *kind.tolist()]) + 1),
                Of.ANY: _grouping([[0]] * (len(index) + 1), n_rows, 1),
            },
            {name: number for number, name in enumerate(campaigns)},
        )


def _grouping(groups: Sequence[Sequence[int]], n_rows: int, n_groups: int) -> Grouping:
    rows: list[list[int]] = [[] for _ in range(n_groups)]
    for row, its in enumerate(groups[:n_rows]):
        for group in its:
            rows[group].append(row)
    return Grouping(Ragged.of(groups), Ragged.of(rows))
