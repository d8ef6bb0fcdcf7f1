"""Public next-product folders as cases: histories in order, attributes, and each member's purchase to be foretold."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import NotEnoughDataError, SourceError
from recsys.ragged import Ragged
from training.baskets import Baskets, Labels

_ROLES = {"train": 0, "valid": 1, "test": 2}


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """
    A folder.

    Products are numbered by id, so that the rule of all scorers, equal scores by product row, is here: by id.

    Attributes:
        train: Ragged (n_members,): the purchases of the role train, oldest first.
        known: The same with those of the role valid: all that comes before the test.
        attributes: Shape (n_products, n_attributes), CSR float32 of ones; an empty row where nothing is known.
        validation: Members with a history in train, and what they bought in valid; perhaps nobody.
        test: Members with a history before the test, and what they bought in it.
    """

    train: Ragged
    known: Ragged
    attributes: sparse.csr_array
    validation: Labels
    test: Labels


def read_sequence_set(folder: Path) -> SequenceSet:
    """
    Read ``sequences.parquet`` (``user_id``, ``position``, ``item_id``, ``role``) and ``item_attributes.parquet``.

    Roles are train, valid and test; the attributes are rows of ``item_id`` and ``attribute_id``. Products with
    attributes and without purchases are candidates too.

    Raises:
        SourceError: A file or column is missing, or a role is another.
        NotEnoughDataError: No member has both a purchase in the test and one before it, or nothing is in train.
    """
    lines = read_columns(folder / "sequences.parquet", ("user_id", "position", "item_id", "role"))
    lines = lines.with_columns(pl.col("role").cast(pl.String)).sort("user_id", "position", "item_id")
    others = sorted(set(lines["role"].unique().to_list()) - set(_ROLES))
    if others:
        raise SourceError(f"{folder / 'sequences.parquet'} has the roles {', '.join(others)}; use {', '.join(_ROLES)}")
    pairs = read_columns(folder / "item_attributes.parquet", ("item_id", "attribute_id"))
    member_ids, member = np.unique(lines["user_id"].to_numpy(), return_inverse=True)
    product_ids = np.unique(np.concatenate([lines["item_id"].to_numpy(), pairs["item_id"].to_numpy()]))
    product = np.searchsorted(product_ids, lines["item_id"].to_numpy())
    role = lines["role"].replace_strict(_ROLES, return_dtype=pl.Int8).to_numpy()
    train, known, valid, asked = (
        _histories(member[part], product[part], len(member_ids))
        for part in (role == 0, role <= 1, role == 1, role == 2)
    )
    if not len(train.values):
        raise NotEnoughDataError(f"{folder}: no purchase has the role train; there is nothing to learn from")
    test = _judged(known, asked)
    if not len(test):
        raise NotEnoughDataError(f"{folder}: no member has both a purchase in the test and one before it")
    return SequenceSet(train, known, _attributes(pairs, product_ids), _judged(train, valid), test)


def as_baskets(histories: Ragged, n_products: int) -> Baskets:
    """Each purchase a basket of its own, as the peers know histories."""
    place = np.arange(len(histories.values))
    return Baskets.of(histories.owners(), place, histories.values, n_members=len(histories), n_products=n_products)


def read_columns(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """
    Columns of a Parquet file, without empty cells.

    Raises:
        SourceError: The file cannot be read, a column is missing, or a cell of it is empty.
    """
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{path} cannot be read: {error}; the folder needs it as Parquet") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise SourceError(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns)}")
    empty = [name for name in columns if frame[name].null_count()]
    if empty:
        raise SourceError(f"{path} has rows without {', '.join(empty)}; remove or complete them")
    return frame.select(columns)


def _histories(member: NDArray[np.int64], product: NDArray[np.int64], n_members: int) -> Ragged:
    indptr = np.concatenate([[0], np.cumsum(np.bincount(member, minlength=n_members))])
    return Ragged(indptr, product.astype(np.int32))


def _judged(histories: Ragged, truth: Ragged) -> Labels:
    """Who has both, and the distinct products of the truth."""
    members = np.flatnonzero((histories.lengths() > 0) & (truth.lengths() > 0)).astype(np.int32)
    return Labels(members, Ragged.of([sorted(set(products)) for products in truth.take(members).lists()]))


def _attributes(pairs: pl.DataFrame, product_ids: NDArray[np.int64]) -> sparse.csr_array:
    row = np.searchsorted(product_ids, pairs["item_id"].to_numpy())
    attribute_ids, column = np.unique(pairs["attribute_id"].to_numpy(), return_inverse=True)
    shape = (len(product_ids), len(attribute_ids))
    attributes = sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (row, column)), shape=shape)
    attributes.data[:] = 1  # a pair that is given twice is given once
    return attributes
