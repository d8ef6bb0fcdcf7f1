"""Products by what they are: attributes mapped into the space of collaborative factors, so that new products rank."""

import numpy as np
from scipy import sparse

from features.dataset import Dataset
from recsys.scorers.factors import FactorScorer
from recsys.types import KeepMask
from training.attributes import build_attributes
from training.models.attribute_map import attribute_space, ridge_map
from training.models.item_graph import scaled
from training.pairs import build_pairs
from training.source_config import ContentConfig


def fit(dataset: Dataset, config: ContentConfig, factors: FactorScorer) -> FactorScorer:
    """
    The factors of a product lean on what its attributes say: n / (n + n0) own + n0 / (n + n0) mapped, with n buyers.

    The map is a ridge regression (Hoerl and Kennard 1970) from the TF-IDF space of attributes into the factors of sold
    products, each counting as much as its own factors do in the mixture (Gantner et al. 2010 map attributes to factors;
    the weights are those of a normal posterior whose prior has the precision of n0 buyers). Members keep theirs.

    A product without attributes keeps its own factors; if it was never sold either, it is not ranked (NaN).

    Args:
        dataset: Whose products.
        config: n0, ridge and how many attributes count.
        factors: Of the same members and products; NaN for products that were never sold.
    """
    n_products = len(factors.products)
    sold: KeepMask = np.asarray(np.isfinite(factors.products).all(axis=1))
    attributes = build_attributes(dataset, config.max_attributes)
    if not sold.any() or not attributes.shape[1]:
        return factors
    buyers = np.bincount(build_pairs(dataset, half_life_days=1.0).product, minlength=n_products)
    own = np.where(sold, buyers / (buyers + config.prior_buyers), 0.0).astype(np.float32)
    space = attribute_space(attributes, sold)
    known = np.where(sold[:, None], factors.products, 0.0).astype(np.float32)
    weight = np.sqrt(own)
    weighted = sparse.csr_array(known.T * weight)
    to_factors = ridge_map(weighted, scaled(space, rows=weight), sold, ridge=config.ridge)
    described = np.diff(space.indptr) > 0
    mapped = (space @ to_factors.T).astype(np.float32)
    share = np.where(described, own, 1.0).astype(np.float32)[:, None]
    mixed = share * known + (1 - share) * mapped
    mixed[~(sold | described)] = np.nan
    return FactorScorer(factors.members, np.ascontiguousarray(mixed, dtype=np.float32), factors.bias)
