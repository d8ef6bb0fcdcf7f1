"""What is said about an evaluation: nothing left out silently, and a sure loss among new products never passed over."""

import json
from dataclasses import replace

import numpy as np
import pytest

from training.beyond_accuracy import SHOWN
from training.bootstrap import Interval
from training.config import TrainConfig
from training.evaluate import BLEND, FLOORS, METRICS, CaseResult, Row
from training.pipeline import Judgement
from training.split import Split
from training.summary import evaluation_facts, evaluation_notes, flat_metrics, new_products_warning
from training.tables import evaluation_tables

NAMES = (*FLOORS, "als", BLEND)
SLICE = {
    "by": "stage", "group": "active", "metric": "ndcg_at_10", "n_members": 40, "blend": 0.3, "floor": 0.2,
    "mean": 0.1, "low": 0.05, "high": 0.15,
}  # fmt: skip


def judged(*, margin: float | None = 55.0, price: float | None = 120.0, n_small: int = 0) -> Judgement:
    """One case whose rankers have figures of their own: ranker i has metric j as (10 i + j) / 100."""
    shown = dict(zip(SHOWN, (0.5, 7.25, 0.8, price, margin), strict=True))
    rows = tuple(
        Row(
            name=name,
            metrics={metric: (10 * place + number) / 100 for number, metric in enumerate(METRICS)},
            shown=shown,
            gain=Interval(0.01, 0.0, 0.02),
            cpu_s=1.5 if name in ("als", BLEND) else None,
            peak_rss_mb=100.0 if name in ("als", BLEND) else None,
        )
        for place, name in enumerate(NAMES)
    )
    case = CaseResult(
        name="all",
        n_members=60,
        n_eligible=60,
        share_reachable=1.0,
        best_floor=FLOORS[1],
        rows=rows,
        slices=(SLICE,),
        per_member={name: np.zeros(60) for name in NAMES},
        members=np.arange(60, dtype=np.int32),
        n_small_slices=n_small,
    )
    return Judgement(Split(0, 86_400, 2 * 86_400), {"als": 1.0}, (case,), "d", n_left_out=0, n_pairs=9)


def test_facts_hold_every_figure_and_both_definitions_of_ndcg() -> None:
    facts = json.loads(json.dumps(evaluation_facts(judged(margin=None), TrainConfig(), 3)))
    als = facts["cases"]["all"]["rows"]["als"]
    assert als["role"] == "source"
    assert als["metrics"] == dict(zip(METRICS, (0.3, 0.31, 0.32, 0.33, 0.34, 0.35, 0.36), strict=True))
    assert (als["metrics"]["ndcg_at_10"], als["metrics"]["ndcg_full_at_10"]) == (0.3, 0.36)
    assert als["shown"]["novelty_at_10"] == 7.25
    assert als["shown"]["margin_minor_at_10"] is None
    assert facts["cases"]["all"]["slices"] == [SLICE]


def test_one_fold_is_listed_as_a_fold_too() -> None:
    facts = evaluation_facts(judged(), TrainConfig(), 3)
    (fold,) = facts["folds"]
    assert (fold["split"], fold["weights"]) == (facts["split"], facts["weights"])
    whole = facts["cases"]["all"]["rows"][BLEND]
    assert fold["cases"]["all"]["rows"][BLEND] == {key: whole[key] for key in ("metrics", "shown", "gain")}


def test_flat_figures_leave_out_what_is_absent() -> None:
    flat = flat_metrics(evaluation_facts(judged(margin=None), TrainConfig(), 3))
    assert flat["all.blend.novelty_at_10"] == 7.25
    assert flat["all.als.ndcg_full_at_10"] == 0.36
    assert "all.als.margin_minor_at_10" not in flat
    assert "all.popular_7_days.cpu_s" not in flat


def test_a_table_has_every_figure_and_a_narrow_terminal_keeps_what_decides() -> None:
    table = evaluation_tables(judged())[0]
    assert {*METRICS, *SHOWN} <= set(table.columns)
    kept = [column for column in table.columns if column not in table.spare]
    assert kept == ["ranker", "ndcg_at_10", "recall_at_10", "gain", "low", "high"]
    assert set(table.spare) < set(table.columns)
    assert [row[0] for row in table.rows][1:] == [
        f"{FLOORS[1]} (best floor)",
        f"{FLOORS[2]} (floor)",
        "als (source)",
        "blend (ours)",
    ]


def test_the_table_of_slices_names_what_each_is_and_its_metric() -> None:
    table = evaluation_tables(judged())[1]
    assert table.rows == (("with repeats", "stage", "active", "ndcg_at_10", 40, 0.3, 0.2, 0.1, 0.05, 0.15),)


@pytest.mark.parametrize(
    ("price", "margin", "said"),
    [
        (None, None, "No price: nothing that was shown"),
        (9.0, None, "No margin: the costs of what was shown are not known"),
        (9.0, 3.0, "less the cost as of the ingest"),
    ],
)
def test_the_notes_say_where_prices_and_margins_come_from_or_why_not(
    price: float | None, margin: float | None, said: str
) -> None:
    notes = evaluation_notes(judged(price=price, margin=margin), TrainConfig())
    assert sum(said in note for note in notes) == 1


def test_small_slices_are_counted_and_none_is_no_note() -> None:
    assert any(note.endswith("are in them: 7.") for note in evaluation_notes(judged(n_small=7), TrainConfig()))
    assert not any("Slices left out" in note for note in evaluation_notes(judged(), TrainConfig()))


def test_the_notes_say_whether_tiers_are_those_of_then() -> None:
    without = " ".join(evaluation_notes(judged(), TrainConfig()))
    ruled = replace(judged(), programme_id="abc")
    said = " ".join(evaluation_notes(ruled, TrainConfig()))
    assert "so the models judged here had none" in without
    assert "tier is today's, stage and orders" in without
    assert "Tiers of earlier days are those of then by the programme's rules" in said
    assert "tier (by the programme's rules), stage and orders are as of the cut-off" in said
    assert "today's, " not in said
    assert evaluation_facts(ruled, TrainConfig(), 3)["programme_id"] == "abc"


@pytest.mark.parametrize("gain_high", [0.0, 0.01, float("nan")])
def test_a_loss_that_may_be_luck_is_no_warning(gain_high: float) -> None:
    assert new_products_warning(gain_high, "popular_7_days") == ()


def test_a_sure_loss_among_new_products_is_one_line_with_the_floor() -> None:
    (line,) = new_products_warning(-0.0123, "popular_7_days")
    assert line.startswith("WARNING")
    assert "popular_7_days" in line
    assert "-0.0123" in line
    assert "\n" not in line
