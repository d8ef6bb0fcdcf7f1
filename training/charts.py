"""The charts about rankers: how good for what cost, how much better than a floor, for whom, and what they show."""

from collections.abc import Iterator

from recsys.report import Table
from training.plots import CostPoint, DotRow, Dots, Level, Mark, Tradeoff, shortened
from training.sections import (
    CASES,
    MAY_BE_LUCK,
    SIGNED,
    Chart,
    Facts,
    Section,
    gain_mark,
    metric_name,
    ranker_name,
    role_look,
)

_LEAST_COST_S = 0.001
_SLICE_KEYS = ("by", "group", "metric", "n_members", "blend", "floor", "mean", "low", "high")
_GROUPS = {
    "stage": "Stage at the cut-off",
    "orders": "Orders before the cut-off",
    "bought": "Kind of product bought",
}
_SHOWN = {
    "coverage_at_10": ("Coverage: share of the catalogue that is shown to anybody", "share, 0 to 1", ".3f"),
    "novelty_at_10": ("Novelty: how little known the shown products are", "bits; one more: half as many buyers", ".2f"),
    "gini_at_10": ("Gini: how unequally places are shared among products", "0 all alike, 1 one product has all", ".3f"),
    "price_minor_at_10": ("Price of a shown product", "{money}", ",.0f"),
    "margin_minor_at_10": ("Margin of a shown product", "{money}", ",.0f"),
}


def quality_section(facts: Facts) -> Section:
    """Quality against CPU-seconds, a chart a case."""
    intro = (
        "Each point is one way to rank: higher is better, further left is cheaper. Floors need no training and are "
        "lines."
    )
    charts = tuple(_tradeoff(facts, case) for case in facts["cases"])
    return Section("quality", "How good is the ranking, and what does it cost?", intro, charts, _no_case(charts))


def gain_section(facts: Facts) -> Section:
    """The gain of every ranker over the best floor, a chart a case."""
    intro = (
        "The best floor is the best of the simple rules on these very members: what must be beaten before a model is "
        "worth its cost."
    )
    charts = tuple(_gains(facts, case) for case in facts["cases"])
    return Section("gain", "Is it better than a simple rule?", intro, charts, _no_case(charts))


def slice_section(facts: Facts) -> Section:
    """The gain of the blend in each slice, a chart a case and metric."""
    charts = tuple(chart for case in facts["cases"] for chart in _slices(facts, case))
    intro = "The gain of our list over the best floor among some members, or on some of the products they bought."
    absent = "" if charts else "No slice has enough members to be looked at apart."
    return Section("slices", "For whom is it better?", intro, charts, absent)


def shown_section(facts: Facts) -> Section:
    """What the lists show, a chart a figure with every case in it."""
    charts = tuple(chart for name in _shown_names(facts) if (chart := _shown(facts, name)) is not None)
    intro = "What the first ten places hold, whether it was bought or not. None of these figures is better high or low."
    absent = "" if charts else "Nothing was shown to anybody, so there is nothing to describe."
    return Section("shown", "What do the lists show?", intro, charts, absent)


def _tradeoff(facts: Facts, case: str) -> Chart:
    result, metric = facts["cases"][case], facts["metric"]
    floor = result["rows"][result["best_floor"]]["metrics"][metric]
    points, levels, costless, rows = [], [], [], []
    for name, row in result["rows"].items():
        value = row["metrics"][metric]
        mark = gain_mark(row["gain"], role_look(name, row), over=floor)
        rows.append((ranker_name(name, row), value, mark.low, mark.high, row["cpu_s"], row["peak_rss_mb"]))
        if row["role"] == "floor":
            levels.append(Level(ranker_name(name), value))
        elif row["cpu_s"] is None:
            costless.append(ranker_name(name))
        else:
            cost = max(row["cpu_s"], _LEAST_COST_S)
            points.append(CostPoint(ranker_name(name), cost, Mark(value, mark.low, mark.high, mark.look)))
    quality = metric_name(metric)
    title = f"{quality} against training time, {CASES.get(case, case)}: {result['n_members']:,} members"
    reading = (
        f"Bars: the {facts['confidence']:.0%} interval of the gain, drawn above the best floor's line: a bar that does "
        "not touch that line is a difference beyond luck. Training time: CPU-seconds of one thread, of ours the sum."
    )
    if costless:
        reading += f" Not drawn, because it has no such time: {', '.join(costless)}."
    if (facts.get("reranker") or {}).get("cpu_s"):
        reading += f" The re-ranker took {facts['reranker']['cpu_s']:,.1f} CPU-seconds, which no point holds."
    columns = ("ranker", quality, "low", "high", "fit_cpu_s", "peak_rss_mb")
    formats = {"fit_cpu_s": ",.3f", "peak_rss_mb": ",.0f"}
    plot = Tradeoff(tuple(points), tuple(levels), "CPU-seconds of the fit (logarithmic)", f"{quality}, 0 to 1")
    return Chart(f"quality-{case}", title, reading, plot, Table(title, columns, tuple(rows), formats=formats))


