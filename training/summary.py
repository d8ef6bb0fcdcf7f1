"""What was judged, as facts for programs and the publish gate, and as tables for people."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from recsys.report import Table
from recsys.types import SECONDS_PER_DAY
from training.config import TrainConfig
from training.evaluate import BLEND, FLOORS, METRIC, METRICS, CaseResult, Row
from training.pipeline import Judgement

FORMAT = 1

_SPARE = ("mrr_at_10", "map_at_10", "hit_rate_at_10", "coverage_at_10", "peak_rss_mb", "recall_at_20", "fit_cpu_s")
"""Columns that a narrow terminal does without, the first to go first."""

CASE_TITLES = {"all": "repeats allowed", "explore": "products the member never bought"}

_CASES_IN_SHORT = {"all": "with repeats", "explore": "new products"}


def evaluation_facts(judgement: Judgement, config: TrainConfig, seed: int) -> dict[str, Any]:
    """The whole evaluation, JSON-able; what the sidecar file and the MLflow run hold and `publish` reads."""
    return {
        "format": FORMAT,
        "metric": METRIC,
        "seed": seed,
        "split": asdict(judgement.split),
        "holdout_days": config.evaluation.holdout_days,
        "confidence": config.evaluation.confidence,
        "weights": dict(judgement.weights),
        "dataset_digest": judgement.dataset_digest,
        "n_left_out": judgement.n_left_out,
        "gate": config.gate.model_dump(),
        "cases": {case.name: _case_facts(case) for case in judgement.cases},
    }


def flat_metrics(facts: Mapping[str, Any]) -> dict[str, float]:
    """One name a figure, as MLflow wants it: ``all.blend.ndcg_at_10``."""
    flat: dict[str, float] = {}
    for case, result in facts["cases"].items():
        flat[f"{case}.n_members"] = float(result["n_members"])
        for name, row in result["rows"].items():
            figures = row["metrics"] | {"coverage_at_10": row["coverage_at_10"]}
            figures |= {f"gain_{end}": row["gain"][end] for end in ("mean", "low", "high")}
            figures |= {key: row[key] for key in ("cpu_s", "peak_rss_mb") if row[key] is not None}
            flat |= {f"{case}.{name}.{key}": float(value) for key, value in figures.items()}
    return flat


def evaluation_tables(judgement: Judgement) -> tuple[Table, ...]:
    """One table a case, floors first, and one of the tiers."""
    days = (judgement.split.end - judgement.split.test_at) / SECONDS_PER_DAY
    tables = [_case_table(case, days) for case in judgement.cases]
    slices = [(_CASES_IN_SHORT[case.name], *one.values()) for case in judgement.cases for one in case.slices]
    if slices:
        columns = ("case", "tier", "members", "blend", "best floor", "gain", "low", "high")
        tables.append(Table(f"{METRIC} by today's tier", columns, tuple(slices)))
    return tuple(tables)


def evaluation_notes(judgement: Judgement, config: TrainConfig) -> tuple[str, ...]:
    """What a reader must know to read the tables rightly."""
    share = f"{config.evaluation.confidence:.0%}"
    notes = [
        f"gain: {METRIC} less the best floor's, with the {share} interval of resampling members (paired).",
        "The blend was chosen on the window before; the test window was scored once. "
        "Earlier days know no tiers, so the models judged here had none.",
    ]
    new = next((case for case in judgement.cases if case.name == "explore"), None)
    if new is not None:
        notes += new_products_warning(next(row.gain.high for row in new.rows if row.name == BLEND), new.best_floor)
    if judgement.n_left_out:
        notes.append(
            f"Left out, because they withdrew or were erased since the ingest: {judgement.n_left_out} members."
        )
    sampled = [case for case in judgement.cases if case.n_members < case.n_eligible]
    notes += [
        f"{CASE_TITLES[case.name].capitalize()}: {case.n_members} of {case.n_eligible} members, drawn at random."
        for case in sampled
    ]
    if config.lightfm.enabled and judgement.n_pairs > config.lightfm.max_pairs:
        notes.append(
            f"lightfm learnt from {config.lightfm.max_pairs} of {judgement.n_pairs} pairs of member and product, drawn "
            "at random (lightfm.max_pairs)."
        )
    unreachable = [case for case in judgement.cases if case.share_reachable < 1]
    if unreachable:
        notes.append(f"{1 - unreachable[0].share_reachable:.1%} of what was bought was not yet on sale at the cut-off.")
    missing = set(CASE_TITLES) - {case.name for case in judgement.cases}
    notes += [f"No member of the window has the case: {CASE_TITLES[name]}." for name in sorted(missing)]
    return tuple(notes)


def new_products_warning(gain_high: float, best_floor: str | None = None) -> tuple[str, ...]:
    """
    One line where the blend surely shows members worse new products than a floor would.

    Args:
        gain_high: The upper end of the interval of the blend's gain over the best floor, products new to the member.
        best_floor: Its name, where it is known.
    """
    if not gain_high < 0:
        return ()
    floor = f"the best floor, {best_floor}," if best_floor else "the best floor"
    return (
        f"WARNING: among products new to the member the blend is worse than {floor} beyond luck (its gain's interval "
        f"ends at {gain_high:.4f}): whoever shows new products is better served by that floor.",
    )


def _case_facts(case: CaseResult) -> dict[str, Any]:
    return {
        "n_members": case.n_members,
        "n_eligible": case.n_eligible,
        "share_reachable": case.share_reachable,
        "best_floor": case.best_floor,
        "rows": {row.name: _row_facts(row) for row in case.rows},
        "slices": [dict(one) for one in case.slices],
    }


def _row_facts(row: Row) -> dict[str, Any]:
    return {
        "role": _role(row.name),
        "metrics": dict(row.metrics),
        "coverage_at_10": row.coverage_at_10,
        "gain": asdict(row.gain),
        "cpu_s": row.cpu_s,
        "peak_rss_mb": row.peak_rss_mb,
    }


def _role(name: str) -> str:
    return "floor" if name in FLOORS else "ours" if name == BLEND else "source"


def _case_table(case: CaseResult, days: float) -> Table:
    title = f"Test window of {days:g} days, {CASE_TITLES[case.name]}: {case.n_members} members"
    columns = ("ranker", *METRICS, "coverage_at_10", "gain", "low", "high", "fit_cpu_s", "peak_rss_mb")
    rows = tuple(
        (
            f"{row.name} (best floor)" if row.name == case.best_floor else f"{row.name} ({_role(row.name)})",
            *(row.metrics[name] for name in METRICS),
            row.coverage_at_10,
            row.gain.mean,
            row.gain.low,
            row.gain.high,
            "" if row.cpu_s is None else round(row.cpu_s, 1),
            "" if row.peak_rss_mb is None else round(row.peak_rss_mb),
        )
        for row in case.rows
    )
    return Table(title, columns, rows, spare=_SPARE, formats={"fit_cpu_s": ",.1f"})
