"""General recommenders of other libraries on basket histories, repeats allowed, with one thread."""

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from lightfm import LightFM
from numpy.typing import NDArray
from scipy import sparse

from recsys.scorers.factors import FactorScorer
from training.baskets import Baskets

_FACTORS = 64
_ALPHA = 10.0


def fit_als(
    baskets: Baskets, *, seed: int, factors: int = _FACTORS, alpha: float = _ALPHA, regularization: float = 0.05
) -> FactorScorer:
    """`implicit` ALS; confidence 1 + alpha x number of baskets, 15 iterations."""
    counts = _counts(baskets)
    counts.data = (1 + alpha * counts.data).astype(np.float32)
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=1.0, iterations=15, num_threads=1, random_state=seed
    )
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        model.fit(counts, show_progress=False)
    return _scorer(baskets, model.user_factors, model.item_factors, np.zeros(baskets.n_products, dtype=np.float32))


def fit_bpr(baskets: Baskets, *, seed: int, learning_rate: float) -> FactorScorer:
    """`implicit` BPR; 64 factors, 100 epochs."""
    model = BayesianPersonalizedRanking(
        factors=_FACTORS, learning_rate=learning_rate, iterations=100, num_threads=1, random_state=seed
    )
    model.fit(_counts(baskets), show_progress=False)
    return _scorer(baskets, model.user_factors, model.item_factors, np.zeros(baskets.n_products, dtype=np.float32))


def fit_lightfm(baskets: Baskets, *, seed: int) -> FactorScorer:
    """LightFM with the WARP loss; 64 factors, 15 epochs."""
    model = LightFM(no_components=_FACTORS, loss="warp", random_state=seed)
    model.fit(_counts(baskets).tocoo(), epochs=15, num_threads=1)
    _, members = model.get_user_representations()
    bias, products = model.get_item_representations()
    return _scorer(baskets, members, products, bias)


def _counts(baskets: Baskets) -> sparse.csr_matrix:
    return sparse.csr_matrix(baskets.matrix(np.ones(len(baskets))))


def _scorer(
    baskets: Baskets, members: NDArray[np.float32], products: NDArray[np.float32], bias: NDArray[np.float32]
) -> FactorScorer:
    known = baskets.n_baskets() > 0
    vectors = np.where(known[:, None], members, np.float32(np.nan)).astype(np.float32)
    return FactorScorer(vectors, products.astype(np.float32), bias.astype(np.float32))
