"""Who redeems more than others of the cell: a factor on the cell's rate, where members prove to differ."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from training.exposures import Outcomes
from training.response.base import Boosted, Kind, fit_base
from training.response.deviations import Known
from training.response.groups import OfferGroups
from training.response.propensity import CHANCE_CONFIG
from training.response.trial import Floats
from training.response_config import DeviationConfig

_BLOCK = 100_000
_MOST = 10.0


def fit_member_redemption(
    outcomes: Outcomes,
    known: Known,
    groups: OfferGroups,
    rate: Floats,
    *,
    weight: Floats,
    config: DeviationConfig,
    seed: int,
) -> tuple[NDArray[np.float16], tuple[dict[str, Any], ...]]:
    """
    Learn the odds of redeeming against those of the cell, a group of offers at a time.

    Trees begin at the cell's rate. They are used only where they lower the log loss of members that they did not learn
    from by more than one standard error; a factor is over the mean of the member's cell, so that its rate stays.

    Args:
        outcomes: Exposures.
        known: Of the members then and now.
        groups: Of offers.
        rate: Shape (n,): the cell's rate of each exposure; whatever for ``no_offer``.
        weight: Shape (n_members,): how likely each orders at all; a cell's mean is one over orders.
        config: When it is tried, and in how many parts.
        seed: Same exposures and seed, same factors.

    Returns:
        Shape (n_members, n_groups), float16, and facts of each group.
    """
    factors = np.ones((len(known.now), len(groups.names)), dtype=np.float16)
    facts: list[dict[str, Any]] = []
    answered = outcomes.ordered | outcomes.redeemed
    rng = np.random.default_rng(seed)
    for number, name in enumerate(groups.names):
        rows = np.flatnonzero(answered & np.append(groups.members_of[number], False)[outcomes.offer])
        if len(rows) > config.max_rows:
            rows = np.sort(rng.choice(rows, config.max_rows, replace=False))
        n_redeemed = int(outcomes.redeemed[rows].sum())
        found: dict[str, Any] = {"name": name, "n_answered": len(rows), "n_redeemed": n_redeemed, "applied": False}
        if min(n_redeemed, len(rows) - n_redeemed) >= config.min_redeemed:
            gain, sd = _gain(outcomes, known, rate, rows=rows, config=config, seed=seed)
            found |= {"log_loss_gain": gain, "gain_sd": sd, "applied": gain > sd}
            if gain > sd:
                model = _fit(outcomes, known, rate, rows=rows, seed=seed)
                factors[:, number] = _factors(model, known, float(rate[rows].mean()), weight)
        facts.append(found)
    return factors, tuple(facts)


def _fit(outcomes: Outcomes, known: Known, rate: Floats, *, rows: NDArray[np.int64], seed: int) -> Boosted:
    return fit_base(
        known.then[rows],
        outcomes.redeemed[rows].astype(np.float64),
        weight=np.ones(len(rows)),
        config=CHANCE_CONFIG,
        seed=seed,
        kind=Kind.CHANCE,
        start=rate[rows],
    )


def _gain(
    outcomes: Outcomes, known: Known, rate: Floats, *, rows: NDArray[np.int64], config: DeviationConfig, seed: int
) -> tuple[float, float]:
    """How much lower the log loss of members is that were not learnt from, and its standard error."""
    owners, owner = np.unique(outcomes.member[rows], return_inverse=True)
    fold = np.random.default_rng(seed).permutation(np.arange(len(owners)) % config.n_folds)[owner]
    gain = np.zeros(len(rows))
    for one in range(config.n_folds):
        unseen = fold == one
        model = _fit(outcomes, known, rate, rows=rows[~unseen], seed=seed + one)
        before = rate[rows[unseen]]
        after = expit(logit(before) + _shift(model, known.then[rows[unseen]], float(before.mean())))
        happened = outcomes.redeemed[rows[unseen]]
        gain[unseen] = np.log(np.where(happened, after / before, (1 - after) / (1 - before)))
    of_owner = np.bincount(owner, gain - gain.mean())
    return float(gain.mean()), float(np.sqrt((of_owner**2).sum())) / len(rows)


def _shift(model: Boosted, features: Floats, start: float) -> Floats:
    """Shape (n,): added to the log-odds."""
    return np.asarray(logit(model.predict(features, start=start)) - logit(start))


def _factors(model: Boosted, known: Known, rate: float, weight: Floats) -> Floats:
    chance = np.empty(len(known.now))
    for start in range(0, len(known.now), _BLOCK):
        block = slice(start, start + _BLOCK)
        chance[block] = model.predict(known.now[block], start=rate)
    total = np.bincount(known.cell, weight)
    mean = np.bincount(known.cell, weight * chance) / np.where(total > 0, total, 1.0)
    mean = np.where(total > 0, mean, rate)
    return np.minimum(chance / mean[known.cell], _MOST)
