"""Which members, and which of the products they bought, an evaluation looks at apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.value import order_history
from recsys import metrics
from recsys.members import Members
from recsys.types import STAGES, Rows
from training.as_of_ingest import AsOfIngest
from training.cases import Case

MIN_MEMBERS = 30
"""A slice of fewer members is left out: an interval of so few means little."""
ORDER_BANDS = (0, 1, 2, 5)
"""Orders before the cut-off: none, one, two to four, five and more."""
COLD_BUYERS = 5
"""A product with fewer buyers before the cut-off, but at least one, is cold."""
HOT_SHARE = 0.2
"""This share of the products sold before the cut-off, those with the most buyers, is hot; cold ones are never."""
TEMPERATURES = ("unsold", "cold", "warm", "hot")

_TEMPERATURE_METRIC = "recall_at_10"


@dataclass(frozen=True, slots=True)
class Grouping:
    """
    Members in groups.

    Attributes:
        by: What groups them.
        labels: One a group.
        code: Shape (n_members,): row in ``labels``.
    """

    by: str
    labels: tuple[str, ...]
    code: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Slice:
    """
    The figures of some members, or of some of the products they bought.

    Attributes:
        by, group: For example ``tier`` and ``gold``.
        metric: Of the figures.
        figures: By ranker, shape (g,): one a member of the slice.
    """

    by: str
    group: str
    metric: str
    figures: Mapping[str, NDArray[np.float64]]


def member_groupings(dataset: Dataset, members: Members, known: AsOfIngest) -> tuple[Grouping, ...]:
    """
    By tier, by lifecycle stage as of the cut-off, and by number of orders before the cut-off.

    With a programme a member's tier is that of the cut-off by its rules; without one, earlier tiers are not known, and
    it is today's.
    """
    n_orders = order_history(dataset).n_orders
    ends = (*(start - 1 for start in ORDER_BANDS[1:]), None)
    bands = tuple(_band(start, end) for start, end in zip(ORDER_BANDS, ends, strict=True))
    band = (np.searchsorted(ORDER_BANDS, n_orders, side="right") - 1).astype(np.int8)
    return (
        Grouping("tier", known.tiers, known.tier if dataset.programme is None else members.tier),
        Grouping("stage", tuple(str(stage) for stage in STAGES), members.stage),
        Grouping("orders", bands, band),
    )


def temperatures(members: Members, n_products: int) -> NDArray[np.int8]:
    """
    Shape (n_products,): position in TEMPERATURES, from what was sold before the cut-off.

    Unsold: nobody had bought it. Cold: fewer than COLD_BUYERS had. Hot: among the share HOT_SHARE of the products sold
    that have the most buyers, equal numbers by product row, unless cold. Warm: the others.
    """
    n_buyers = np.bincount(members.purchased.values, minlength=n_products)
    n_hot = round(HOT_SHARE * int((n_buyers > 0).sum()))
    code = np.full(n_products, TEMPERATURES.index("warm"), dtype=np.int8)
    code[np.argsort(-n_buyers, kind="stable")[:n_hot]] = TEMPERATURES.index("hot")
    code[n_buyers < COLD_BUYERS] = TEMPERATURES.index("cold")
    code[n_buyers == 0] = TEMPERATURES.index("unsold")
    return code


def slices_of_members(
    groupings: tuple[Grouping, ...], case: Case, figures: Mapping[str, NDArray[np.float64]], metric: str
) -> list[Slice]:
    """The members of the case by group, which may be empty; *figures* by ranker, shape (m,)."""
    slices = []
    for grouping in groupings:
        code = grouping.code[case.members]
        for place, label in enumerate(grouping.labels):
            theirs = {name: figure[code == place] for name, figure in figures.items()}
            slices.append(Slice(grouping.by, label, metric, theirs))
    return slices


def slices_of_products(temperature: NDArray[np.int8], case: Case, lists: Mapping[str, Rows]) -> list[Slice]:
    """
    Recall@10 of the bought products of each temperature, over the members who bought any of it.

    Args:
        temperature: Shape (n_products,), as `temperatures` gives it.
        case: Whose truth.
        lists: By ranker, shape (m, at least 10 where there is so much to show).
    """
    first = {name: listed[:, :10] for name, listed in lists.items()}
    hit = {name: metrics.hits(rows, case.truth, len(case.keep)) for name, rows in first.items()}
    slices = []
    for place, label in enumerate(TEMPERATURES):
        chosen = temperature == place
        n_true = np.bincount(case.truth.owners()[chosen[case.truth.values]], minlength=len(case.truth)).astype(np.int64)
        figures = {
            name: metrics.recall(hit[name] & chosen[rows], n_true, 10)[n_true > 0] for name, rows in first.items()
        }
        slices.append(Slice("bought", label, _TEMPERATURE_METRIC, figures))
    return slices


def _band(start: int, end: int | None) -> str:
    return f"{start}+" if end is None else str(start) if start == end else f"{start}-{end}"
