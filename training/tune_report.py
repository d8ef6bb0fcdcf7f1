"""What tuning found, as facts for programs and as tables for people who must not believe it too much."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recsys.report import Report, Table
from recsys.types import SECONDS_PER_DAY
from training.bootstrap import Interval
from training.config import TrainConfig
from training.search_spaces import SPACES, Value
from training.sources import SOURCES, Source
from training.split import Split
from training.studies import Budget, Trial
from training.summary import CASE_TITLES
from training.validation_window import Blended

_SPARE = ("failed", "best_fit_cpu_s", "cpu_s", "trials")


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """
    What the study of one family found.

    Attributes:
        name: The source.
        study: Its name in the file of studies.
        enabled: Whether the configuration wants the source in the blend.
        trials: All that ended, in order; the first has the settings as they are.
        n_before: Trials that an earlier start had ended.
        best: The trial with the highest NDCG@10, of equals the first; None where all failed.
        gain: Of the best over the first, paired over members; None where one of them failed.
    """

    name: str
    study: str
    enabled: bool
    trials: tuple[Trial, ...]
    n_before: int
    best: Trial | None
    gain: Interval | None

    @property
    def n_failed(self) -> int:
        """Trials without a figure."""
        return sum(trial.judged.quality is None for trial in self.trials)

    @property
    def cpu_s(self) -> float:
        """Of all trials."""
        return sum(trial.judged.cpu_s for trial in self.trials)


@dataclass(frozen=True, slots=True)
class Tuned:
    """
    What tuning found.

    Attributes:
        split: Whose validation window it looked at.
        seed: Of all randomness.
        objective: The case that was made as high as possible.
        n_members: Members judged, by case.
        results: One a family.
        base, config: The configuration as it was, and with the best settings of every family.
        as_it_is, blended: The blends of the two.
        gains: Of the latter over the former by case, paired over members.
    """

    split: Split
    seed: int
    objective: str
    n_members: Mapping[str, int]
    results: tuple[FamilyResult, ...]
    base: TrainConfig
    config: TrainConfig
    as_it_is: Blended
    blended: Blended
    gains: Mapping[str, Interval]


def tuning_facts(tuned: Tuned, budget: Budget, *, target: Path, run_id: str) -> dict[str, Any]:
    """Everything that was found, JSON-able."""
    tried = {result.name for result in tuned.results}
    return {
        "metric": "ndcg_at_10",
        "objective": tuned.objective,
        "seed": tuned.seed,
        "trials": budget.trials,
        "timeout_cpu_s": budget.cpu_s,
        "split": asdict(tuned.split),
        "confidence": tuned.base.evaluation.confidence,
        "n_members": dict(tuned.n_members),
        "families": {result.name: _family_facts(result) for result in tuned.results},
        "not_tuned": {source.name: _why_not(source, tuned.base) for source in SOURCES if source.name not in tried},
        "blend": {
            "weights": {"as_it_is": dict(tuned.as_it_is.weights), "tuned": dict(tuned.blended.weights)},
            "cases": {
                case: {
                    "as_it_is": float(tuned.as_it_is.per_member[case].mean()),
                    "tuned": float(tuned.blended.per_member[case].mean()),
                    "gain": asdict(gain),
                }
                for case, gain in tuned.gains.items()
            },
        },
        "config": str(target),
        "run_id": run_id,
        "tracking": bool(run_id),
    }


def tuning_report(facts: dict[str, Any], workspace: Path) -> Report:
    """The facts as tables, and what a reader must know to read them rightly."""
    return Report(
        facts, (_families_table(facts), *_settings_tables(facts), _blend_table(facts)), _notes(facts, workspace)
    )


def _family_facts(result: FamilyResult) -> dict[str, Any]:
    first = result.trials[0]
    return {
        "study": result.study,
        "enabled": result.enabled,
        "as_it_is": first.judged.quality,
        "best": result.best.judged.quality if result.best else None,
        "best_trial": result.best.number if result.best else None,
        "gain": asdict(result.gain) if result.gain else None,
        "settings_as_they_are": dict(first.settings),
        "best_settings": dict(result.best.settings) if result.best else None,
        "n_trials": len(result.trials),
        "n_failed": result.n_failed,
        "n_before": result.n_before,
        "cpu_s": result.cpu_s,
        "as_it_is_cpu_s": first.judged.cpu_s,
        "best_cpu_s": result.best.judged.cpu_s if result.best else None,
        "trials": [
            {
                "number": trial.number,
                "ndcg_at_10": trial.judged.quality,
                "cpu_s": trial.judged.cpu_s,
                "failure": trial.judged.failure,
                "settings": dict(trial.settings),
            }
            for trial in result.trials
        ],
    }


def _why_not(source: Source, config: TrainConfig) -> str:
    if source.name not in SPACES:
        return "no settings to search"
    return "not asked for" if source.enabled(config) else "switched off"


def _families_table(facts: Mapping[str, Any]) -> Table:
    days = (facts["split"]["test_at"] - facts["split"]["validation_at"]) / SECONDS_PER_DAY
    n_members = facts["n_members"][facts["objective"]]
    title = (
        f"Each source alone, NDCG@10 on the validation window of {days:g} days, "
        f"{CASE_TITLES[facts['objective']]}: {n_members:,} members"
    )
    columns = ("family", "as it is", "best", "gain", "low", "high", "trials", "failed", "cpu_s", "best_fit_cpu_s")
    rows = tuple(
        (
            name,
            *("failed" if one[key] is None else one[key] for key in ("as_it_is", "best")),
            *(("", "", "") if one["gain"] is None else one["gain"].values()),
            one["n_trials"],
            one["n_failed"],
            one["cpu_s"],
            "" if one["best_cpu_s"] is None else one["best_cpu_s"],
        )
        for name, one in facts["families"].items()
    )
    return Table(title, columns, rows, spare=_SPARE, formats={"cpu_s": ",.1f", "best_fit_cpu_s": ",.2f"})


def _settings_tables(facts: Mapping[str, Any]) -> tuple[Table, ...]:
    rows = tuple(
        (path, _shown(one["settings_as_they_are"][path]), _shown(value))
        for one in facts["families"].values()
        if one["best_trial"]
        for path, value in one["best_settings"].items()
    )
    return (Table("Best settings", ("setting", "as it is", "best"), rows),) if rows else ()


def _blend_table(facts: Mapping[str, Any]) -> Table:
    rows = tuple(
        (CASE_TITLES[case], one["as_it_is"], one["tuned"], *one["gain"].values())
        for case, one in facts["blend"]["cases"].items()
    )
    columns = ("case", "as it is", "tuned", "gain", "low", "high")
    return Table("The blend, NDCG@10 on the same window, weights chosen on it for each", columns, rows)


def _notes(facts: Mapping[str, Any], workspace: Path) -> tuple[str, ...]:
    families, split = facts["families"], facts["split"]
    notes = [
        f"gain: the best less the settings as they are, with the {facts['confidence']:.0%} interval of resampling "
        "members (paired).",
        f"OPTIMISTIC: the best of {facts['trials']} trials was picked on the very window that the figures are from, "
        "and the blend's weights too; part of the gain is luck. "
        f"The test window, {_day(split['test_at'])} to {_day(split['end'])}, has not been read: "
        "`recsys train` judges there.",
    ]
    unsure = [
        name for name, one in families.items() if one["best_trial"] and not (one["gain"] or {"low": 1})["low"] > 0
    ]
    same = [name for name, one in families.items() if one["best_trial"] == 0]
    if unsure:
        notes.append(f"Best, but not beyond luck even here (the interval holds zero): {', '.join(unsure)}.")
    if same:
        notes.append(f"Nothing better than the settings as they are: {', '.join(same)}.")
    notes += [_failures(name, one) for name, one in families.items() if one["n_failed"]]
    before = sum(one["n_before"] for one in families.values())
    if before:
        notes.append(f"{before} of {sum(one['n_trials'] for one in families.values())} trials are of an earlier start.")
    short = [name for name, one in families.items() if one["n_trials"] < facts["trials"]]
    if short:
        notes.append(
            f"Stopped by --timeout {facts['timeout_cpu_s']:g} (CPU-seconds) before {facts['trials']} trials: "
            f"{', '.join(short)}."
        )
    off = [name for name, one in families.items() if not one["enabled"]]
    if off:
        notes.append(f"Switched off in the configuration, so tuned alone and not in the blend: {', '.join(off)}.")
    notes += [
        f"Not tuned, {why}: {', '.join(name for name, its in facts['not_tuned'].items() if its == why)}."
        for why in dict.fromkeys(facts["not_tuned"].values())
    ]
    if not facts["tracking"]:
        notes.append("Tracking is OFF: MLflow is not installed; the report lies in the workspace all the same.")
    notes.append(f"Trials, picture and facts: {workspace / 'tuning' / 'report'}")
    return (*notes, _next(facts, workspace))


def _failures(name: str, one: Mapping[str, Any]) -> str:
    first = next(trial for trial in one["trials"] if trial["failure"])
    return f"{name}: {one['n_failed']} of {one['n_trials']} trials failed; trial {first['number']}: {first['failure']}"


def _next(facts: Mapping[str, Any], workspace: Path) -> str:
    gain = facts["blend"]["cases"][facts["objective"]]["gain"]
    command = f"recsys train --workspace {workspace} --config {facts['config']}"
    if not any(one["best_trial"] for one in facts["families"].values()):
        return f"No family found better settings; {facts['config']} holds the configuration as it was."
    if not any(one["best_trial"] and one["enabled"] for one in facts["families"].values()):
        return (
            f"The blend is as it was: what got better is switched off. Switch it on in {facts['config']}, which has "
            f"its settings, and judge that on the test window: {command}"
        )
    if gain["high"] < 0:
        return (
            "The tuned blend is WORSE here: what is best alone need not be best together. "
            f"To judge it all the same: {command}"
        )
    if not gain["low"] > 0:
        return f"The tuned blend is not better beyond luck, even here. To judge it on the test window: {command}"
    return f"Next, judge it on the test window and make it the challenger: {command}"


def _shown(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