def _gains(facts: Facts, case: str) -> Chart:
    result, quality = facts["cases"][case], metric_name(facts["metric"])
    rows = [
        DotRow(ranker_name(name), (gain_mark(row["gain"], role_look(name, row)),))
        for name, row in result["rows"].items()
    ]
    title = f"Gain over {ranker_name(result['best_floor'])}, {CASES.get(case, case)}: {result['n_members']:,} members"
    reading = (
        "Right of the dashed line: better than the best floor; left of it: worse. "
        f"Bars: {facts['confidence']:.0%} interval, the same members compared with themselves."
    )
    table = Table(
        title,
        ("ranker", "gain", "low", "high"),
        tuple(
            (ranker_name(name, row), *(row["gain"][end] for end in ("mean", "low", "high")))
            for name, row in result["rows"].items()
        ),
        formats=SIGNED,
    )
    axis = f"gain in {quality} over the best floor"
    plot = Dots(tuple(rows), axis, reference=0.0, written="+.4f", legend_note=MAY_BE_LUCK)
    return Chart(f"gain-{case}", title, reading, plot, table)


def _slices(facts: Facts, case: str) -> Iterator[Chart]:
    result = facts["cases"][case]
    for metric in dict.fromkeys(one["metric"] for one in result["slices"]):
        mine = [one for one in result["slices"] if one["metric"] == metric]
        rows: list[DotRow] = []
        for by in dict.fromkeys(one["by"] for one in mine):
            rows.append(DotRow(_group(facts, by), ()))
            rows += [
                DotRow(f"{shortened(one['group'], 18)} ({one['n_members']:,})", (gain_mark(one, "ours"),))
                for one in mine
                if one["by"] == by
            ]
        quality, members = metric_name(metric), "products" if mine[0]["by"] == "bought" else "members"
        title = f"Gain in {quality} over {ranker_name(result['best_floor'])}, by group of {members}, "
        title += CASES.get(case, case)
        reading = (
            "In brackets: members judged. Right of the dashed line our list is better than the best floor. "
            f"Bars: {facts['confidence']:.0%} interval; of many groups a few cross the line by luck alone."
        )
        table = Table(
            title,
            ("by", "group", "metric", "members", "ours", "best_floor", "gain", "low", "high"),
            tuple(tuple(quality if key == "metric" else one[key] for key in _SLICE_KEYS) for one in mine),
            formats=SIGNED,
        )
        axis = f"gain in {quality} over the best floor"
        plot = Dots(tuple(rows), axis, reference=0.0, written="+.4f", legend_note=MAY_BE_LUCK)
        yield Chart(f"slices-{case}-{metric}", title, reading, plot, table)


def _group(facts: Facts, by: str) -> str:
    if by == "tier":
        return "Tier at the cut-off" if facts.get("programme_id") else "Tier (today's)"
    return _GROUPS.get(by, by.capitalize())


def _shown(facts: Facts, name: str) -> Chart | None:
    title, unit, written = _SHOWN.get(name, (name.replace("_", " ").capitalize(), "", ",.4f"))
    axis = unit.format(money=f"minor units of {facts['currency']}" if facts.get("currency") else "minor units")
    rows, lines = [], []
    for ranker, row in _rankers(facts).items():
        values = {case: _shown_of(facts, case, ranker).get(name) for case in facts["cases"]}
        marks = tuple(Mark(value, None, None, case) for case, value in values.items() if value is not None)
        if marks:
            rows.append(DotRow(ranker_name(ranker), marks))
        lines.append((ranker_name(ranker, row), *values.values()))
    if not rows:
        return None
    columns = ("ranker", *(CASES.get(case, case) for case in facts["cases"]))
    table = Table(f"{title}, {axis}", columns, tuple(lines), formats=dict.fromkeys(columns, written))
    plot = Dots(tuple(rows), axis, from_zero=True, written=written)
    return Chart(f"shown-{name}", title, _READINGS.get(name, ""), plot, table)


_READINGS = {
    "coverage_at_10": "Of all products on sale at the cut-off, those that at least one member is shown.",
    "novelty_at_10": "A product that half of the buying members had bought has one bit; one in a thousand, ten.",
    "gini_at_10": "Best sellers alone come close to one; a list of one's own for each member is lower.",
    "price_minor_at_10": "Mean over the places. A product's price is the median paid for a unit before the cut-off.",
    "margin_minor_at_10": "Mean over the places whose cost is known: that price less the cost of a unit at the ingest.",
}


def _shown_names(facts: Facts) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            name for case in facts["cases"].values() for row in case["rows"].values() for name in row["shown"]
        )
    )


def _rankers(facts: Facts) -> dict[str, Facts]:
    return {name: row for case in facts["cases"].values() for name, row in case["rows"].items()}


def _shown_of(facts: Facts, case: str, ranker: str) -> Facts:
    row: Facts = facts["cases"][case]["rows"].get(ranker, {})
    shown: Facts = row.get("shown", {})
    return shown


def _no_case(charts: tuple[Chart, ...]) -> str:
    return "" if charts else "No member bought anything on sale in the test window, so nothing could be judged."
