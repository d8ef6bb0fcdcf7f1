"""Vectors from features as well as identities, so that new members and products have some; imports `lightfm`."""

from collections.abc import Sequence

import numpy as np
from lightfm import LightFM
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.catalogue import Catalogue
from recsys.errors import NotEnoughDataError
from recsys.members import Members
from recsys.scorers.factors import FactorScorer
from training.pairs import Pairs, build_pairs
from training.source_config import LightfmConfig


def fit(
    dataset: Dataset, config: LightfmConfig, rng: np.random.Generator, *, members: Members, catalogue: Catalogue
) -> FactorScorer:
    """
    Fit LightFM with the WARP loss (Kula 2015; Weston, Bengio, Usunier 2011).

    A member's vector is the sum of those of identity, tier and segment; a product's of identity, category and brand.
    Whoever has no purchase keeps the features' part only: the vector of an identity that was never trained is noise.
    Without features either there is nothing to go by, and the vector is NaN: zero would rank before what is disliked.
    One thread, because LightFM's several threads race and give another model each time.

    Raises:
        NotEnoughDataError: There is no purchase, or the vectors are not finite.
    """
    pairs = _sample(build_pairs(dataset, half_life_days=1.0), config.max_pairs, rng)
    if not len(pairs):
        raise NotEnoughDataError("LightFM needs purchases before the cut-off and found none; ingest more history")
    member_features = _features(len(members), [members.tier, members.segment])
    product_features = _features(len(catalogue), [catalogue.category, catalogue.brand])
    shape = (len(members), len(catalogue))
    bought = sparse.coo_matrix((np.ones(len(pairs), dtype=np.float32), (pairs.member, pairs.product)), shape=shape)
    model = LightFM(
        no_components=config.factors,
        loss="warp",
        learning_rate=config.learning_rate,
        random_state=int(rng.integers(2**31)),
    )
    try:
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is found and raised after the epoch
            model.fit(
                bought,
                user_features=member_features,
                item_features=product_features,
                epochs=config.epochs,
                num_threads=1,
            )
    except ValueError as error:
        raise NotEnoughDataError(
            f"LightFM found no finite vectors in {config.epochs} epochs at learning rate {config.learning_rate:g} on "
            f"{len(pairs)} pairs of member and product ({str(error).split('.')[0]}); "
            "lower lightfm.learning_rate or switch lightfm off"
        ) from error
    known_members = _without_strangers(member_features, pairs.member)
    known_products = _without_strangers(product_features, pairs.product)
    _, member_vectors = model.get_user_representations(known_members)
    bias, product_vectors = model.get_item_representations(known_products)
    member_vectors[known_members.getnnz(axis=1) == 0] = np.nan
    product_vectors[known_products.getnnz(axis=1) == 0] = np.nan
    return FactorScorer(member_vectors.astype(np.float32), product_vectors.astype(np.float32), bias.astype(np.float32))


def _features(n_rows: int, codes: Sequence[NDArray[np.integer]]) -> sparse.csr_matrix:
    """Shape (n_rows, n_rows + all codes): one column an identity, then one a value of each column of codes."""
    rows, columns, width = [np.arange(n_rows)], [np.arange(n_rows)], n_rows
    for code in codes:
        known = np.flatnonzero(code >= 0)
        rows.append(known)
        columns.append(width + code[known].astype(np.int64))
        width += int(code.max(initial=-1)) + 1
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((np.ones(len(row), dtype=np.float32), (row, column)), shape=(n_rows, width))


def _without_strangers(features: sparse.csr_matrix, trained: NDArray[np.int32]) -> sparse.csr_matrix:
    n_rows = features.shape[0]
    stranger = np.ones(n_rows, dtype=np.bool_)
    stranger[trained] = False
    entries = features.tocoo()
    keep = (entries.col >= n_rows) | ~stranger[entries.row]
    return sparse.csr_matrix((entries.data[keep], (entries.row[keep], entries.col[keep])), shape=features.shape)


def _sample(pairs: Pairs, max_pairs: int, rng: np.random.Generator) -> Pairs:
    if len(pairs) <= max_pairs:
        return pairs
    kept = np.sort(rng.choice(len(pairs), max_pairs, replace=False))
    return pairs.take(kept)
