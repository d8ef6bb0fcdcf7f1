"""The leak alarm: what a model is given is looked at once more, whatever code gave it."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from features.dataset import Dataset, LeftOut
from features.purchases import instant
from features.workspace import Workspace
from recsys.errors import LeakError
from recsys.types import EpochSeconds

_DATED = {
    "members": ("joined_at",),
    "exposures": ("at", "exposed_at"),
    "redemptions": ("at", "redeemed_at"),
    "events": ("at",),
    "returns": ("at", "bought_at"),
    "points_entries": ("at",),
    "tier_changes": ("at",),
}
_AS_OF_INGEST = {"members": ("tier",), "products": ("price_minor", "cost_minor", "stock")}


def read_before(workspace: Workspace, cut_off: EpochSeconds, *, left_out: LeftOut | None = None) -> Dataset:
    """
    `Dataset.read`, and the alarm on what it gave.

    Raises:
        InputError: As `Dataset.read`.
        LeakError: As `check_dataset`.
    """
    dataset = Dataset.read(workspace, cut_off, left_out=left_out)
    check_dataset(dataset, cut_off, now=workspace.now)
    return dataset


def check_dataset(dataset: Dataset, cut_off: EpochSeconds, *, now: EpochSeconds) -> None:
    """
    Find every table of a dataset to be strictly before the cut-off (law 9).

    Looked at are the instants of purchases, exposures, redemptions, events, returns, points, tiers and of joining; and,
    where the cut-off is before the ingest, that nothing is there which is known as of the ingest only. What was worked
    out elsewhere from later facts and carries no instant cannot be found here; that refitting on a history that ends at
    the cut-off gives the same models is tested.

    Args:
        dataset: What a model is about to learn from.
        cut_off: The first instant that the model must not know.
        now: The first instant that the workspace does not know.

    Raises:
        LeakError: Names the tables and the latest instant in each.
    """
    problems = [*_wrong_cut_off(dataset, cut_off), *_late(dataset, cut_off)]
    problems += _from_ingest(dataset) if cut_off < now else []
    if problems:
        raise LeakError(
            f"what models would learn from is not strictly before the cut-off {cut_off} ({_text(cut_off)}): "
            f"{'; '.join(problems)}. Figures measured with it would be too good: nothing was fitted. Read it with "
            "features.dataset.Dataset.read, and take out what was added to it"
        )


def _wrong_cut_off(dataset: Dataset, cut_off: EpochSeconds) -> Iterator[str]:
    if dataset.cut_off != cut_off:
        yield f"the dataset's own cut-off is {dataset.cut_off} ({_text(dataset.cut_off)})"


def _late(dataset: Dataset, cut_off: EpochSeconds) -> Iterator[str]:
    late = dataset.purchases.at >= cut_off
    if late.any():
        yield f"purchases: {int(late.sum())} lines, the latest at {_text(int(dataset.purchases.at.max()))}"
    for table, columns in _DATED.items():
        frame: pl.DataFrame = getattr(dataset, table)
        for column in columns:
            at = _epochs(frame[column])
            n_late = int((at >= cut_off).sum())
            if n_late:
                yield f"{table}.{column}: {n_late} rows, the latest at {_text(int(at.max()))}"


def _from_ingest(dataset: Dataset) -> Iterator[str]:
    for table, columns in _AS_OF_INGEST.items():
        frame: pl.DataFrame = getattr(dataset, table)
        for column in columns:
            if frame[column].null_count() < frame.height:
                yield f"{table}.{column} holds values, which are known as of the ingest only"
    if (dataset.members["points"] != 0).any():
        yield "members.points holds balances, which are known as of the ingest only"


def _epochs(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    known = column.drop_nulls()
    return np.asarray((known if known.dtype.is_integer() else known.dt.epoch("s")).to_numpy(), dtype=np.int64)


def _text(at: EpochSeconds) -> str:
    return f"{instant(at):%Y-%m-%d %H:%M:%S}Z"
