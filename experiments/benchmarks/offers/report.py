"""Tables and facts of policies compared in weekly worlds."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from experiments.benchmarks.offers.compare import Compared
from features.simulator.loop.run import Outcome
from recsys.report import Table

Floats = NDArray[np.float64]

_CONFIDENCE = 0.95
_MAJOR = 100.0


def interval(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and Student's interval over seeds; no interval of one seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return {"mean": mean, "low": None, "high": None}
    half = float(student.ppf(0.5 + _CONFIDENCE / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return {"mean": mean, "low": mean - half, "high": mean + half}


def profits(runs: Sequence[Compared]) -> dict[str, Floats]:
    """By policy, shape (n_seeds,): profit less that of none under the same luck, in money."""
    return {name: np.array([_gain(run, name).sum() for run in runs]) / _MAJOR for name in runs[0].outcomes}


def weekly(runs: Sequence[Compared], name: str) -> Floats:
    """Shape (n_seeds, n_weeks): cumulative profit of a policy less that of none, in money."""
    return np.array([np.cumsum(_gain(run, name)) for run in runs]) / _MAJOR


def spent(runs: Sequence[Compared], name: str) -> Floats:
    """Shape (n_seeds, n_weeks): cumulative discounts, in money."""
    return np.array([np.cumsum(run.outcomes[name].discount_minor) for run in runs]) / _MAJOR


def _gain(run: Compared, name: str) -> Floats:
    return run.outcomes[name].profit_minor - run.outcomes["none"].profit_minor


_FIGURES: dict[str, Callable[[Outcome], float | None]] = {
    "discount": lambda one: float(one.discount_minor.sum()) / _MAJOR,
    "deadweight_share": lambda one: _ratio(one.deadweight_minor, float(one.discount_minor.sum())),
    "redemption_rate": lambda one: _ratio(one.redeemed, one.messages),
    "budget_use": lambda one: _ratio(float(one.discount_minor.sum()), one.budget_minor),
    "messages": lambda one: float(one.messages),
    "unsubscribed": lambda one: float(one.left),
    "tier_parity": lambda one: _ratio(float(one.tier_benefit_minor.min()), float(one.tier_benefit_minor.max())),
    "run_cpu_s": lambda one: one.cpu_s,
}


def world_facts(runs: Sequence[Compared]) -> dict[str, Any]:
    """All figures of one world: profit by policy with intervals over seeds, what it took, and how hard it is."""
    gained = profits(runs)
    policies: dict[str, Any] = {}
    for name in gained:
        means = {figure: _mean([of(run.outcomes[name]) for run in runs]) for figure, of in _FIGURES.items()}
        learning = float(np.mean([run.learning_s.get(name, 0.0) for run in runs]))
        benefit = np.mean([run.outcomes[name].tier_benefit_minor for run in runs], axis=0) / _MAJOR
        policies[name] = means | {"learning_cpu_s": learning, "tier_benefit": [float(one) for one in benefit]}
    ranked = sorted(gained, key=lambda name: -float(gained[name].mean()))
    mean = {name: float(values.mean()) for name, values in gained.items()}
    facts: dict[str, Any] = {
        "seeds": [run.seed for run in runs],
        "profit": {name: interval(values.tolist()) for name, values in gained.items()},
        "oracle_share": _ratio(mean["ours"], mean["oracle"]),
        "oracle_share_by_seed": [_ratio(a, b) for a, b in zip(gained["ours"], gained["oracle"], strict=True)],
        "vs_propensity": _ratio(mean["ours"], mean["propensity"]) if mean["propensity"] > 0 else None,
        "vs_propensity_value": _ratio(mean["ours"], mean["propensity_value"]) if mean["propensity_value"] > 0 else None,
        "over_propensity": interval((gained["ours"] - gained["propensity"]).tolist()),
        "over_propensity_value": interval((gained["ours"] - gained["propensity_value"]).tolist()),
        "over_uplift": interval((gained["ours"] - gained["uplift"]).tolist()),
        "discount_vs_deepest": _ratio(policies["ours"]["discount"], policies["deepest"]["discount"]),
        "order": [name for name in ranked if name != "ours_20x"],
        "same_order": mean["oracle"] > mean["ours"] > max(mean[name] for name in _BELOW),
        "policies": policies,
        "world": {name: float(np.mean([getattr(run.hardness, name) for run in runs])) for name in _HARDNESS},
    }
    if "ours_20x" in mean:
        facts["oracle_share_20x"] = _ratio(mean["ours_20x"], mean["oracle"])
        gaps = [
            float(gain - run.other_luck / _MAJOR)
            for gain, run in zip(gained["ours"], runs, strict=True)
            if run.other_luck is not None
        ]
        facts["aa_gap"] = interval(gaps)
    return facts


_BELOW = ("uplift", "propensity", "propensity_value", "deepest", "none")
_HARDNESS = ("redemption", "deadweight", "hidden", "harmed", "order", "random", "borrowed")
_HARDNESS_TOLD = {"deadweight": "redeemers anyway"}


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def told(facts: dict[str, Any]) -> tuple[str, ...]:
    """The facts of a world in sentences: how far ours is ahead of whom, and whether that is decided."""
    notes = [
        "Ours reaches "
        + _share(facts["oracle_share"])
        + " of a one-step oracle"
        + (f" ({_share(facts['oracle_share_20x'])} with 20 times the randomised log)." if "aa_gap" in facts else ".")
    ]
    rivals = ("propensity", "propensity_value", "uplift")
    notes += [f"Ours less {rival}: {_difference(facts[f'over_{rival}'])}." for rival in rivals]
    if "aa_gap" in facts:
        gap = _difference(facts["aa_gap"]).removesuffix(", undecided")
        notes.append(f"Ours less ours under other luck, which should hold zero: {gap}.")
    return tuple(notes)


def _share(share: float | None) -> str:
    return "no known share" if share is None else f"{share:.0%}"


def _difference(gap: dict[str, float | None]) -> str:
    """A paired difference with its interval, and whether it holds zero."""
    mean, low, high = gap["mean"], gap["low"], gap["high"]
    if low is None or high is None:
        return f"{mean:,.0f}, undecided: one seed has no interval"
    return f"{mean:,.0f}, 95 % [{low:,.0f}, {high:,.0f}]" + (", undecided" if low <= 0 <= high else "")


def policy_table(name: str, facts: dict[str, Any]) -> Table:
    """What each policy brought in a world."""
    rows = []
    for policy, profit in facts["profit"].items():
        told = facts["policies"][policy]
        share = _ratio(profit["mean"], facts["profit"]["oracle"]["mean"])
        rows.append(
            (
                policy,
                profit["mean"],
                profit["low"],
                profit["high"],
                share,
                told["discount"],
                told["deadweight_share"],
                told["redemption_rate"],
                told["budget_use"],
                told["messages"],
                told["unsubscribed"],
                told["tier_parity"],
                told["learning_cpu_s"] + told["run_cpu_s"],
            )
        )
    columns = (
        "policy", "profit", "low", "high", "of oracle", "discount", "discount wasted", "redeemed", "budget used",
        "messages", "unsubscribed", "tier parity", "cpu_s",
    )  # fmt: skip
    whole = dict.fromkeys(("profit", "low", "high", "discount", "messages", "unsubscribed"), ",.0f")
    shares = dict.fromkeys(("of oracle", "discount wasted", "budget used", "tier parity"), ".2f")
    return Table(
        title=f"{name}: incremental profit against no contact, {len(facts['seeds'])} seeds; low and high: 95 %",
        columns=columns,
        rows=tuple(rows),
        spare=("tier parity", "unsubscribed", "budget used", "messages"),
        formats=whole | shares | {"redeemed": ".4f", "cpu_s": ".1f"},
    )


def world_table(worlds: dict[str, dict[str, Any]]) -> Table:
    """How hard each world is, by its truth, and whether the order of policies is the same."""
    rows = tuple(
        (name, *(facts["world"][one] for one in _HARDNESS), facts["oracle_share"], facts["same_order"])
        for name, facts in worlds.items()
    )
    return Table(
        title="the worlds: shares of the truth in their logs",
        columns=("world", *(_HARDNESS_TOLD.get(one, one) for one in _HARDNESS), "ours of oracle", "same order"),
        rows=rows,
        formats=dict.fromkeys((*_HARDNESS, *_HARDNESS_TOLD.values(), "ours of oracle"), ".3f"),
    )
