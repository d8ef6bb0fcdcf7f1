"""Chances of the test campaigns' redemptions, and what the validation campaigns chose, blind to the test's outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.benchmarks.redemption_cases import RedemptionSet
from experiments.benchmarks.redemption_judge import BASELINES, GRID, Smoothing, area, baseline_scores
from training.response.redemption import Learner, PastCampaign, RedemptionModel, fit_platt, fit_redemption, walk
from training.response.redemption_features import redemption_features
from training.response.redemption_history import Known, Offered
from training.response.trial import Floats, Numbers


@dataclass(frozen=True, slots=True)
class Choices:
    """
    What the validation campaigns chose.

    Attributes:
        learner: The parts of our model.
        curved: Whether Platt's curve, fitted to earlier campaigns as they were foretold, brought a lower log-loss.
        smoothing: By baseline.
        areas: Validation area by learner.
        baseline_areas: Validation area by baseline at its best smoothing.
    """

    learner: Learner
    curved: bool
    smoothing: Mapping[str, Smoothing]
    areas: Mapping[str, float]
    baseline_areas: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Foretold:
    """
    All offers of the test campaigns, one after the other.

    Attributes:
        chance: Shape (n,): ours.
        baselines: By name, shape (n,).
        campaign, member: Shape (n,).
        models: By test campaign.
    """

    chance: Floats
    baselines: Mapping[str, Floats]
    campaign: Numbers
    member: Numbers
    models: Mapping[int, RedemptionModel]


def foretell(case: RedemptionSet, seed: int) -> tuple[Choices, Foretold, tuple[str, ...]]:
    """
    Chances of all offers of the test campaigns, made without a look at any outcome of theirs.

    Every test campaign is foretold by a model of the campaigns that were over before it began, its features are as of
    its first day. The learner and the baselines' smoothing come from the validation campaigns, foretold in the same
    way; these also say whether Platt's curve, fitted to what was foretold of campaigns that were over, brings chances
    nearer to what happened than none.

    Returns:
        What was chosen, the chances, and the features' names.
    """
    known = case.before_test()
    numbers = (*case.train, *case.validation)
    past: list[PastCampaign] = []
    names: tuple[str, ...] = ()
    for number in numbers:
        offers = case.campaign(number)
        table = redemption_features(offers, known)
        names = table.names
        past.append(PastCampaign(table.values, offers.redeemed, int(offers.starts[0]), int(offers.ends[0])))
    walks = {learner: walk(past, learner=learner, seed=seed) for learner in (Learner.LOGISTIC, Learner.TREES)}
    walks[Learner.BOTH] = tuple(
        (one + two) / 2 for one, two in zip(walks[Learner.LOGISTIC], walks[Learner.TREES], strict=True)
    )
    choices = _choices(case, known, past, walks)
    return choices, _foretold(case, known, (past, walks[choices.learner]), choices, seed), names


def _choices(
    case: RedemptionSet, known: Known, past: Sequence[PastCampaign], walks: Mapping[Learner, Sequence[Floats]]
) -> Choices:
    """The highest area over all offers of the validation campaigns; of equal ones the first."""
    judges = range(len(case.train), len(past))
    happened = np.concatenate([past[one].redeemed for one in judges])
    areas = {learner: area(np.concatenate([walks[learner][one] for one in judges]), happened) for learner in Learner}
    offers = [case.campaign(one) for one in case.validation]
    found: dict[str, dict[Smoothing, float]] = {name: {} for name in BASELINES}
    for smoothing in GRID:
        scores = [baseline_scores(one, known, smoothing) for one in offers]
        for name in BASELINES:
            found[name][smoothing] = area(np.concatenate([one[name] for one in scores]), happened)
    best = {name: max(GRID, key=found[name].__getitem__) for name in BASELINES}
    learner = max(Learner, key=lambda one: areas[one])
    return Choices(
        learner,
        _curve_helps(past, walks[learner], judges),
        best,
        {str(name): value for name, value in areas.items()},
        {name: found[name][one] for name, one in best.items()},
    )


def _foretold(
    case: RedemptionSet,
    known: Known,
    learnt: tuple[Sequence[PastCampaign], Sequence[Floats]],
    choices: Choices,
    seed: int,
) -> Foretold:
    models: dict[tuple[int, ...], RedemptionModel] = {}
    of_campaign, chances, offers = {}, [], []
    baselines: dict[str, list[Floats]] = {name: [] for name in BASELINES}
    for number in case.test:
        one = _unlabelled(case.campaign(number))
        before = tuple(at for at, past in enumerate(learnt[0]) if past.ends < one.starts[0])
        if before not in models:
            model = fit_redemption([learnt[0][at] for at in before], learner=choices.learner, seed=seed)
            models[before] = replace(model, curve=_curve(*learnt, before)) if choices.curved else model
        of_campaign[number] = models[before]
        chances.append(models[before].chance(redemption_features(one, known).values))
        offers.append(one)
        for name in BASELINES:
            baselines[name].append(baseline_scores(one, known, choices.smoothing[name])[name])
    return Foretold(
        np.concatenate(chances),
        {name: np.concatenate(scores) for name, scores in baselines.items()},
        np.concatenate([one.campaign for one in offers]),
        np.concatenate([one.member for one in offers]),
        of_campaign,
    )


def _curve_helps(past: Sequence[PastCampaign], odds: Sequence[Floats], judges: range) -> bool:
    losses = np.zeros(2)
    for at in judges:
        before = tuple(other for other, one in enumerate(past) if one.ends < past[at].starts)
        for which, (constant, slope) in enumerate(((0.0, 1.0), _curve(past, odds, before))):
            curved = constant + slope * odds[at]
            losses[which] += (np.logaddexp(0.0, curved) - past[at].redeemed * curved).sum()
    return bool(losses[1] < losses[0])


def _curve(past: Sequence[PastCampaign], odds: Sequence[Floats], before: Sequence[int]) -> tuple[float, float]:
    return fit_platt([past[at] for at in before], [odds[at] for at in before])


def _unlabelled(offers: Offered) -> Offered:
    """The same offers as if nobody had redeemed."""
    return replace(offers, redeemed_on=np.full(len(offers), -1, dtype=np.int64))
