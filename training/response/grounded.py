"""Effects learnt from randomised and other contacts together, the others trusted as far as the randomised agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from training.response.trial import Floats

_STEPS = 30
_STILL = 1e-3
_STATED_LEVELS = 1.0


@dataclass(frozen=True, slots=True)
class Block:
    """
    Columns whose coefficients are alike before anything is measured.

    Attributes:
        name: Of what they say.
        size: How many.
        sd: Stated standard deviation of their coefficients.
        mean: Stated mean of them.
        known: The standard deviation is not estimated.
    """

    name: str
    size: int
    sd: float
    mean: float = 0.0
    known: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    All that rows say of linear coefficients, in sums that can be added to week by week.

    Attributes:
        gram: Shape (k, k).
        pull: Shape (k,).
        rows: How many were taken in.
    """

    gram: Floats
    pull: Floats
    rows: int

    @classmethod
    def none(cls, n_columns: int) -> "Evidence":
        """Nothing yet."""
        return cls(np.zeros((n_columns, n_columns)), np.zeros(n_columns), 0)

    def with_rows(self, columns: Floats, left: Floats, variance: Floats) -> "Evidence":
        """
        Take in rows.

        Args:
            columns: Shape (n, k).
            left: Shape (n,): the outcome less what was foretold without the offer.
            variance: Shape (n,), above 0: of the outcome.
        """
        # Single precision halves the cost of the largest sums; they are added up in double.
        scaled = (columns / np.sqrt(variance)[:, None]).astype(np.float32)
        gram = (scaled.T @ scaled).astype(np.float64)
        pull = (columns / variance[:, None]).T @ left
        return Evidence(self.gram + gram, self.pull + pull, self.rows + len(left))

    def plus(self, other: "Evidence") -> "Evidence":
        """Both together."""
        return Evidence(self.gram + other.gram, self.pull + other.pull, self.rows + other.rows)


@dataclass(frozen=True, slots=True)
class GroundedEffect:
    """
    Coefficients given the evidence, jointly normal.

    Attributes:
        mean: Shape (k,).
        covariance: Shape (k, k).
        sd: Standard deviation of each block's coefficients, as estimated.
    """

    mean: Floats
    covariance: Floats
    sd: tuple[float, ...]

    def effect(self, columns: Floats) -> Floats:
        """Shape (n,): by the first columns, as many as are given."""
        return np.asarray(columns @ self.mean[: columns.shape[1]])

    def effect_sd(self, columns: Floats) -> Floats:
        """Shape (n,): standard deviation of the same."""
        k = columns.shape[1]
        return np.asarray(np.sqrt(np.einsum("nk,nk->n", columns @ self.covariance[:k, :k], columns)))


def fit_grounded(evidence: Evidence, blocks: tuple[Block, ...]) -> GroundedEffect:
    """
    Estimate coefficients and how much each block of them varies.

    Rows of contacts that nobody drew count besides drawn ones, with columns of their own for how they may be biased
    (experimental grounding, Kallus, Puli and Shalit 2018): the randomised rows say what the bias is, and where it
    turns out small, its block's standard deviation becomes small and the other rows count nearly as much. Scales are
    the fixed point of MacKay (1992) with one level at the stated scale added, as in `recsys.offers.prior.mixed`.

    Args:
        evidence: Of all columns.
        blocks: What they are, in their order.
    """
    owner = np.repeat(np.arange(len(blocks)), [block.size for block in blocks])
    centre = np.array([block.mean for block in blocks])[owner]
    stated = np.array([block.sd**2 for block in blocks])
    variance = stated.copy()
    found = _solved(evidence, centre, variance[owner])
    for _ in range(_STEPS):
        before = variance.copy()
        for number, block in enumerate(blocks):
            if block.known:
                continue
            own = owner == number
            away, spread = found[0][own] - centre[own], np.diag(found[1])[own]
            levels = float(np.clip(1 - spread / variance[number], 0, 1).sum())
            variance[number] = (_STATED_LEVELS * stated[number] + float(away @ away)) / (_STATED_LEVELS + levels)
        found = _solved(evidence, centre, variance[owner])
        if float(np.max(np.abs(np.log(variance / before)))) < _STILL:
            break
    return GroundedEffect(found[0], found[1], tuple(np.sqrt(variance).tolist()))


def _solved(evidence: Evidence, centre: Floats, variance: Floats) -> tuple[Floats, NDArray[np.float64]]:
    lower = cho_factor(evidence.gram + np.diag(1.0 / variance), lower=True)
    covariance = cho_solve(lower, np.eye(len(centre)))
    return centre + covariance @ (evidence.pull - evidence.gram @ centre), covariance
