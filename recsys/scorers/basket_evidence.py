"""What basket histories say about a member and a product: the facts that the next-basket scorer weighs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.ragged import Ragged
from recsys.scorers.topk import top_k_sparse
from recsys.types import KeepMask, Rows

OWN = ("count", "slow", "fast", "latest_age", "first_age")
"""Own history with the product: baskets that held it, faded slowly and fast, and age of the latest and the first."""
DERIVED = ("rate",)
"""Count over the member's baskets."""
REACHED = ("followed", "follows", "together", "alike")
"""What the product graphs lead to: the basket after the latest, after the faded history, the same one, same members."""

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BasketEvidence:
    """
    Histories as arrays.

    Attributes:
        own: Ragged (n_members,): distinct products of each, ascending.
        own_facts: Shape (total of own, 5), float32: the columns of `OWN`, ages in baskets, 0 for the latest.
        latest: Shape (n_members, n_products), CSR float32: the latest basket, each product 1 / its size.
        faded: Same shape: the history, each basket fading with its age.
        following: Shape (n_products, n_products), CSR float32: what is bought in the basket after product p.
        together: Same shape: what is bought in the same basket.
        alike: Same shape: what is bought by the same members.
        product_facts: Shape (n_products, d), float32.
        member_facts: Shape (n_members, e), float32; column 0 is the number of baskets.
        popular: Shape (p,): products of many latest baskets, best first.
        n_reached: Candidates that the product graphs add to a member.
    """

    own: Ragged
    own_facts: Features
    latest: sparse.csr_array
    faded: sparse.csr_array
    following: sparse.csr_array
    together: sparse.csr_array
    alike: sparse.csr_array
    product_facts: Features
    member_facts: Features
    popular: Rows
    n_reached: int

    @property
    def n_features(self) -> int:
        """Columns of what `candidates` gives."""
        return len(OWN + DERIVED + REACHED) + int(self.product_facts.shape[1]) + int(self.member_facts.shape[1])

    def candidates(
        self, members: Rows, *, keep: KeepMask, without: Ragged | None = None
    ) -> tuple[NDArray[np.int64], Rows, Features]:
        """
        The products that come into question for each member, with what speaks for and against them.

        Own products, best sellers of latest baskets, and what the product graphs lead to.

        Returns:
            Position in *members*, ascending; product rows, ascending within a member; features, a row each, no NaN.
        """
        n_products = len(keep)
        followed = sparse.csr_array(self.latest[members] @ self.following)
        follows = sparse.csr_array(self.faded[members] @ self.following)
        together = sparse.csr_array(self.faded[members] @ self.together)
        alike = sparse.csr_array(self.faded[members] @ self.alike)
        reached, _ = top_k_sparse(sparse.csr_array(followed + follows + alike), self.n_reached)
        known = np.flatnonzero(self.own.lengths()[members] > 0)
        indptr, positions = self.own.positions(members)
        line, place = np.nonzero(reached >= 0)
        keys = np.unique(
            np.concatenate(
                [
                    np.repeat(np.arange(len(members)), np.diff(indptr)) * n_products + self.own.values[positions],
                    (known[:, None] * n_products + self.popular).ravel(),
                    line * n_products + reached[line, place],
                ]
            )
        )
        keys = keys[keep[keys % n_products]]
        if without is not None:
            keys = keys[~np.isin(keys, without.owners() * n_products + without.values)]
        owner, product = keys // n_products, (keys % n_products).astype(np.int32)
        graphs = [_entries(matrix, keys) for matrix in (followed, follows, together, alike)]
        return owner, product, self._features(members[owner], product, graphs)

    def _features(self, member: Rows, product: Rows, graphs: list[Features]) -> Features:
        features = np.empty((len(member), self.n_features), dtype=np.float32)
        own = self._own(member, product)
        n_baskets = self.member_facts[member, 0]
        never = own[:, 0] == 0
        # Never bought is older than all that was bought.
        own[never, 3] = own[never, 4] = n_baskets[never]
        width = len(OWN)
        features[:, :width] = own
        features[:, width] = own[:, 0] / np.maximum(n_baskets, 1)
        width += len(DERIVED)
        for column, graph in enumerate(graphs):
            features[:, width + column] = graph
        width += len(REACHED)
        middle = width + self.product_facts.shape[1]
        features[:, width:middle] = self.product_facts[product]
        features[:, middle:] = self.member_facts[member]
        return features

    def _own(self, member: Rows, product: Rows) -> Features:
        n_products = len(self.product_facts)
        held = self.own.owners() * n_products + self.own.values
        place, found = _find(held, member.astype(np.int64) * n_products + product)
        own = np.zeros((len(member), len(OWN)), dtype=np.float32)
        own[found] = self.own_facts[place[found]]
        return own


def _entries(matrix: sparse.csr_array, keys: NDArray[np.int64]) -> Features:
    """Shape (c,): the entries at row-major positions, 0 where none is stored."""
    matrix.sort_indices()
    stored = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * matrix.shape[1] + matrix.indices
    place, found = _find(stored, keys)
    values = np.zeros(len(keys), dtype=np.float32)
    values[found] = matrix.data[place[found]]
    return values


def _find(held: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each wanted key is among the ascending held ones, and whether it is."""
    place = np.searchsorted(held, wanted)
    found = place < len(held)
    found[found] = held[place[found]] == wanted[found]
    return place, found
