"""What was judged, as facts for programs and the publish gate, and in sentences for people."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from recsys.reasons import RERANKED_SOURCE
from training.calibration import CHANCES, NO_OUTCOME, calibration_facts
from training.config import TrainConfig
from training.evaluate import BLEND, FLOORS, METRIC, CaseResult, Row
from training.pipeline import Judgement
from training.second_stage import POOL_DEPTH, RRF, WEIGHTED, StageFinding
from training.slices import COLD_BUYERS, HOT_SHARE, MIN_MEMBERS

FORMAT = 2

CASE_TITLES = {"all": "repeats allowed", "explore": "products the member never bought"}


def evaluation_facts(judgement: Judgement, config: TrainConfig, seed: int) -> dict[str, Any]:
    """
    The whole evaluation, JSON-able; what the sidecar file and the MLflow run hold and `publish` reads.

    Over several folds ``split``, ``weights`` and ``dataset_digest`` are the last one's and ``cases`` are about all of
    them; ``folds`` lists each, also where there is one.
    """
    return {
        "format": FORMAT,
        "metric": METRIC,
        "seed": seed,
        "split": asdict(judgement.split),
        "holdout_days": config.evaluation.holdout_days,
        "confidence": config.evaluation.confidence,
        "weights": dict(judgement.weights),
        "dataset_digest": judgement.dataset_digest,
        "programme_id": judgement.programme_id,
        "n_left_out": judgement.n_left_out,
        "gate": config.gate.model_dump(),
        "cases": {case.name: _case_facts(case) for case in judgement.cases},
        "folds": [_fold_facts(fold) for fold in judgement.folds or (judgement,)],
        "reranker": judgement.finding.facts(),
        "calibration": calibration_facts(judgement.corrections, judgement.checked),
    }


def flat_metrics(facts: Mapping[str, Any]) -> dict[str, float]:
    """One name a figure, as MLflow wants it: ``all.blend.ndcg_at_10``."""
    second = facts["reranker"]
    flat = {"reranker.shipped": float(second["shipped"]), "reranker.cpu_s": second["cpu_s"]}
    flat |= {f"validation.{name}.ndcg_at_10": value for name, value in (second["ndcg_at_10"] or {}).items()}
    for name, one in facts["calibration"].items():
        for when, found in (one["test"] or {}).items():
            flat |= {f"calibration.{name}.{when}.{key}": found[key] for key in ("calibration_error", "brier")}
    for case, result in facts["cases"].items():
        flat[f"{case}.n_members"] = float(result["n_members"])
        for name, row in result["rows"].items():
            figures = row["metrics"] | {key: value for key, value in row["shown"].items() if value is not None}
            figures |= {f"gain_{end}": row["gain"][end] for end in ("mean", "low", "high")}
            figures |= {key: row[key] for key in ("cpu_s", "peak_rss_mb") if row[key] is not None}
            flat |= {f"{case}.{name}.{key}": float(value) for key, value in figures.items()}
    return flat


def evaluation_notes(judgement: Judgement, config: TrainConfig) -> tuple[str, ...]:
    """What a reader must know to read the tables rightly."""
    share = f"{config.evaluation.confidence:.0%}"
    notes = [
        f"gain: {METRIC} less the best floor's, with the {share} interval of resampling members (paired).",
        f"The blend was chosen on the window before; the test window was scored once. {_tiers_of_then(judgement)}",
        *_fold_notes(judgement),
        *_slice_notes(judgement),
        *_money_notes(judgement),
        *_second_stage_notes(judgement.finding),
        *_calibration_notes(judgement),
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


def role_of(ranker: str) -> str:
    """``floor``, ``source``, or ``ours`` for what is made of the sources."""
    return "floor" if ranker in FLOORS else "ours" if ranker in (RRF, WEIGHTED, RERANKED_SOURCE, BLEND) else "source"


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


def _fold_notes(judgement: Judgement) -> tuple[str, ...]:
    if not judgement.folds:
        return ()
    return (
        f"Every figure is the mean over {len(judgement.folds)} folds, each with models and a blend of its own. "
        "Intervals resample members within folds: they speak of these windows, and say little of later ones.",
    )


def _tiers_of_then(judgement: Judgement) -> str:
    if judgement.programme_id:
        return (
            "Tiers of earlier days are those of then by the programme's rules, with what the retailer had granted by "
            "then; the shipped models have those that the retailer records today."
        )
    return "Earlier days know no tiers without a programme file, so the models judged here had none."


def _tier_of_slices(judgement: Judgement) -> str:
    if judgement.programme_id:
        return "tier (by the programme's rules), stage and orders are as of the cut-off."
    return "tier is today's, stage and orders are as of the cut-off."


def _slice_notes(judgement: Judgement) -> tuple[str, ...]:
    notes = []
    if any(case.slices for case in judgement.cases):
        notes.append(
            f"Slices: {_tier_of_slices(judgement)} Bought products: unsold before the "
            f"cut-off, cold (fewer than {COLD_BUYERS} buyers), hot (the {HOT_SHARE:.0%} with the most buyers), warm."
        )
    n_small = sum(case.n_small_slices for case in judgement.cases)
    if n_small:
        notes.append(f"Slices left out, because fewer than {MIN_MEMBERS} members are in them: {n_small}.")
    return tuple(notes)


def _money_notes(judgement: Judgement) -> tuple[str, ...]:
    shown = [row.shown for case in judgement.cases for row in case.rows]
    if all(figures["price_minor_at_10"] is None for figures in shown):
        return ("No price: nothing that was shown had been sold for money before the cut-off.",)
    price = (
        "price: of a shown place, minor units; earlier list prices are not known, so a product's price is the median "
        "that a unit was paid before the cut-off."
    )
    if all(figures["margin_minor_at_10"] is None for figures in shown):
        return (f"{price} No margin: the costs of what was shown are not known.",)
    return (f"{price} margin: that less the cost as of the ingest, over places whose cost is known.",)


def _second_stage_notes(finding: StageFinding) -> tuple[str, ...]:
    served = "is served (reranked)" if finding.shipped else "is not served"
    ceiling = ""
    if finding.pool_recall is not None:
        ceiling = (
            f" The first {POOL_DEPTH} of plain rank fusion (rrf) hold {finding.pool_recall_at_100:.1%} of what was "
            f"bought then, all candidates {finding.pool_recall:.1%}: no order can find more. It took "
            f"{finding.cpu_s:.1f} CPU-seconds."
        )
    return (f"The second stage {served}. On the validation window: {finding.reason}.{ceiling}",)


def _calibration_notes(judgement: Judgement) -> tuple[str, ...]:
    notes = []
    for name, one in judgement.checked.items():
        found = judgement.corrections.get(name)
        if found is not None and found.curve is not None:
            notes.append(
                f"The chance that {CHANCES[name]} is corrected: on the test window its mean distance from what "
                f"happened is {one.after.calibration_error:.4f} instead of {one.before.calibration_error:.4f}."
            )
        else:
            notes.append(
                f"The chance that {CHANCES[name]} is not corrected ({found.reason if found else NO_OUTCOME}); its mean "
                f"distance from what happened on the test window is {one.before.calibration_error:.4f}."
            )
    return tuple(notes)


def _fold_facts(fold: Judgement) -> dict[str, Any]:
    return {
        "split": asdict(fold.split),
        "weights": dict(fold.weights),
        "dataset_digest": fold.dataset_digest,
        "cases": {
            case.name: {
                "n_members": case.n_members,
                "best_floor": case.best_floor,
                "rows": {row.name: _figures(row) for row in case.rows},
            }
            for case in fold.cases
        },
    }


def _case_facts(case: CaseResult) -> dict[str, Any]:
    return {
        "n_members": case.n_members,
        "n_eligible": case.n_eligible,
        "share_reachable": case.share_reachable,
        "best_floor": case.best_floor,
        "rows": {row.name: _row_facts(row) for row in case.rows},
        "slices": [dict(one) for one in case.slices],
        "n_small_slices": case.n_small_slices,
    }


def _row_facts(row: Row) -> dict[str, Any]:
    return {"role": role_of(row.name)} | _figures(row) | {"cpu_s": row.cpu_s, "peak_rss_mb": row.peak_rss_mb}


def _figures(row: Row) -> dict[str, Any]:
    return {"metrics": dict(row.metrics), "shown": dict(row.shown), "gain": asdict(row.gain)}
