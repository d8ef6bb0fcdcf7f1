"""Purchases as each member's sequence of baskets: what models of the next basket are fitted on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.errors import InputError
from recsys.ragged import Ragged
from recsys.types import Rows


@dataclass(frozen=True, slots=True)
class Labels:
    """
    What some members bought next, to learn from or to judge by.

    Attributes:
        members: Shape (m,), distinct member rows.
        truth: Ragged (m,): distinct product rows of the basket after the histories.
    """

    members: Rows
    truth: Ragged

    def __len__(self) -> int:
        return len(self.members)

    def take(self, positions: NDArray[np.integer]) -> "Labels":
        """Some of the members, in the order of *positions*."""
        return Labels(self.members[positions], self.truth.take(positions))


@dataclass(frozen=True, slots=True)
class Baskets:
    """
    Who bought what in which of their baskets: distinct lines, sorted by member, basket, product.

    Attributes:
        member: Shape (n,), int32.
        number: Shape (n,), int32: 0 for the member's first basket, without gaps.
        product: Shape (n,), int32.
        n_members, n_products: Sizes of the vocabularies; members without a basket and unsold products count.

    Example:
        >>> when, product = np.array([9, 5, 5]), np.array([2, 1, 1])
        >>> baskets = Baskets.of(np.zeros(3, int), when, product, n_members=1, n_products=3)
        >>> baskets.number.tolist(), baskets.product.tolist(), baskets.age().tolist()
        ([0, 1], [1, 2], [1, 0])
    """

    member: Rows
    number: Rows
    product: Rows
    n_members: int
    n_products: int

    @classmethod
    def of(
        cls,
        member: NDArray[np.integer],
        when: NDArray[np.integer],
        product: NDArray[np.integer],
        *,
        n_members: int,
        n_products: int,
    ) -> "Baskets":
        """
        Lines in any order; a member's baskets are told apart and ordered by *when*.

        Raises:
            InputError: A row is outside its vocabulary.
        """
        for name, rows, size in (("member", member, n_members), ("product", product, n_products)):
            if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < size:
                raise InputError(f"a {name} row is outside 0 to {size - 1}; give rows of the vocabulary")
        order = np.lexsort((product, when, member))
        member, when, product = member[order], when[order], product[order]
        new_basket = np.ones(len(order), dtype=np.bool_)
        new_basket[1:] = (member[1:] != member[:-1]) | (when[1:] != when[:-1])
        distinct = new_basket.copy()
        distinct[1:] |= product[1:] != product[:-1]
        basket = np.cumsum(new_basket) - 1
        first = np.searchsorted(member, member)
        number = basket - basket[first] if len(basket) else basket
        columns = {"member": member, "number": number, "product": product}
        lines = {name: column[distinct].astype(np.int32) for name, column in columns.items()}
        return cls(**lines, n_members=n_members, n_products=n_products)

    def __len__(self) -> int:
        return len(self.member)

    def n_baskets(self) -> NDArray[np.int64]:
        """Shape (n_members,)."""
        counts = np.zeros(self.n_members, dtype=np.int64)
        np.maximum.at(counts, self.member, self.number.astype(np.int64) + 1)
        return counts

    def age(self) -> NDArray[np.int64]:
        """Shape (n,): baskets of the member after this one; 0 in the latest."""
        return np.asarray(self.n_baskets()[self.member] - 1 - self.number)

    def matrix(self, weight: NDArray[np.floating]) -> sparse.csr_array:
        """Shape (n_members, n_products), float32: the sum of the weights of the lines, one weight a line."""
        shape = (self.n_members, self.n_products)
        return sparse.csr_array((weight.astype(np.float32), (self.member, self.product)), shape=shape)

    def lists(self) -> Ragged:
        """Ragged (n_members,): the distinct products of each, by row."""
        keys = np.unique(self.member.astype(np.int64) * max(self.n_products, 1) + self.product)
        return _ragged(keys // max(self.n_products, 1), keys % max(self.n_products, 1), self.n_members)

    def latest(self) -> Ragged:
        """Ragged (n_members,): the products of each member's latest basket, by row."""
        last = self.age() == 0
        return _ragged(self.member[last], self.product[last], self.n_members)

    def before_latest(self) -> tuple["Baskets", Labels]:
        """The histories without each member's latest basket, and these baskets of members who had an earlier one."""
        kept = self.age() > 0
        earlier = Baskets(
            self.member[kept],
            self.number[kept],
            self.product[kept],
            n_members=self.n_members,
            n_products=self.n_products,
        )
        known = np.flatnonzero(self.n_baskets() > 1).astype(np.int32)
        return earlier, Labels(known, self.latest().take(known))


def build_baskets(dataset: Dataset) -> Baskets:
    """One basket an order; orders of one member at the same instant are one basket."""
    bought = dataset.purchases
    sizes = {"n_members": len(dataset.member_ids), "n_products": len(dataset.product_ids)}
    return Baskets.of(bought.member, bought.at, bought.product, **sizes)


def _ragged(owner: NDArray[np.integer], values: NDArray[np.integer], n_owners: int) -> Ragged:
    indptr = np.zeros(n_owners + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=n_owners), out=indptr[1:])
    return Ragged(indptr, values.astype(np.int32))
