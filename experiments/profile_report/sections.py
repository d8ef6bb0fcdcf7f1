"""What a page is put together from: sections of charts, tables and sentences, or the reason why there are none."""

from dataclasses import dataclass

from recsys.report import Table
from training.plots import Plot
from training.sections import Chart

Block = Chart | Table | str


@dataclass(frozen=True, slots=True)
class Absent:
    """A part of the report that there is nothing to say about."""

    reason: str


@dataclass(frozen=True, slots=True)
class PageSection:
    """
    The answer to one question.

    Attributes:
        name: The anchor in the page.
        title: The question.
        intro: What a reader must know first; where there are no blocks, why not.
        blocks: Charts, tables that need no chart, sentences; in the order of the page.
    """

    name: str
    title: str
    intro: str
    blocks: tuple[Block, ...] = ()


def chart_of(name: str, plot: Plot, table: Table, reading: str) -> Chart:
    """A chart with the title of its table."""
    return Chart(name, table.title, reading, plot, table)
