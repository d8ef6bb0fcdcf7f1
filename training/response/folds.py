"""Parts of a trial that learn and judge in turn, owners kept whole."""

import numpy as np

from training.response.trial import Numbers, Trial


def stratified_folds(trial: Trial, n_folds: int, seed: int) -> Numbers:
    """
    Shape (n,): number of the fold of each row, from 0.

    Without owners both arms, and in them rows with and without a positive outcome, are spread evenly over the folds.
    Otherwise owners are, as equal in number as can be.
    """
    rng = np.random.default_rng(seed)
    if trial.owner is not None:
        owners, number = np.unique(trial.owner, return_inverse=True)
        return _dealt(len(owners), n_folds, rng)[number]
    stratum = 2 * trial.treated.astype(np.int64) + (trial.outcome > 0)
    fold = np.empty(len(trial), dtype=np.int64)
    for one in np.unique(stratum):
        rows = np.flatnonzero(stratum == one)
        fold[rows] = _dealt(len(rows), n_folds, rng)
    return fold


def halves(trial: Trial, seed: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Shape (n,): a random half of the rows, drawn as `stratified_folds` draws two."""
    return np.asarray(stratified_folds(trial, 2, seed) == 0)


def _dealt(n: int, n_folds: int, rng: np.random.Generator) -> Numbers:
    # Beginning anywhere, so that small strata do not all put their odd row into fold 0.
    return rng.permutation((np.arange(n) + rng.integers(n_folds)) % n_folds)
