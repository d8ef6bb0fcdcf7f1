"""Public randomised tests of promotions as arrays: who was shown what, and what followed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from experiments.benchmarks.sequence_cases import read_columns
from recsys.errors import SourceError
from training.response.trial import Bools, Floats, Numbers, Trial

HILLSTROM, STARBUCKS = "hillstrom.parquet", "experiment.parquet"

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
"""The names of Hillstrom's arms; the place is the arm's number, 0 is no_offer."""

_ZIPS, _CHANNELS = ("Urban", "Surburban", "Rural"), ("Phone", "Web", "Multichannel")
_MAIL_COLUMNS = ("recency", "history", "mens", "womens", "newbie", "zip_code", "channel", "segment", "visit", "spend")
_TRAITS = tuple(f"V{number}" for number in range(1, 8))


@dataclass(frozen=True, slots=True)
class MailTest:
    """
    Hillstrom's test (2008): three arms of a third each.

    Attributes:
        features: Shape (n, k).
        names: Of the k features.
        arm: Shape (n,): place in ARMS.
        visit: Shape (n,): 0 or 1, came to the shop's site within two weeks.
        spend: Shape (n,), USD within two weeks.
    """

    features: Floats
    names: tuple[str, ...]
    arm: Numbers
    visit: Floats
    spend: Floats

    def __len__(self) -> int:
        return len(self.arm)

    def take(self, rows: Bools) -> "MailTest":
        """Some of the rows."""
        return MailTest(self.features[rows], self.names, self.arm[rows], self.visit[rows], self.spend[rows])


@dataclass(frozen=True, slots=True)
class PromotionTest:
    """A test of one promotion, cut in two by its publisher: choices on ``train``, one look at ``test``."""

    train: Trial
    test: Trial


def read_mail_test(folder: Path) -> MailTest:
    """
    Read ``hillstrom.parquet``.

    Raises:
        SourceError: A column is missing, or an arm is not one of ARMS.
    """
    rows = read_columns(folder / HILLSTROM, _MAIL_COLUMNS)
    shown = rows["segment"].cast(pl.String)
    unknown = sorted(set(shown.unique()) - set(ARMS))
    if unknown:
        raise SourceError(f"{folder / HILLSTROM} has the segments {', '.join(unknown)}; they must be {', '.join(ARMS)}")
    numbers = ("recency", "history", "mens", "womens", "newbie")
    named = {name: rows[name].to_numpy().astype(np.float64) for name in numbers}
    for column, values in (("zip_code", _ZIPS), ("channel", _CHANNELS)):
        text = rows[column].cast(pl.String)
        named |= {f"{column}_{value.lower()}": (text == value).to_numpy().astype(np.float64) for value in values}
    return MailTest(
        features=np.column_stack(list(named.values())),
        names=tuple(named),
        arm=shown.replace_strict({name: arm for arm, name in enumerate(ARMS)}).to_numpy().astype(np.int64),
        visit=rows["visit"].to_numpy().astype(np.float64),
        spend=rows["spend"].to_numpy().astype(np.float64),
    )


def read_promotion_test(folder: Path) -> PromotionTest:
    """
    Read ``experiment.parquet``: an even draw, whose ``split`` is train or test.

    Raises:
        SourceError: A column is missing, or a part has no rows.
    """
    rows = read_columns(folder / STARBUCKS, (*_TRAITS, "Promotion", "purchase", "split"))
    split = rows["split"].cast(pl.String)
    parts = []
    for name in ("train", "test"):
        part = rows.filter(split == name)
        if not len(part):
            raise SourceError(f"{folder / STARBUCKS} has no rows with split == {name}; it needs train and test")
        parts.append(_promotion_trial(part))
    return PromotionTest(parts[0], parts[1])


def _promotion_trial(rows: pl.DataFrame) -> Trial:
    return Trial(
        features=rows.select(_TRAITS).to_numpy().astype(np.float64),
        names=_TRAITS,
        treated=rows["Promotion"].to_numpy() == 1,
        probability=np.full(len(rows), 0.5),
        outcome=rows["purchase"].to_numpy().astype(np.float64),
    )
