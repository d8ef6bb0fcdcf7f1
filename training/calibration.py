"""The three chances that meet money, held against what happened, and corrected where that helps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset, LeftOut, Purchases, read_truth
from features.offers import build_offers
from features.products import build_catalogue
from features.profile.config import ProfileConfig
from features.workspace import Workspace
from recsys.knowledge import Response
from recsys.members import Members
from recsys.offers.definitions import OfferDefinitions
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from training.affinity import orders_in_scope, scope_affinity, scope_matrix
from training.calibrate import UNCHANGED, Curve, Outcomes, Reliability, fit_curve, improves, reliability
from training.exposures import read_outcomes
from training.leaks import read_before
from training.reranker_config import CalibrationConfig
from training.response.cells import cell_rows, fit_redemption, offer_traits
from training.response_config import ResponseConfig

_DEFAULT = ProfileConfig()
ORDER, SCOPE, REDEEM = "order", "scope", "redeem"
CHANCES = {
    ORDER: "a member orders within the horizon",
    SCOPE: "an order holds a product that an offer is valid for",
    REDEEM: "an offer is redeemed, given an order within the horizon",
}
"""What `recsys.offers.economics` multiplies with money, by name."""

NO_OUTCOME = "no outcome on the validation window"


@dataclass(frozen=True, slots=True)
class Correction:
    """
    What became of one chance.

    Attributes:
        curve: What is applied in the bundle; absent where the chance is used as it is.
        reason: Why.
        n_outcomes: On the validation window.
    """

    curve: Curve | None
    reason: str
    n_outcomes: int


@dataclass(frozen=True, slots=True)
class Checked:
    """One chance on the test window: as predicted, and as corrected where there is a correction."""

    before: Reliability
    after: Reliability


def money_outcomes(
    workspace: Workspace,
    dataset: Dataset,
    members: Members,
    config: ResponseConfig,
    *,
    stop: EpochSeconds,
    left_out: LeftOut | None,
    profile: ProfileConfig = _DEFAULT,
) -> dict[str, Outcomes]:
    """
    Each chance as of the dataset's cut-off, and what happened from there on.

    Orders and what they hold: within the horizon of `ResponseConfig`, over all members and over all orders of members
    and offers with a scope. Redemptions: exposures whose horizon ended in (cut-off, stop], so that none of them taught
    the chance it is held against; without such exposures there are no outcomes.

    Args:
        workspace: Whose facts.
        dataset: What the chances were learnt from.
        members: Of the same cut-off.
        config: The horizon, and how redemptions are learnt.
        stop: The end of the window; nothing later is looked at. Where the horizon ends after it there are no outcomes
            of orders and scopes.
        left_out: As `Dataset.read` takes it.
        profile: Says what a stage is.

    Raises:
        LeakError: What is taken for what happened is not strictly before *stop*.
    """
    offers = build_offers(dataset)
    ends = dataset.cut_off + round(config.horizon_days * SECONDS_PER_DAY)
    found: dict[str, Outcomes] = {}
    if ends <= stop:
        truth = read_truth(workspace, dataset.member_ids, dataset.product_ids, dataset.cut_off, ends)
        found[ORDER] = _orders(members, truth, config.horizon_days)
        if offers.scope.lengths().any():
            found[SCOPE] = _scopes(dataset, offers, truth)
    if dataset.redemptions.height:
        later = read_before(workspace, stop, left_out=left_out)
        found[REDEEM] = _redemptions(dataset, offers, config, later=later, profile=profile)
    return {name: outcomes for name, outcomes in found.items() if len(outcomes)}


def choose_corrections(
    outcomes: Mapping[str, Outcomes], config: CalibrationConfig, *, seed: int
) -> dict[str, Correction]:
    """The curve of each chance that a curve improves on the validation window, owners it was not fitted on deciding."""
    chosen = {}
    for name, found in outcomes.items():
        n = round(found.n_trials)
        if n < config.min_outcomes:
            chosen[name] = Correction(None, f"{n} outcomes are fewer than {config.min_outcomes}", n)
        elif improves(found, seed=seed):
            chosen[name] = Correction(fit_curve(found), "a lower Brier score on members it was not fitted on", n)
        else:
            chosen[name] = Correction(None, "no lower Brier score on members it was not fitted on", n)
    return chosen


def check_corrections(
    outcomes: Mapping[str, Outcomes], corrections: Mapping[str, Correction], config: CalibrationConfig
) -> dict[str, Checked]:
    """How far each chance is from what happened on the test window, before and after."""
    checked = {}
    for name, found in outcomes.items():
        curve = corrections[name].curve if name in corrections else None
        after = (curve or UNCHANGED).correct(found.predicted)
        checked[name] = Checked(
            reliability(found.predicted, found, config.n_bins), reliability(after, found, config.n_bins)
        )
    return checked


def calibration_facts(corrections: Mapping[str, Correction], checked: Mapping[str, Checked]) -> dict[str, Any]:
    """JSON-able, by chance: whether and why it is corrected, the knots, and the bins of the test window."""
    facts: dict[str, Any] = {}
    for name in CHANCES:
        if name not in corrections and name not in checked:
            continue
        one = corrections.get(name, Correction(None, NO_OUTCOME, 0))
        facts[name] = {
            "of": CHANCES[name],
            "applied": one.curve is not None,
            "reason": one.reason,
            "n_outcomes": one.n_outcomes,
            "knots": [] if one.curve is None else np.stack([one.curve.predicted, one.curve.chance], axis=1).tolist(),
            "test": _test_facts(checked[name]) if name in checked else None,
        }
    return facts


def _test_facts(checked: Checked) -> dict[str, Any]:
    return {
        name: asdict(one) | {"bins": [asdict(two) for two in one.bins]}
        for name, one in (("before", checked.before), ("after", checked.after))
    }


def curves_of(corrections: Mapping[str, Correction]) -> dict[str, Curve]:
    """By chance, those that are applied."""
    return {name: one.curve for name, one in corrections.items() if one.curve is not None}


def corrected_members(members: Members, curves: Mapping[str, Curve], horizon_days: float) -> Members:
    """
    The members with rates at which the Poisson chance of an order within the horizon is the corrected one.

    The engine works the chance out as 1 - exp(-rate x horizon); so the bundle needs no curve. A curve never gives 1.
    """
    if ORDER not in curves:
        return members
    chance = curves[ORDER].correct(order_chance(members.orders_per_day, horizon_days))
    return replace(members, orders_per_day=(-np.log1p(-chance) / horizon_days).astype(np.float32))


def corrected_rate(orders_per_day: float, curves: Mapping[str, Curve], horizon_days: float) -> float:
    """The same of one rate: that of a stranger."""
    if ORDER not in curves:
        return orders_per_day
    chance = curves[ORDER].correct(order_chance(np.array([orders_per_day]), horizon_days))
    return float(-np.log1p(-chance[0]) / horizon_days)


def order_chance(orders_per_day: NDArray[np.floating], horizon_days: float) -> NDArray[np.float64]:
    """The chance of an order within the horizon at a steady rate, as `recsys.offers.economics` works it out."""
    return np.asarray(-np.expm1(-orders_per_day.astype(np.float64) * horizon_days))


def corrected_response(response: Response, offers: OfferDefinitions, curves: Mapping[str, Curve]) -> Response:
    """The response with corrected redemptions and, for offers with a scope, corrected affinities."""
    if REDEEM in curves:
        response = replace(response, redeem=curves[REDEEM].correct(response.redeem).astype(np.float32))
    limited = np.flatnonzero(offers.scope.lengths() > 0)
    if SCOPE in curves and len(limited):
        affinity = response.scope_affinity.copy()
        for offer in limited:
            affinity[:, offer] = curves[SCOPE].correct(affinity[:, offer])
        response = replace(response, scope_affinity=affinity)
    return response


def _orders(members: Members, later: Purchases, horizon_days: float) -> Outcomes:
    n = len(members)
    ordered = np.bincount(later.member, minlength=n) > 0
    chance = order_chance(members.orders_per_day, horizon_days)
    return Outcomes(chance, ordered.astype(np.float64), np.ones(n), np.arange(n, dtype=np.int64))


def _scopes(dataset: Dataset, offers: OfferDefinitions, later: Purchases) -> Outcomes:
    limited = np.flatnonzero(offers.scope.lengths() > 0)
    members = np.unique(later.member)
    chance = scope_affinity(dataset, offers)[np.ix_(members, limited)].astype(np.float64)
    in_scope = scope_matrix(offers.scope.take(limited), len(dataset.product_ids))
    holding, n_orders = orders_in_scope(later.member, later.order, later.product, in_scope, len(dataset.member_ids))
    trials = np.repeat(n_orders[members, None].astype(np.float64), len(limited), axis=1)
    owner = np.repeat(members.astype(np.int64), len(limited))
    return Outcomes(chance.ravel(), (holding[members].toarray() / trials).ravel(), trials.ravel(), owner)


def _redemptions(
    dataset: Dataset, offers: OfferDefinitions, config: ResponseConfig, *, later: Dataset, profile: ProfileConfig
) -> Outcomes:
    """Lines are exposures followed by an order, as the chance is learnt, each its own owner."""
    known_from = dataset.cut_off - round(config.horizon_days * SECONDS_PER_DAY)
    shown = later.exposures.filter(later.exposures["at"] > known_from)
    seen = read_outcomes(replace(later, exposures=shown), config.horizon_days, profile)
    kept = (seen.offer >= 0) & (seen.ordered | seen.redeemed)
    known = read_outcomes(dataset, config.horizon_days, profile)
    traits = offer_traits(dataset, offers, build_catalogue(dataset))
    rates = fit_redemption(known, traits, config=config, n_tiers=len(dataset.tiers))
    stage, tier = cell_rows(seen, rates.shape[1])
    chance = rates[stage[kept], tier[kept], seen.offer[kept]]
    happened = seen.redeemed[kept].astype(np.float64)
    return Outcomes(chance, happened, np.ones(len(happened)), np.arange(len(happened), dtype=np.int64))
