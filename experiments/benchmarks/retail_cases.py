"""Public receipts as two windows, one that chooses and one that judges, read through the product's own ingest."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from features.dataset import Dataset, read_truth
from features.ingest import ingest_source
from features.sources.base import Source
from features.sources.mapping import Mapping
from features.sources.registry import open_source
from features.sources.tables import TablesSource
from features.workspace import Workspace
from recsys.errors import NotEnoughDataError, SourceError
from recsys.policy.reading.load import default_policy_text
from recsys.report import Progress
from recsys.types import SECONDS_PER_DAY, EpochSeconds, Rows
from training.leaks import read_before

RECEIPTS = "transactions.parquet"
EARLY_AND_LAST = Path("raw_two_year") / "baskets_early_and_last.parquet"
_PRODUCTS = "products.parquet"
_DAY_0 = datetime(2000, 1, 1, tzinfo=UTC)
_LONG_AFTER = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_LISTED = {"product_id", "product_category", "manufacturer_id"}
_PARTS = {"household_key", "BASKET_ID", "DAY", "PRODUCT_ID", "part"}


@dataclass(frozen=True, slots=True)
class Window:
    """
    What may be known, and what was bought then.

    Attributes:
        dataset: Facts before the window.
        member, product: Shape (n,): rows of what the dataset's members bought in it.
        n_unknown: Members who bought in it and of whom the dataset knows nothing; they are not asked about.
    """

    dataset: Dataset
    member: Rows
    product: Rows
    n_unknown: int


@dataclass(frozen=True, slots=True)
class RetailSet:
    """
    A folder.

    Attributes:
        form: ``receipts`` or ``early_and_last``.
        validation, test: The blend is chosen on the first, the second is looked at once.
    """

    form: str
    validation: Window
    test: Window


def read_retail_set(folder: Path, work: Path, *, validation_days: int, test_days: int, progress: Progress) -> RetailSet:
    """
    Read a folder of one of two forms.

    * ``transactions.parquet`` as `features.sources.online_retail` describes it: the last *test_days* are the test, the
      *validation_days* before them the validation; models learn from all that is earlier.
    * ``raw_two_year/baskets_early_and_last.parquet`` (``household_key``, ``BASKET_ID``, ``DAY``, ``PRODUCT_ID``,
      ``part``): the baskets of the part ``early`` are what may be known; ``last_valid`` and ``last_test`` hold the last
      basket of two halves of the households. Where ``products.parquet`` (``product_id``, ``product_category``,
      ``manufacturer_id``) lies beside, it is the catalogue.

    Args:
        folder: The folder.
        work: An empty folder, for the workspace.
        validation_days, test_days: Of the first form.
        progress: Told of the ingest.

    Raises:
        SourceError: The folder has neither form, or columns are missing.
        NotEnoughDataError: A window is empty.
    """
    if (folder / EARLY_AND_LAST).is_file():
        return _early_and_last(folder, work, progress)
    if (folder / RECEIPTS).is_file():
        return _receipts(folder, work, (validation_days, test_days), progress)
    raise SourceError(f"{folder} has neither {RECEIPTS} nor {EARLY_AND_LAST}; give a folder such as online_retail")


def _receipts(folder: Path, work: Path, days: tuple[int, int], progress: Progress) -> RetailSet:
    workspace = _ingested(open_source("online_retail", str(folder)), work, progress)
    end = workspace.now
    test_at = end - days[1] * SECONDS_PER_DAY
    validation_at = test_at - days[0] * SECONDS_PER_DAY
    return RetailSet(
        "receipts",
        _between(workspace, validation_at, test_at),
        _between(workspace, test_at, end),
    )


def _between(workspace: Workspace, start: EpochSeconds, stop: EpochSeconds) -> Window:
    dataset = read_before(workspace, start)
    bought = read_truth(workspace, dataset.member_ids, dataset.product_ids, start, stop)
    with workspace.reading():
        window = workspace.read_table("purchases", ["member_id", "purchased_at"]).collect()
    at = window["purchased_at"].dt.epoch("s")
    buyers = window.filter((at >= start) & (at < stop))["member_id"].unique().to_list()
    n_unknown = int((dataset.member_ids.rows(buyers) < 0).sum())
    return Window(dataset, bought.member, bought.product, n_unknown)


def _early_and_last(folder: Path, work: Path, progress: Progress) -> RetailSet:
    lines = pl.read_parquet(folder / EARLY_AND_LAST)
    _check_columns(folder / EARLY_AND_LAST, lines, _PARTS)
    lines = lines.with_columns(pl.col("part").cast(pl.String))
    raw = work / "raw"
    raw.mkdir(parents=True)
    early = lines.filter(pl.col("part") == "early")
    _write_early(early, raw)
    known = early["PRODUCT_ID"].unique()
    catalogue = folder / _PRODUCTS
    listed = pl.read_parquet(catalogue) if catalogue.is_file() else None
    if listed is not None:
        _check_columns(catalogue, listed, _LISTED)
    _catalogue(listed, known).write_parquet(raw / _PRODUCTS)
    workspace = _ingested(TablesSource(str(raw), _mapping()), work / "workspace", progress)
    dataset = read_before(workspace, workspace.now)
    return RetailSet("early_and_last", *(_last(lines, part, dataset) for part in ("last_valid", "last_test")))


def _check_columns(file: Path, found: pl.DataFrame, needed: set[str]) -> None:
    missing = sorted(needed - set(found.columns))
    if missing:
        raise SourceError(f"{file} lacks the columns {', '.join(missing)}; give a file that has them")


def _last(lines: pl.DataFrame, part: str, dataset: Dataset) -> Window:
    last = lines.filter(pl.col("part") == part)
    member = dataset.member_ids.rows(last["household_key"].cast(pl.String).to_list())
    product = dataset.product_ids.rows(last["PRODUCT_ID"].cast(pl.String).to_list())
    known = (member >= 0) & (product >= 0)
    if not known.any():
        raise NotEnoughDataError(f"no household of {part} has an early basket; check the column part")
    n_unknown = last["household_key"].n_unique() - len(np.unique(member[member >= 0]))
    return Window(dataset, member[known], product[known], n_unknown)


def _write_early(early: pl.DataFrame, raw: Path) -> None:
    early.select(
        member_id=pl.col("household_key").cast(pl.String),
        product_id=pl.col("PRODUCT_ID").cast(pl.String),
        order_id=pl.col("BASKET_ID").cast(pl.String),
        purchased_at=pl.lit(int(_DAY_0.timestamp())) + pl.col("DAY") * SECONDS_PER_DAY,
    ).write_parquet(raw / "purchases.parquet")


def _catalogue(products: pl.DataFrame | None, sold: pl.Series) -> pl.DataFrame:
    """Every product that is listed or was sold early; what is not listed has no category and no brand."""
    bare = pl.DataFrame({"product_id": sold.cast(pl.String)})
    if products is None:
        return bare.with_columns(pl.lit(None, pl.String).alias("category"), pl.lit(None, pl.String).alias("brand"))
    listed = products.select(
        product_id=pl.col("product_id").cast(pl.String),
        category=pl.col("product_category").cast(pl.String),
        brand=pl.col("manufacturer_id").cast(pl.String),
    ).unique("product_id", keep="first", maintain_order=True)
    return pl.concat([listed, bare.join(listed, on="product_id", how="anti")], how="diagonal")


def _mapping() -> Mapping:
    """How the files that `_early_and_last` writes are canonical tables; the set is anonymous, as online_retail is."""
    agreed = {
        "consent_personalisation": True,
        "consent_email": False,
        "consent_push": False,
        "consent_sms": False,
        "points": 0,
    }
    same = {name: name for name in ("product_id", "category", "brand")}
    bought = {name: name for name in ("member_id", "product_id", "order_id", "purchased_at")}
    tables = {
        "members": {
            "source": "purchases.parquet",
            "columns": {"member_id": "member_id"},
            "constants": agreed,
            "distinct": True,
        },
        "products": {"source": _PRODUCTS, "columns": same},
        "purchases": {
            "source": "purchases.parquet",
            "columns": bought,
            "constants": {"quantity": 1, "paid_minor": 0, "discount_minor": 0},
            "timestamps": "epoch_s",
        },
    }
    return Mapping.model_validate({"currency": "USD", "tiers": ("member",), "tables": tables})


def _ingested(source: Source, out: Path, progress: Progress) -> Workspace:
    policy = default_policy_text(source.tiers, source.currency)
    return ingest_source(source, out, now=_LONG_AFTER, policy=policy, progress=progress).workspace
