"""What every offer causes for every member: cells, members' own deviations, redemption and what was borrowed."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.profile.config import ProfileConfig
from recsys.catalogue import Catalogue
from recsys.knowledge import Response, no_deviations
from recsys.members import Members
from recsys.offers.definitions import OfferDefinitions
from recsys.offers.prior import OfferTraits
from recsys.types import UNKNOWN_ROW
from training.affinity import scope_affinity
from training.exposures import Outcomes, read_outcomes
from training.randomisation import Contradiction, contradictions
from training.response.added import added_facts, contradiction_facts, silent_arms
from training.response.borrowed import fit_borrowed
from training.response.cells import UpliftCells, cell_rows, fit_redemption, fit_uplift, offer_traits
from training.response.deviations import SIMPLEST, GroupFinding, Known, fit_deviations
from training.response.draws import Draws
from training.response.foretold import FORETOLD, fit_foretold
from training.response.groups import OfferGroups
from training.response.known import MemberPast, known_at
from training.response.member_redemption import fit_member_redemption
from training.response.order_chance import OrderChance, fit_order_chance
from training.response.trial import Floats
from training.response_config import ResponseConfig

CELLS, PROPENSITY, PRIOR, UPLIFT = "cells", "propensity", "prior", "uplift_"
"""What `Response.learner` says: effects of cells; no comparison at all, with and without exposures; members' own."""

_DEFAULT = ProfileConfig()


@dataclass(frozen=True, slots=True)
class Learnt:
    """
    A response and how it came about.

    Attributes:
        response: For the bundle.
        facts: JSON-able: what each offer adds, exposures by what they can teach, campaigns whose log contradicts
            itself, groups and learners, the chance of an order, redemption, what was borrowed.
    """

    response: Response
    facts: dict[str, Any]


def fit_response(
    dataset: Dataset,
    offers: OfferDefinitions,
    catalogue: Catalogue,
    members: Members,
    *,
    config: ResponseConfig,
    profile: ProfileConfig = _DEFAULT,
    seed: int = 0,
) -> Learnt:
    """
    Everything that `Response` says.

    Uplift is learnt from exposures that chance decided against ``no_offer`` and from nothing else. Without any of
    those nothing is called uplift: it is the configured prior, and ``learner`` is ``propensity`` where exposures tell
    who redeems, ``prior`` where there are none. A campaign whose shares contradict its probabilities was not drawn as
    the log says, so it counts as not drawn at random.

    Args:
        dataset: What it is learnt from.
        offers, catalogue, members: Of the dataset.
        config: Horizon, priors, learners.
        profile: Says what a stage is.
        seed: Same facts, settings and seed, same response.
    """
    outcomes, contradicted = _believed(read_outcomes(dataset, config.horizon_days, profile))
    traits = offer_traits(dataset, offers, catalogue)
    past = MemberPast.of(dataset, config.horizon_days)
    everybody = np.arange(len(members))
    now = known_at(past, everybody, np.full(len(members), dataset.cut_off))
    then = known_at(past, outcomes.member, outcomes.at)
    n_tiers = len(dataset.tiers)
    foretold = fit_foretold(outcomes, then, now, seed=seed)
    cells = fit_uplift(outcomes, outcomes.ordered - foretold.then, traits, config=config, n_tiers=n_tiers)
    redeem = fit_redemption(outcomes, traits, config=config, n_tiers=n_tiers)
    chance = fit_order_chance(dataset, past, now, config=config.order_chance, seed=seed)
    draws = Draws.of(outcomes, len(offers))
    cell = members.stage.astype(np.int64) * n_tiers + members.tier
    known = Known((*past.names, *FORETOLD), *foretold.beside(then, now), cell)
    own, findings, redeeming = _own(outcomes, known, offers, traits, (redeem, chance, draws), config=config, seed=seed)
    borrowed = fit_borrowed(outcomes, cells, offers.kind, config)
    learner = _learner(cells, findings, outcomes)
    response = Response(
        uplift=_in_tiers(cells.mean, n_tiers),
        uplift_sd=_in_tiers(cells.sd, n_tiers),
        redeem=_in_tiers(redeem, n_tiers),
        **{**own, "p_order": chance.chance, "borrowed": borrowed},
        scope_affinity=scope_affinity(dataset, offers),
        measured=cells.measured,
        horizon_days=config.horizon_days,
        learner=learner,
    )
    offer_ids = dataset.offers["offer_id"].to_list()
    facts = {
        "learner": learner,
        "horizon_days": config.horizon_days,
        "exposures": _exposure_facts(outcomes, draws),
        "contradicted": contradiction_facts(contradicted, outcomes.campaigns, offer_ids),
        "silent_arms": silent_arms(outcomes, offer_ids),
        "added": added_facts(
            response.uplift,
            response.uplift_sd,
            cell,
            outcomes,
            offer_ids=offer_ids,
            measured=cells.measured,
            borrowed=borrowed,
        ),
        "n_measured": int(cells.measured.sum()),
        "n_offers": len(offers),
        "groups": [one.facts() for one in findings],
        "redemption": list(redeeming),
        "order_chance": chance.facts,
        "borrowed": {offer: float(share) for offer, share in zip(offer_ids, borrowed, strict=True)},
    }
    return Learnt(response, facts)


