"""Public folders of who bought what, without time: what is known of each member, and what is to be foretold."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from experiments.benchmarks.sequence_cases import read_columns
from recsys.errors import NotEnoughDataError, SourceError
from recsys.ragged import Ragged
from training.baskets import Labels

_COLUMNS = ("user_id", "item_id", "role")
_ROLES = ("train", "test")


@dataclass(frozen=True, slots=True)
class CollaborativeSet:
    """
    A folder.

    Members and products are numbered by id, so that the rule of all scorers, equal scores by product row, is here: by
    id. Products that only the test holds are candidates too, though nothing is known of them.

    Attributes:
        train: Shape (n_members, n_products), CSR float32 of ones.
        test: Members with a purchase in train and another product in test, and those products.
        n_strangers: Members of the test without a purchase in train: nobody can be told from anybody, so they are
            not judged.
    """

    train: sparse.csr_array
    test: Labels
    n_strangers: int

    def known(self) -> Ragged:
        """Ragged (n_members,): the products of each member in train, by row."""
        return Ragged(self.train.indptr.astype(np.int64), self.train.indices.astype(np.int32))


def read_collaborative_set(folder: Path) -> CollaborativeSet:
    """
    Read ``interactions.parquet``: ``user_id``, ``item_id``, ``role`` (train or test), a row a purchase, in any order.

    Equal rows count once, and a test row whose product the member has in train counts as known, not as truth.

    Raises:
        SourceError: The file or a column is missing, has empty cells, or a role is another.
        NotEnoughDataError: Nothing has the role train, or no member has both train and a new product in test.
    """
    path = folder / "interactions.parquet"
    lines = read_columns(path, _COLUMNS).with_columns(pl.col("role").cast(pl.String))
    others = sorted(set(lines["role"].unique().to_list()) - set(_ROLES))
    if others:
        raise SourceError(f"{path} has the roles {', '.join(others)}; use {', '.join(_ROLES)}")
    member_ids, member = np.unique(lines["user_id"].to_numpy(), return_inverse=True)
    product_ids, product = np.unique(lines["item_id"].to_numpy(), return_inverse=True)
    shape = (len(member_ids), len(product_ids))
    is_test = (lines["role"] == "test").to_numpy()
    train = _ones(member[~is_test], product[~is_test], shape)
    asked = _ones(member[is_test], product[is_test], shape)
    if not train.nnz:
        raise NotEnoughDataError(f"{path}: no row has the role train; there is nothing to learn from")
    new = sparse.csr_array(asked - asked.multiply(train))
    new.eliminate_zeros()
    new.sort_indices()
    known, expects = (np.diff(matrix.indptr) > 0 for matrix in (train, new))
    judged = np.flatnonzero(known & expects).astype(np.int32)
    if not len(judged):
        raise NotEnoughDataError(f"{path}: no member has both a row in train and another product in test")
    truth = Ragged(new.indptr.astype(np.int64), new.indices.astype(np.int32)).take(judged)
    return CollaborativeSet(train, Labels(judged, truth), int((expects & ~known).sum()))


def _ones(member: NDArray[np.integer], product: NDArray[np.integer], shape: tuple[int, int]) -> sparse.csr_array:
    """CSR float32, columns ascending; a pair that occurs twice counts once."""
    matrix = sparse.csr_array((np.ones(len(member), dtype=np.float32), (member, product)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
