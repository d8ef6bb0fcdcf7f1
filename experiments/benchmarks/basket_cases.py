"""Public next-basket folders as cases: histories, labels to learn from, and the members who are judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.errors import NotEnoughDataError, SourceError
from training.baskets import Baskets, Labels

_MEMBER_COLUMNS = ("user_id", "user_key")
_TRAIN, _VALIDATION, _TEST = ("train",), ("val", "validate", "valid"), ("test",)


@dataclass(frozen=True, slots=True)
class Case:
    """
    One question: who buys what next.

    Products are numbered by the number of baskets of the histories that hold them, then by their id, so that the rule
    of all scorers, equal scores by product row, is here: by global popularity, then id.

    Attributes:
        name: Of the fold.
        baskets: Histories, of members who are not judged too.
        labels: What members who are not judged bought next; absent where the form names none.
        judged: Members with a history, and their next basket.
    """

    name: str
    baskets: Baskets
    labels: Labels | None
    judged: Labels


@dataclass(frozen=True, slots=True)
class BasketSet:
    """
    A folder.

    Attributes:
        form: Which of the three forms it has.
        validation, test: One case each a fold; settings are chosen on the first, the second is looked at once.
    """

    form: str
    validation: tuple[Case, ...]
    test: tuple[Case, ...]


def read_basket_set(folder: Path) -> BasketSet:
    """
    Read ``baskets.parquet``: ``user_id`` (or ``user_key``), ``basket_no``, ``item_id`` and how it is split.

    * ``from_end``: 0 is the test basket, 1 the validation basket; all that is earlier is history.
    * ``is_target`` and a ``user_folds.parquet`` with ``fold``, ``user_id``, ``role``: the target baskets of train
      members are labels, those of val and test members are judged.
    * ``is_target`` and ``role`` in the same file: as one fold.

    Raises:
        SourceError: A file or column is missing, or the columns fit no form.
        NotEnoughDataError: A split judges nobody who has a history.
    """
    lines = _read(folder / "baskets.parquet", ("basket_no", "item_id"))
    column = next((name for name in _MEMBER_COLUMNS if name in lines.columns), None)
    if column is None:
        raise SourceError(f"{folder / 'baskets.parquet'} has no member column; name it {' or '.join(_MEMBER_COLUMNS)}")
    lines = lines.rename({column: "user_id"}).drop_nulls(["user_id", "basket_no", "item_id"])
    if "from_end" in lines.columns:
        test, validation = (_by_position(lines, at) for at in (0, 1))
        return BasketSet("from_end", (validation,), (test,))
    if "is_target" not in lines.columns:
        raise SourceError(f"{folder / 'baskets.parquet'} has neither from_end nor is_target; it needs one of them")
    if (folder / "user_folds.parquet").exists():
        folds = _read(folder / "user_folds.parquet", ("fold", "user_id", "role"))
        return _by_member("user_folds", lines, folds)
    if "role" not in lines.columns:
        raise SourceError(f"{folder} has is_target but no role column and no user_folds.parquet; add one of them")
    roles = lines.select(pl.lit(0).alias("fold"), "user_id", pl.col("role")).unique()
    return _by_member("role", lines, roles)


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{path} cannot be read: {error}; the folder needs it as Parquet") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise SourceError(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns)}")
    return frame


def _by_position(lines: pl.DataFrame, position: int) -> Case:
    asked = f"from_end {position}"
    history, next_one = lines.filter(pl.col("from_end") > position), lines.filter(pl.col("from_end") == position)
    members, products = _numbering(lines, history)
    baskets = _baskets(history, members, products)
    return Case(asked, baskets, None, _labels(next_one, members, products, baskets, members, asked))


def _by_member(form: str, lines: pl.DataFrame, roles: pl.DataFrame) -> BasketSet:
    history, targets = lines.filter(~pl.col("is_target")), lines.filter(pl.col("is_target"))
    members, products = _numbering(lines, history)
    baskets = _baskets(history, members, products)
    validation, test = [], []
    for fold in sorted(roles["fold"].unique().to_list()):
        role = roles.filter(pl.col("fold") == fold).with_columns(pl.col("role").cast(pl.String))

        def labels(names: Sequence[str], role: pl.DataFrame = role, fold: int = fold) -> Labels:
            chosen = np.unique(role.filter(pl.col("role").is_in(names))["user_id"].to_numpy())
            return _labels(targets, members, products, baskets, chosen, f"{names[0]} in fold {fold}")

        known = labels(_TRAIN)
        validation.append(Case(f"fold {fold}", baskets, known, labels(_VALIDATION)))
        test.append(Case(f"fold {fold}", baskets, known, labels(_TEST)))
    return BasketSet(form, tuple(validation), tuple(test))


def _numbering(lines: pl.DataFrame, history: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids of members ascending; ids of products by popularity in the histories, then id."""
    distinct = history.select("user_id", "basket_no", "item_id").unique()
    ids = np.unique(lines["item_id"].to_numpy())
    counts = np.bincount(np.searchsorted(ids, distinct["item_id"].to_numpy()), minlength=len(ids))
    return np.unique(lines["user_id"].to_numpy()), ids[np.lexsort((ids, -counts))]


def _baskets(lines: pl.DataFrame, members: NDArray[np.int64], products: NDArray[np.int64]) -> Baskets:
    order = np.argsort(products)
    return Baskets.of(
        np.searchsorted(members, lines["user_id"].to_numpy()),
        lines["basket_no"].to_numpy(),
        order[np.searchsorted(products[order], lines["item_id"].to_numpy())],
        n_members=len(members),
        n_products=len(products),
    )


def _labels(
    targets: pl.DataFrame,
    members: NDArray[np.int64],
    products: NDArray[np.int64],
    histories: Baskets,
    chosen: NDArray[np.int64],
    asked: str,
) -> Labels:
    """The target baskets of the chosen members who have both a target and a history."""
    truth = _baskets(targets, members, products).lists()
    has = np.isin(members, chosen) & (truth.lengths() > 0) & (histories.n_baskets() > 0)
    rows = np.flatnonzero(has).astype(np.int32)
    if not len(rows):
        raise NotEnoughDataError(f"{asked}: no member has both a history and a basket after it; check the split")
    return Labels(rows, truth.take(rows))
