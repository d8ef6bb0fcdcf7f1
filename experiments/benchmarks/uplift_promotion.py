"""One promotion, sent or not: whom to send it to is chosen on the train part, and counted on the test part once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.uplift_cases import read_promotion_test
from experiments.benchmarks.uplift_tables import cost_facts, qini_facts, qini_table
from recsys.report import Progress, Report, Table
from training.memory import restart_peak
from training.response.choose import Choice, choose, fold_ranks
from training.response.intervals import fit_effects
from training.response.learners import LEARNERS
from training.response.resampling import poisson_counts
from training.response.trial import Bools, Floats, Trial

PRICE_USD, COST_USD = 10.0, 0.15
"""What a purchase brings and what sending costs, as the exercise states them."""

PUBLISHED = {"nir": 189.45, "irr": 0.0188}
"""The reference solution of the exercise, printed by its own checker on the same test part."""

_SHARES = tuple(round(float(share), 2) for share in np.arange(0.05, 1.001, 0.05))


@dataclass(frozen=True, slots=True)
class Sent:
    """
    What sending to some would have brought, by those of them who were drawn.

    Attributes:
        nir: Net incremental revenue, USD: 10 x treated buyers - 0.15 x treated - 10 x control buyers.
        irr: Incremental response rate: purchase rate of the treated less that of the control; NaN where one is empty.
        share: Of all rows.
    """

    nir: float
    irr: float
    share: float


def measure(folder: Path, options: Mapping[str, Any], progress: Progress) -> Report:
    """
    Learner by cross-fitted Qini, share to send to by cross-fitted NIR less one standard error, both on ``train`` alone.

    Args:
        folder: With ``experiment.parquet``.
        options: ``seed`` and ``resamples``.
        progress: Told what is done.
    """
    restart_peak()
    halves, seed = read_promotion_test(folder), options["seed"]
    progress.step("Choose the learner on train")
    choice = choose(halves.train, n_resamples=options["resamples"], seed=seed)
    share, curve = choose_share(halves.train, choice, n_resamples=options["resamples"], seed=seed)
    progress.step("Learn from train and count on test")
    fitted = fit_effects(halves.train, LEARNERS[choice.name], seed=seed)
    border = float(np.quantile(fitted.effect(halves.train.features), 1 - share)) if share else np.inf
    ours = fitted.effect(halves.test.features) >= border
    sent = count_sent(halves.test, ours)
    everybody = count_sent(halves.test, np.ones(len(halves.test), dtype=np.bool_))
    facts = {
        "benchmark": "uplift",
        "set": folder.name,
        "seed": seed,
        "nir": sent.nir,
        "irr": sent.irr,
        "sent_share": sent.share,
        "nir_sd": _nir_sd(halves.test, ours, n_resamples=options["resamples"], seed=seed),
        "everybody": asdict(everybody),
        "published": PUBLISHED,
        "share_on_train": share,
        "nir_on_train": next((row["nir"] for row in curve if row["share"] == share), 0.0),
        "effects": fitted.facts(),
        "qini": qini_facts(choice),
        **cost_facts(),
    }
    rows = (
        ("ours", sent.nir, sent.irr, sent.share),
        ("published reference", PUBLISHED["nir"], PUBLISHED["irr"], None),
        ("everybody", everybody.nir, everybody.irr, everybody.share),
        ("nobody", 0.0, None, 0.0),
    )
    tables = (
        Table("Test part, counted once", ("policy", "nir_usd", "irr", "sent_share"), rows, formats={"nir_usd": ",.2f"}),
        qini_table("Learners on train, cross-fitted: extra purchases a member", choice),
        Table(
            "Share to send to, on train, cross-fitted",
            ("share", "nir_usd", "sd", "nir_less_sd"),
            tuple((row["share"], row["nir"], row["sd"], row["nir"] - row["sd"]) for row in curve),
            formats={"nir_usd": ",.2f", "sd": ",.2f", "nir_less_sd": ",.2f", "share": ".2f"},
        ),
    )
    return Report(facts, tables, (f"CPU-seconds {facts['cpu_s']:.0f}, peak memory {facts['peak_rss_mb']:.0f} MB.",))


def choose_share(trial: Trial, choice: Choice, *, n_resamples: int, seed: int) -> tuple[float, list[dict[str, float]]]:
    """
    The share of members, best effects first, whose NIR less one standard error is highest; 0 where none is above 0.

    Effects are cross-fitted, so no row is counted by a model that saw it.

    Returns:
        The share, and for every share its NIR on the trial in USD with its standard error.
    """
    ranks = fold_ranks(choice.effects[choice.name], choice.fold)
    curve = []
    for share in _SHARES:
        chosen = ranks >= 1 - share
        sd = _nir_sd(trial, chosen, n_resamples=n_resamples, seed=seed)
        curve.append({"share": share, "nir": count_sent(trial, chosen).nir, "sd": sd})
    best = max(curve, key=lambda row: row["nir"] - row["sd"])
    return (best["share"] if best["nir"] > best["sd"] else 0.0), curve


def count_sent(trial: Trial, chosen: Bools) -> Sent:
    """NIR and IRR of the rows that a policy selects."""
    shown, without = chosen & trial.treated, chosen & ~trial.treated
    rates = [float(trial.outcome[rows].mean()) if rows.any() else float("nan") for rows in (shown, without)]
    return Sent(float(_each(trial)[chosen].sum()), rates[0] - rates[1], float(chosen.mean()))


def _each(trial: Trial) -> Floats:
    return np.where(trial.treated, PRICE_USD * trial.outcome - COST_USD, -PRICE_USD * trial.outcome)


def _nir_sd(trial: Trial, chosen: NDArray[np.bool_], *, n_resamples: int, seed: int) -> float:
    each = _each(trial) * chosen
    sums = [counts @ each for counts in poisson_counts(trial, n_resamples=n_resamples, seed=seed)]
    return float(np.concatenate(sums).std(ddof=1))
