"""Maximum likelihood of positive parameters: the search, how it went, and how sure the parameters are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from features.lifetime.stored import STRICT
from features.lifetime.summary import Figures
from recsys.errors import NotEnoughDataError

LogLikelihood = Callable[[Figures], tuple[float, Figures]]
"""Of positive parameters: the log-likelihood, and its gradient in them."""

Covariance = tuple[tuple[float, ...], ...]

MIN_REPEATERS = 20
"""Members with a repeat that a fit asks for at least: four parameters cannot be had from fewer."""

_STEP = 1e-4
_TOLERANCE = 1e-5
_TOLERANCE_OF_ALL = 0.1
"""Of the summed log-likelihood's slope: less than chance moves it. On a ridge of few members, rounding stops there."""
_BOUND = 12.0


@dataclass(frozen=True, slots=True)
class FitFacts:
    """
    How a fit went.

    Attributes:
        log_likelihood: At the parameters, without the penalty.
        n_members, n_repeaters: Whom it learnt from.
        n_evaluations: Of the log-likelihood.
        gradient: Largest slope of the mean log-likelihood in the logarithm of a parameter; near 0 at a maximum.
        covariance: Shape (p, p) as rows: of the logarithms of the parameters, the inverse of the negative Hessian. None
            where the maximum is flat or on the edge of what is searched, so that no standard error can be stated.
    """

    __pydantic_config__ = STRICT

    log_likelihood: float
    n_members: int
    n_repeaters: int
    n_evaluations: int
    gradient: float
    covariance: Covariance | None

    def log_covariance(self) -> Figures:
        """
        Shape (p, p): `covariance` as an array.

        Raises:
            NotEnoughDataError: There is none.
        """
        if self.covariance is None:
            raise NotEnoughDataError(
                "the parameters are not identified: their likelihood is flat or highest on the edge, so that they have "
                "no standard errors; fit with a penalty, such as 0.001, or on more members"
            )
        return np.array(self.covariance)

    def standard_errors(self, values: Figures) -> Figures:
        """
        Of the parameters themselves, by the delta method: value x standard error of its logarithm.

        Raises:
            NotEnoughDataError: See `log_covariance`.
        """
        return np.asarray(values * np.sqrt(np.diag(self.log_covariance())))


@dataclass(frozen=True, slots=True)
class Maximum:
    """The best parameters and the facts of the search, before they are given their names."""

    values: Figures
    log_likelihood: float
    n_evaluations: int
    gradient: float
    covariance: Covariance | None


def maximise(
    log_likelihood: LogLikelihood, starts: Sequence[Sequence[float]], *, n_members: float, penalty: float, what: str
) -> Maximum:
    """
    Find the parameters of the highest mean log-likelihood - penalty x sum of squared logarithms (an L2 penalty).

    L-BFGS-B over the logarithms from each start; the best end counts.

    Args:
        log_likelihood: Summed over members. Times should be scaled so that parameters are near 1.
        starts: Positive parameters to begin with.
        n_members: What the sum is divided by.
        penalty: At least 0.
        what: The model, for the message.

    Raises:
        NotEnoughDataError: No start ended where the slope is zero.
    """
    n_evaluations = 0

    def loss(logs: Figures) -> tuple[float, Figures]:
        nonlocal n_evaluations
        n_evaluations += 1
        values = np.exp(logs)
        total, slope = log_likelihood(values)
        return penalty * float(logs @ logs) - total / n_members, 2 * penalty * logs - slope * values / n_members

    bounds = [(-_BOUND, _BOUND)] * len(starts[0])
    options = {"maxiter": 1_000, "maxfun": 2_000, "ftol": 1e-15, "gtol": _TOLERANCE / 100, "maxcor": 20}
    ends = [
        minimize(loss, np.log(np.asarray(start)), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for start in starts
    ]
    best = min(ends, key=lambda end: float(end.fun) if np.isfinite(end.fun) else np.inf)
    logs = np.asarray(best.x, dtype=np.float64)
    value, slope = loss(logs)
    inside = np.abs(logs) < _BOUND - _STEP
    steepest = float(np.abs(slope[inside]).max(initial=0.0))
    allowed = max(_TOLERANCE, _TOLERANCE_OF_ALL / n_members)
    if not np.isfinite(value) or steepest > allowed:
        raise NotEnoughDataError(
            f"the fit of {what} did not converge: the slope of the mean log-likelihood is {steepest:.1e}, at most "
            f"{allowed:.0e} is allowed; give more members or a penalty, such as 0.001 (now {penalty})"
        )
    return Maximum(
        values=np.exp(logs),
        log_likelihood=float((penalty * (logs @ logs) - value) * n_members),
        n_evaluations=n_evaluations,
        gradient=steepest,
        covariance=_covariance(loss, logs, n_members) if inside.all() else None,
    )


def _covariance(loss: LogLikelihood, logs: Figures, n_members: float) -> Covariance | None:
    """Inverse Hessian, by central differences of the analytic gradient."""
    steps = np.eye(len(logs)) * _STEP
    hessian = np.stack([(loss(logs + step)[1] - loss(logs - step)[1]) / (2 * _STEP) for step in steps])
    hessian = (hessian + hessian.T) * (n_members / 2)
    curvatures = np.linalg.eigvalsh(hessian)
    if curvatures[0] <= curvatures[-1] * 1e-10:
        return None
    return tuple(map(tuple, np.linalg.inv(hessian).tolist()))
