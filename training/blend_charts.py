"""The charts about what is served: the blend and its re-ranker, the chances that meet money, and windows in time."""

from math import isfinite

from recsys.report import Table
from training.plots import LOOKS, Bins, DotRow, Dots, Mark, Timeline
from training.rankings import BLEND
from training.sections import (
    CASES,
    MAY_BE_LUCK,
    SIGNED,
    Chart,
    Facts,
    Section,
    day,
    gain_mark,
    metric_name,
    ranker_name,
    window,
)


def blend_section(facts: Facts) -> Section:
    """Weights of the sources, and what the re-ranker was worth."""
    title = "Weights of the sources in the blend"
    weights = sorted(facts["weights"].items(), key=lambda pair: (-pair[1], pair[0]))
    rows = tuple(DotRow(ranker_name(name), (Mark(weight, None, None, "weight"),)) for name, weight in weights)
    lines = tuple((ranker_name(name), weight) for name, weight in weights)
    table = Table(title, ("source", "weight"), lines, formats={"weight": ".4g"})
    reading = "Each source adds its weight divided by (60 + the place it gives the product); the sums are the order."
    charts = [Chart("weights", title, reading, Dots(rows, "weight", from_zero=True, written=".3g"), table)]
    stage = facts.get("reranker")
    if stage and stage.get("gains"):
        charts.append(_reranker(facts, stage))
    intro = f"Chosen on the window before the test window, so that the test window chose nothing.{_of_which(facts)}"
    return Section(
        "blend", "What is our list made of?", intro, tuple(charts) if weights else (), "No source was blended."
    )


def reliability_section(facts: Facts) -> Section:
    """Predicted chances against what happened, a chart a chance."""
    calibration = facts.get("calibration") or {}
    charts = tuple(_reliability(name, one) for name, one in calibration.items() if _bins(one))
    intro = (
        "The worth of an offer is a chance times money, so a chance must be right and not only in the right order: "
        "where 10 in 100 are foretold, 10 in 100 should happen."
        f"{_of_which(facts)}"
    )
    absent = ""
    if not charts:
        absent = (
            "The predicted chances were not held against what happened in this evaluation, so how far they can be "
            "trusted is not known from it."
            if not calibration
            else "No outcome of the test window could be held against a predicted chance: "
            + "; ".join(f"{one['of']}: {one['reason']}" for one in calibration.values())
            + "."
        )
    return Section("reliability", "Can the predicted chances be trusted?", intro, charts, absent)


def fold_section(facts: Facts) -> Section:
    """The blend and the best floor in each test window, a chart a case."""
    folds = facts.get("folds") or ()
    cases = [case for case in facts["cases"] if sum(case in fold["cases"] for fold in folds) > 1]
    charts = tuple(_timeline(facts, case) for case in cases)
    intro = "Each window was judged by models that knew only what was before it."
    absent = (
        ""
        if charts
        else "There is one test window. Whether the gain holds in others is not known; the option --folds of "
        "recsys evaluate judges several, one after another."
    )
    return Section("folds", "Does it hold over time?", intro, charts, absent)


def _of_which(facts: Facts) -> str:
    return " Shown is the last of the windows." if len(facts.get("folds") or ()) > 1 else ""


def _reranker(facts: Facts, stage: Facts) -> Chart:
    title = f"Re-ranker against simpler rankers on the validation window: {stage['n_members']:,} members"
    rows = tuple(
        DotRow(f"over {ranker_name(name)}", (gain_mark(gain, "ours"),)) for name, gain in stage["gains"].items()
    )
    gains = {name: tuple(gain[end] for end in ("mean", "low", "high")) for name, gain in stage["gains"].items()}
    quality = metric_name(facts["metric"])
    lines = tuple(
        (ranker_name(name), value, *gains.get(name, (None, None, None)))
        for name, value in (stage.get("ndcg_at_10") or dict.fromkeys(gains)).items()
    )
    table = Table(title, ("ranker", quality, "gain", "low", "high"), lines, formats=SIGNED)
    reading = f"{'Served' if stage['shipped'] else 'Not served'}: {stage['reason']}."
    plot = Dots(rows, f"gain in {quality}", reference=0.0, written="+.4f", legend_note=MAY_BE_LUCK)
    return Chart("reranker", title, reading, plot, table)


def _bins(one: Facts) -> list[Facts]:
    tested = one.get("test") or {}
    return list((tested.get("after") or {}).get("bins") or ())


def _reliability(name: str, one: Facts) -> Chart:
    after, before = one["test"]["after"], one["test"]["before"]
    title = f"Chance that {one['of']}"
    shown = {"before": before, "after": after} if one["applied"] else {"before": before}
    curves = tuple(
        tuple((each["predicted"], Mark(each["happened"], each["low"], each["high"], look)) for each in found["bins"])
        for look, found in shown.items()
    )
    lines = tuple(
        (LOOKS[look].label, each["predicted"], each["happened"], each["low"], each["high"], each["n_trials"])
        for look, found in shown.items()
        for each in found["bins"]
    )
    error = f"Mean distance from the line: {_number(before['calibration_error'])} as predicted"
    if one["applied"]:
        error += f", {_number(after['calibration_error'])} as corrected"
    reading = (
        f"On the dashed line what was foretold happened; below it too much was foretold. {error} "
        f"({'corrected' if one['applied'] else 'not corrected'}: {one['reason']}). "
        "Bars: 95% interval of the share; at the bottom: cases in a bin."
    )
    columns = ("chance", "predicted", "happened", "low", "high", "cases")
    table = Table(title, columns, lines, formats={"cases": ",.0f"})
    counts = tuple(each["n_trials"] for each in shown[list(shown)[-1]]["bins"])
    plot = Bins(curves, counts, "predicted chance", "share in which it happened")
    return Chart(f"reliability-{name}", title, reading, plot, table)


def _timeline(facts: Facts, case: str) -> Chart:
    metric = facts["metric"]
    folds = [fold for fold in facts["folds"] if case in fold["cases"]]
    ours, floors, lines = [], [], []
    for fold in folds:
        result = fold["cases"][case]
        row, floor = result["rows"][BLEND], result["rows"][result["best_floor"]]["metrics"][metric]
        ours.append(gain_mark(row["gain"], "ours", over=floor))
        floors.append(Mark(floor, None, None, "floor"))
        figures = (row["metrics"][metric], floor, ranker_name(result["best_floor"]))
        gain = tuple(row["gain"][end] for end in ("mean", "low", "high"))
        lines.append((window(fold["split"]), result["n_members"], *figures, *gain))
    title = f"{metric_name(metric)} in each test window, {CASES.get(case, case)}"
    reading = (
        f"Bars: the {facts['confidence']:.0%} interval of the gain, drawn above that window's best floor; where it "
        "does not touch the floor's mark the difference is beyond luck. Floors may differ from window to window."
    )
    columns = ("window", "members", "ours", "best_floor", "which", "gain", "low", "high")
    labels = tuple(day(fold["split"]["test_at"]) for fold in folds)
    quality = f"{metric_name(metric)}, 0 to 1"
    plot = Timeline(labels, (tuple(floors), tuple(ours)), "first day of the window", quality, MAY_BE_LUCK)
    return Chart(f"folds-{case}", title, reading, plot, Table(title, columns, tuple(lines), formats=SIGNED))


def _number(value: float | None) -> str:
    return "not known" if value is None or not isfinite(value) else f"{value:.4f}"