def _believed(outcomes: Outcomes) -> tuple[Outcomes, tuple[Contradiction, ...]]:
    """The exposures, those of campaigns whose log contradicts itself without a probability."""
    drawn = outcomes.random
    found = contradictions(
        outcomes.campaign[drawn], outcomes.offer[drawn] + 1, outcomes.probability[drawn], outcomes.member[drawn]
    )
    refused = np.isin(outcomes.campaign, [one.campaign for one in found])
    return replace(outcomes, probability=np.where(refused, np.nan, outcomes.probability)), found


def _own(
    outcomes: Outcomes,
    known: Known,
    offers: OfferDefinitions,
    traits: OfferTraits,
    learnt: tuple[Floats, OrderChance, Draws],
    *,
    config: ResponseConfig,
    seed: int,
) -> tuple[dict[str, Any], tuple[GroupFinding, ...], tuple[dict[str, Any], ...]]:
    """Columns of members' own deviations, and what was found; groups in which nobody deviates have no column."""
    redeem, chance, draws = learnt
    nothing = no_deviations(len(known.now), len(offers))
    drawn = outcomes.random & (outcomes.offer >= 0)
    if not config.deviations.enabled or not draws.usable.any():
        return nothing, (), ()
    n_treated = np.bincount(outcomes.offer[drawn], minlength=len(offers))
    deviations = config.deviations
    groups = OfferGroups.of(
        offers, traits, n_treated, min_treated=deviations.min_treated, max_groups=deviations.max_groups
    )
    found = fit_deviations(outcomes, known, groups, draws, config=deviations, seed=seed)
    weight = np.where(np.isfinite(chance.chance), chance.chance, 1.0).astype(np.float64)
    stage, tier = cell_rows(outcomes, redeem.shape[1])
    rate = redeem[stage, tier, outcomes.offer]
    factors, redeeming = fit_member_redemption(
        outcomes, known, groups, rate, weight=weight, config=deviations, seed=seed
    )
    used = np.flatnonzero((found.sd > 0).any(axis=0) | (found.mean != 0).any(axis=0) | (factors != 1).any(axis=0))
    column = np.full(len(groups.names) + 1, UNKNOWN_ROW, dtype=np.int16)
    column[used] = np.arange(len(used))
    own = {
        "group": column[groups.group],
        "member_uplift": found.mean[:, used],
        "member_uplift_sd": found.sd[:, used],
        "member_redeem": factors[:, used],
    }
    return nothing | own, found.findings, redeeming


def _learner(cells: UpliftCells, findings: tuple[GroupFinding, ...], outcomes: Outcomes) -> str:
    if not cells.measured.any():
        return PROPENSITY if np.any(outcomes.offer >= 0) else PRIOR
    told = [one for one in findings if one.learner != SIMPLEST]
    return UPLIFT + max(told, key=lambda one: one.n_treated).learner if told else CELLS


def _exposure_facts(outcomes: Outcomes, draws: Draws) -> dict[str, int]:
    random = outcomes.random
    return {
        "n": len(outcomes),
        "n_random": int(random.sum()),
        "n_random_without_offer": int((random & (outcomes.offer < 0)).sum()),
        "n_not_random": int((~random).sum()),
        "n_certain": int((outcomes.probability >= 1).sum()),
        "n_campaigns": int(draws.usable.sum()),
        "n_campaigns_varying": draws.n_varying,
        "n_campaigns_without_control": draws.n_without_control,
    }


def _in_tiers(of_cells: Floats, n_tiers: int) -> NDArray[np.float32]:
    """The same in every tier where tiers were not told apart."""
    shape = (of_cells.shape[0], n_tiers, of_cells.shape[2])
    return np.ascontiguousarray(np.broadcast_to(of_cells, shape)).astype(np.float32)
