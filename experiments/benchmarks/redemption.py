"""Who redeems which coupon: campaigns that start last are foretold from those that were over before, on public data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.redemption_cases import RedemptionSet, day_text, read_redemption_set
from experiments.benchmarks.redemption_foretell import Choices, Foretold, foretell
from experiments.benchmarks.redemption_judge import BASELINES, area, area_gains, log_loss, mean_area, recall_at
from experiments.measure import measured
from recsys.report import Report, Table
from training.bootstrap import Interval
from training.calibrate import Outcomes, reliability
from training.memory import peak_rss_mb
from training.response.trial import Bools, Floats, Numbers

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 500}
_N_BINS = 10
_TOP = 5
OURS = "ours"


def run(options: Mapping[str, Any]) -> Report:
    """
    Choose on the validation campaigns, judge once on the test campaigns.

    Args:
        options: ``data``, a folder that `read_redemption_set` understands; ``seed``; ``resamples`` of the bootstrap.

    Raises:
        InputError: No folder was given.
        SourceError: It is of another form.
        NotEnoughDataError: Too few campaigns or redemptions.
    """
    asked = chosen("redemption", options, _DEFAULTS)
    folder = data_folder("redemption", asked, "a folder such as amexpert2019_coupons or complete_journey")
    with threadpoolctl.threadpool_limits(limits=1):
        case = read_redemption_set(folder)
        done = measured(lambda: foretell(case, asked["seed"]))
        choices, foretold, names = done.result
        cost = {"fit_cpu_s": done.cpu_s, "peak_rss_mb": peak_rss_mb()}
        happened = np.concatenate([case.campaign(one).redeemed for one in case.test])
        facts = {"benchmark": "redemption", "set": folder.name, "form": case.form, **_case_facts(case, asked)}
        share = float(case.before_test().offered.redeemed.mean())
        facts |= _judged(foretold, happened, share, asked) | {"choices": _choice_facts(choices)} | cost
        facts["models"] = {str(one): model.facts(names) for one, model in foretold.models.items()}
    return Report(facts, _tables(facts), _notes(case))


def _judged(foretold: Foretold, happened: Bools, share: float, asked: Mapping[str, Any]) -> dict[str, Any]:
    scores = {OURS: foretold.chance, **foretold.baselines}
    areas = {name: area(score, happened) for name, score in scores.items()}
    draw = {"n_resamples": asked["resamples"], "seed": asked["seed"]}
    by_member = area_gains(foretold.chance, foretold.baselines, happened, owner=foretold.member, **draw)
    by_offer = area_gains(
        foretold.chance, foretold.baselines, happened, owner=np.arange(len(happened), dtype=np.int64), **draw
    )
    best = max(BASELINES, key=lambda name: areas[name])
    every = np.ones(len(happened))
    outcomes = Outcomes(foretold.chance, happened.astype(np.float64), every, foretold.member)
    held = reliability(foretold.chance, outcomes, _N_BINS)
    return {
        "auc": areas[OURS],
        "baseline_auc": areas[best],
        "best_baseline": best,
        "gain_low": min(one.low for one in by_member.values()),
        "calibration_error": held.calibration_error,
        "calibration_error_of_one_chance": reliability(every * share, outcomes, _N_BINS).calibration_error,
        "log_loss": {OURS: log_loss(foretold.chance, happened), "one_chance": log_loss(every * share, happened)},
        "baselines": {name: areas[name] for name in BASELINES},
        "gain_over": {name: _bounds(one) for name, one in by_member.items()},
        "gain_over_by_offer": {name: _bounds(one) for name, one in by_offer.items()},
        "within_campaign_auc": {name: _within(score, happened, foretold.campaign) for name, score in scores.items()},
        "recall_at_5": {name: recall_at(score, happened, foretold.member, _TOP) for name, score in scores.items()},
        "mean_chance": float(foretold.chance.mean()),
        "redeemed_share": float(happened.mean()),
        "calibration_bins": [asdict(one) for one in held.bins],
        "campaigns": _campaign_facts(foretold, happened),
    }


def _bounds(gain: Interval) -> dict[str, float]:
    return {"mean": gain.mean, "low": gain.low, "high": gain.high}


def _within(score: Floats, happened: Bools, campaign: Numbers) -> float:
    rows = [campaign == one for one in np.unique(campaign)]
    return mean_area([score[one] for one in rows], [happened[one] for one in rows])


def _campaign_facts(foretold: Foretold, happened: Bools) -> dict[str, Any]:
    facts = {}
    for number in foretold.models:
        rows = foretold.campaign == number
        yes = happened[rows]
        facts[str(number)] = {
            "n_offers": int(rows.sum()),
            "n_redeemed": int(yes.sum()),
            "foretold": float(foretold.chance[rows].sum()),
            "auc": None if not yes.any() else area(foretold.chance[rows], yes),
            "auc_best_baseline": None
            if not yes.any()
            else max(area(one[rows], yes) for one in foretold.baselines.values()),
        }
    return facts


def _case_facts(case: RedemptionSet, asked: Mapping[str, Any]) -> dict[str, Any]:
    offered = case.known.offered
    first = min(int(case.campaign(one).starts[0]) for one in case.test)
    return {
        "seed": asked["seed"],
        "resamples": asked["resamples"],
        "train_campaigns": list(case.train),
        "validation_campaigns": list(case.validation),
        "test_campaigns": list(case.test),
        "partial_campaigns": list(case.partial),
        "test_begins": day_text(first),
        "n_members": len(np.unique(offered.member)),
        "n_test_offers": int(np.isin(offered.campaign, case.test).sum()),
    }


def _choice_facts(choices: Choices) -> dict[str, Any]:
    return {
        "learner": str(choices.learner),
        "platt_curve": choices.curved,
        "validation_auc": dict(choices.areas) | dict(choices.baseline_areas),
        "smoothing": {name: asdict(one) for name, one in choices.smoothing.items()},
    }


def _tables(facts: Mapping[str, Any]) -> tuple[Table, ...]:
    validation = facts["choices"]["validation_auc"]
    rows = [
        (
            f"{OURS} ({facts['choices']['learner']})",
            validation[facts["choices"]["learner"]],
            facts["auc"],
            facts["within_campaign_auc"][OURS],
            facts["recall_at_5"][OURS],
            "",
            "",
            "",
        )
    ]
    rows += [
        (
            _TITLES[name],
            validation[name],
            facts["baselines"][name],
            facts["within_campaign_auc"][name],
            facts["recall_at_5"][name],
            *facts["gain_over"][name].values(),
        )
        for name in BASELINES
    ]
    columns = ("ranker", "validation", "auc", "within campaigns", "recall at 5", "gain of ours", "low", "high")
    title = (
        f"{facts['set']}: {facts['n_test_offers']} offers of campaigns {', '.join(map(str, facts['test_campaigns']))}"
    )
    bins = tuple((*one.values(),) for one in facts["calibration_bins"])
    held = f"chances against what happened: error {facts['calibration_error']:.4f} (mean distance over {_N_BINS} bins; "
    held += f"one chance for all, the share redeemed before: {facts['calibration_error_of_one_chance']:.4f})"
    form = {"n_trials": ",.0f", **dict.fromkeys(("predicted", "happened", "low", "high"), ".5f")}
    return (
        Table(title, columns, tuple(rows)),
        Table(held, ("n_trials", "predicted", "happened", "low", "high"), bins, formats=form),
    )


_TITLES = {"coupon": "the coupon's rate", "member": "the member's rate", "product": "their product"}


def _notes(case: RedemptionSet) -> tuple[str, ...]:
    notes = [
        "Each test campaign is foretold by a model of the campaigns that were over before its first day; the learner "
        "and the smoothing of the baselines were chosen on the validation campaigns. Gains: 95 % intervals, members "
        "drawn anew with all their offers. Calibration error: bins of equally many offers, distance of mean chance and "
        "share. "
        "Age, income, gender and marital status are not used. A chance to redeem is no uplift.",
    ]
    if case.form == "journey":
        notes.append(
            "Which coupons of a personalised campaign (Type A) were mailed to whom is not recorded: its whole pool "
            "counts as offered to each of its members. Campaigns that the log does not hold from first to last day "
            f"({', '.join(map(str, case.partial))}) neither teach nor judge; their dated redemptions are history."
        )
    else:
        notes.append("Days of redemptions are not recorded: one is known when its campaign has ended.")
    return tuple(notes)
