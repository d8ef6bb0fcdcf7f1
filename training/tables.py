"""What was judged, as tables for people: one a case, one of the folds, one of the slices."""

from features.purchases import instant
from recsys.report import Table
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from training.beyond_accuracy import SHOWN
from training.evaluate import BLEND, METRIC, METRICS, CaseResult, Row
from training.pipeline import Judgement
from training.summary import CASE_TITLES, role_of

_SPARE = (
    "ndcg_full_at_10",
    "margin_minor_at_10",
    "gini_at_10",
    "novelty_at_10",
    "price_minor_at_10",
    "mrr_at_10",
    "map_at_10",
    "hit_rate_at_10",
    "coverage_at_10",
    "peak_rss_mb",
    "recall_at_20",
    "fit_cpu_s",
)
"""Columns that a narrow terminal does without, the first to go first."""

_FORMATS = {"novelty_at_10": ".2f", "price_minor_at_10": ",.0f", "margin_minor_at_10": ",.0f", "fit_cpu_s": ",.1f"}

_CASES_IN_SHORT = {"all": "with repeats", "explore": "new products"}


def evaluation_tables(judgement: Judgement) -> tuple[Table, ...]:
    """One table a case, floors first; one of the folds where there are several; one of the slices."""
    days = (judgement.split.end - judgement.split.test_at) / SECONDS_PER_DAY
    windows = f"Mean of {len(judgement.folds)} test windows" if judgement.folds else "Test window"
    tables = [_case_table(case, f"{windows} of {days:g} days") for case in judgement.cases]
    if judgement.folds:
        tables.append(_fold_table(judgement))
    if any(case.slices for case in judgement.cases):
        tables.append(_slice_table(judgement.cases))
    return tuple(tables)


def _case_table(case: CaseResult, windows: str) -> Table:
    title = f"{windows}, {CASE_TITLES[case.name]}: {case.n_members} members"
    columns = ("ranker", *METRICS, *SHOWN, "gain", "low", "high", "fit_cpu_s", "peak_rss_mb")
    rows = tuple(
        (
            f"{row.name} (best floor)" if row.name == case.best_floor else f"{row.name} ({role_of(row.name)})",
            *(row.metrics[name] for name in METRICS),
            *(row.shown[name] for name in SHOWN),
            row.gain.mean,
            row.gain.low,
            row.gain.high,
            "" if row.cpu_s is None else round(row.cpu_s, 1),
            "" if row.peak_rss_mb is None else round(row.peak_rss_mb),
        )
        for row in case.rows
    )
    return Table(title, columns, rows, spare=_SPARE, formats=_FORMATS)


def _fold_table(judgement: Judgement) -> Table:
    rows = []
    for fold in judgement.folds:
        for case in fold.cases:
            row_of: dict[str, Row] = {row.name: row for row in case.rows}
            ours, floor = row_of[BLEND], row_of[case.best_floor]
            window = (_day(fold.split.test_at), _day(fold.split.end))
            quality = (ours.metrics[METRIC], floor.metrics[METRIC], case.best_floor)
            gain = (ours.gain.mean, ours.gain.low, ours.gain.high)
            rows.append((*window, _CASES_IN_SHORT[case.name], case.n_members, *quality, *gain))
    columns = ("from", "to", "case", "members", "blend", "floor", "best floor", "gain", "low", "high")
    return Table(f"{METRIC} in each fold", columns, tuple(rows), spare=("to", "best floor", "floor"))


def _slice_table(cases: tuple[CaseResult, ...]) -> Table:
    shown = ("by", "group", "metric", "n_members", "blend", "floor", "mean", "low", "high")
    rows = tuple((_CASES_IN_SHORT[case.name], *(one[name] for name in shown)) for case in cases for one in case.slices)
    columns = ("case", "by", "group", "metric", "members", "blend", "best floor", "gain", "low", "high")
    return Table("Slices: members by tier, stage, orders; products bought", columns, rows, spare=("metric",))


def _day(at: EpochSeconds) -> str:
    return f"{instant(at):%Y-%m-%d}"
