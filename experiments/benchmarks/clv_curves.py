"""Calibration curves of the benchmark of lifetime value, as pictures beside its tables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.figures import write_png
from training.plots import Bins, Mark

_KINDS = {"orders": "members order", "products": "members buy the product or category again"}


def write_curves(facts: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
    """
    Draw what happened against what was foretold: of silence, and of orders and products within each horizon.

    Args:
        facts: Of a report of `experiments.benchmarks.clv`.
        folder: Made where it is absent; pictures of the same set are replaced.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, title, bins in _curves(facts):
        file = folder / f"calibration-{facts['set']}-{name}.png"
        write_png(_plot(bins), file, title=f"{facts['set']}: {title}")
        files.append(file)
    return tuple(files)


def _curves(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Mapping[str, float]]]]:
    if "silence" in facts:
        yield "silence", "chance that a member buys nothing in the held-out part", facts["silence"]["bins"]
    for kind, happens in _KINDS.items():
        for horizon, curve in facts.get(kind, {}).get("calibration", {}).items():
            yield f"{kind}-{horizon}", f"chance that {happens} within {horizon} days", curve["bins"]


def _plot(bins: Sequence[Mapping[str, float]]) -> Bins:
    """Ten parts of about equal size; the bars are the 95 % interval of the share that happened."""
    columns = [tuple(one.values()) for one in bins]
    curve = tuple(
        (float(predicted), Mark(float(happened), float(low), float(high), "before"))
        for _, predicted, happened, low, high in columns
    )
    counts = tuple(float(cases) for cases, *_ in columns)
    note = "Bars: 95 % intervals if cases were independent."
    return Bins((curve,), counts, "chance foretold", "share in which it happened", note)
