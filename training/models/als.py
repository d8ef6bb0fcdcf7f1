"""Implicit matrix factorisation; the only file that imports `implicit`."""

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types
from implicit.cpu.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from recsys.errors import NotEnoughDataError
from recsys.scorers.factors import FactorScorer
from training.pairs import build_pairs
from training.source_config import AlsConfig


def fit(dataset: Dataset, config: AlsConfig, rng: np.random.Generator) -> FactorScorer:
    """
    Factorise who bought what (Hu, Koren, Volinsky 2008, eq. 3).

    The confidence of a pair is 1 + alpha x log(1 + strength). `implicit` takes the confidence itself and with its
    default alpha of 1 and binary input treats a purchase like its absence, so the confidence is built here and its
    alpha stays 1. Members and products without a purchase have vectors of NaN: they cannot be ranked.

    Raises:
        NotEnoughDataError: There is no purchase, or the solver finds no finite solution.
    """
    pairs = build_pairs(dataset, config.half_life_days)
    if not len(pairs):
        raise NotEnoughDataError("ALS needs purchases before the cut-off and found none; ingest more history")
    shape = (len(dataset.member_ids), len(dataset.product_ids))
    confidence = (1.0 + config.alpha * np.log1p(pairs.strength)).astype(np.float32)
    matrix = sparse.csr_matrix((confidence, (pairs.member, pairs.product)), shape=shape)
    # BLAS threads inside OpenMP threads slow each other down; the factors are the same for any number of threads.
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=config.factors,
            regularization=config.regularization,
            alpha=1.0,
            iterations=config.iterations,
            random_state=int(rng.integers(2**31)),
        )
        try:
            model.fit(matrix, show_progress=False)
        except ModelFitError as error:
            raise NotEnoughDataError(
                f"ALS found no finite solution with {config.factors} factors on {len(pairs)} pairs of member and "
                "product; lower als.alpha or als.factors, raise als.regularization, or switch als off"
            ) from error
    return FactorScorer(
        members=_known(model.user_factors, pairs.member),
        products=_known(model.item_factors, pairs.product),
        bias=np.zeros(shape[1], dtype=np.float32),
    )


def _known(factors: NDArray[np.float32], rows: NDArray[np.int32]) -> NDArray[np.float32]:
    # A row a pair would be copied otherwise: of fifty million pairs thirteen gigabytes.
    bought = np.zeros(len(factors), dtype=np.bool_)
    bought[rows] = True
    known: NDArray[np.float32] = np.where(bought[:, None], factors, np.float32(np.nan))
    return known
