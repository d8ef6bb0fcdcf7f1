"""What the settings and arrays of a bundle must be, so that no decision ever meets anything else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recsys.errors import BundleError
from recsys.loyalty.worth import NO_TIER_WORTH, TierWorth
from recsys.offers.definitions import ALL_CHANNELS, BASES, NO_GROUP, STACKINGS, TRIGGERS
from recsys.profile import ColumnSpec
from recsys.types import NO_OFFER, OFFER_KINDS, STAGES, UNKNOWN_ROW, Consent

_LARGEST_MINOR = 10**12
"""No amount of money is larger, so that integers hold its product with any share in millionths."""

_TEXT_ROWS_AT_ONCE = 1 << 16
_SHOWN = 200
"""Of a wrong value no more characters are told."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Minor = Annotated[int, Field(ge=0, le=_LARGEST_MINOR)]


class StrangerSettings(BaseModel):
    """What is assumed of a member nobody knows."""

    model_config = ConfigDict(frozen=True)
    orders_per_day: Annotated[Finite, Field(ge=0)]
    basket_minor: Minor
    margin_rate: Annotated[Finite, Field(ge=-1, le=1)]


class ProfileSettings(BaseModel):
    """Features of members beyond those that decisions always need: what they are, and what their codes stand for."""

    model_config = ConfigDict(frozen=True)
    columns: Annotated[tuple[ColumnSpec, ...], Field(max_length=512)] = ()
    names: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _names_of_codes(self) -> Self:
        repeated = [name for name, n in Counter(spec.name for spec in self.columns).items() if n > 1]
        if repeated:
            raise ValueError(f"the column {repeated[0]!r} is there twice")
        for spec in self.columns:
            if spec.dtype not in ("int8", "int32", "int64", "float32", "bool"):
                raise ValueError(f"the column {spec.name!r} has the type {spec.dtype!r}")
            if spec.names is not None and spec.high >= len(self.names.get(spec.names, ())):
                raise ValueError(f"the codes of {spec.name!r} go to {spec.high:g}, beyond the names of {spec.names!r}")
        return self


class BundleSettings(BaseModel):
    """
    The settings of a manifest that decisions need.

    Attributes:
        tiers: Low to high.
        categories, brands: One name a row.
        source_weights: By source, in the order of the blend.
        horizon_days: Of the offers' response.
        learner: How it was learnt.
        point_worth_minor: What the programme owes for one point, in minor units.
        tier_worth: What each tier costs; of no tiers where it is not known.
        profile: Further features of members, none in bundles of before there were any.
    """

    model_config = ConfigDict(frozen=True)
    tiers: Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    source_weights: Annotated[dict[str, Annotated[Finite, Field(ge=0)]], Field(max_length=64)]
    horizon_days: Annotated[Finite, Field(gt=0)]
    learner: Annotated[str, Field(min_length=1, max_length=64)] = "cells"
    stranger: StrangerSettings
    point_worth_minor: Annotated[Finite, Field(ge=0)] = 0.0
    tier_worth: TierWorth = NO_TIER_WORTH
    profile: ProfileSettings = ProfileSettings()

    @model_validator(mode="after")
    def _worth_of_every_tier(self) -> Self:
        for name, column in (("share", self.tier_worth.share), ("yearly_minor", self.tier_worth.yearly_minor)):
            if len(column) not in (0, len(self.tiers)) or not all(map(isfinite, column)):
                raise ValueError(f"tier_worth.{name} is {column}; one finite number a tier is due, or none at all")
        return self


@dataclass(frozen=True, slots=True)
class Column:
    """
    What one array must be.

    Attributes:
        dtype: ``bytes`` means text of any width.
        shape: A number or the name of a length; a name that nothing has defined yet is free, and then the same for all.
        low, high: Smallest and largest value, no NaN among them; the name of a length means rows below it. Absent
            means any value at all.
    """

    dtype: str
    shape: tuple[int | str, ...]
    low: float | None = None
    high: float | str | None = None


def _columns(prefix: str, length: str, **columns: tuple[str, float | None, float | str | None]) -> dict[str, Column]:
    return {f"{prefix}.{name}": Column(dtype, (length,), low, high) for name, (dtype, low, high) in columns.items()}


_MONEY = ("int64", 0, _LARGEST_MINOR)
_MONEY_IF_KNOWN = ("int64", -1, _LARGEST_MINOR)
_COUNT = ("int32", 0, np.iinfo(np.int32).max)
_INSTANT = ("int64", None, None)
_TEXT = ("bytes", None, None)
_MOST_DAYS = np.iinfo(np.int16).max
_NUMBER = ("int16", NO_GROUP, _MOST_DAYS)
_PER_CELL = ("stages", "tiers", "offers")
_OWN = ("members", "groups of offers")

COLUMNS: Mapping[str, Column] = {
    **_columns("products", "products", ids=_TEXT, names=_TEXT, price_minor=_MONEY_IF_KNOWN, cost_minor=_MONEY_IF_KNOWN),
    **_columns("products", "products", category=("int32", UNKNOWN_ROW, "categories")),
    **_columns("products", "products", brand=("int32", UNKNOWN_ROW, "brands"), stock=("int32", -1, _COUNT[2])),
    **_columns("products", "products", sale_from=_INSTANT, sale_until=_INSTANT, repeat_rate=("float32", 0, 1)),
    **_columns("members", "members", ids=_TEXT, tier=("int8", 0, "tiers"), stage=("int8", 0, "stages")),
    **_columns("members", "members", consent=("uint8", 0, sum(Consent)), segment=("int16", -1, "segments")),
    **_columns("members", "members", birth_month=("int8", 0, 12), points=("int64", None, None), basket_minor=_MONEY),
    **_columns("members", "members", orders_per_day=("float32", 0, 1e6), margin_rate=("float32", -1, 1)),
    **_columns("members", "purchases", purchased_at=_INSTANT),
    "members.purchased.values": Column("int32", ("purchases",), 0, "products"),
    **_columns("offers", "offers", ids=_TEXT, names=_TEXT, kind=("int8", 0, len(OFFER_KINDS) - 1), amount_minor=_MONEY),
    **_columns("offers", "offers", percent_bp=("int32", 0, 10_000), multiplier_bp=("int32", 10_000, 1_000_000)),
    **_columns("offers", "offers", min_spend_minor=_MONEY, contact_cost_minor=_MONEY, budget_minor=_MONEY_IF_KNOWN),
    **_columns("offers", "offers", buy_quantity=("int32", 0, 1_000), get_quantity=("int32", 0, 1_000)),
    **_columns("offers", "offers", valid_from=_INSTANT, valid_until=_INSTANT, tier_mask=("uint16", None, None)),
    **_columns("offers", "offers", per_member_limit=_COUNT, scope_empty=("bool", None, None)),
    **_columns("offers", "offers", max_discount_minor=_MONEY_IF_KNOWN, total_limit=_MONEY_IF_KNOWN),
    **_columns("offers", "offers", channel_mask=("uint8", 0, ALL_CHANNELS), base=("int8", 0, len(BASES) - 1)),
    **_columns("offers", "offers", stacking=("int8", 0, len(STACKINGS) - 1), stacking_group=_NUMBER),
    **_columns("offers", "offers", stacking_priority=("int16", None, None), points_cost=_MONEY, ladder=_NUMBER),
    **_columns("offers", "offers", trigger=("int8", 0, len(TRIGGERS) - 1), trigger_days=("int16", 0, _MOST_DAYS)),
    "offers.scope.values": Column("int32", ("scoped products",), 0, "products"),
    "neighbours.products": Column("int32", ("products", "neighbours"), UNKNOWN_ROW, "products"),
    "neighbours.scores": Column("float32", ("products", "neighbours")),
    "similar.products": Column("int32", ("products", "similar"), UNKNOWN_ROW, "products"),
    "similar.scores": Column("float32", ("products", "similar")),
    "together.products": Column("int32", ("products", "together"), UNKNOWN_ROW, "products"),
    "together.scores": Column("float32", ("products", "together")),
    "popular_in_category.products": Column("int32", ("categories", "popular there"), UNKNOWN_ROW, "products"),
    "popular_in_category.scores": Column("float32", ("categories", "popular there")),
    "popular.products": Column("int32", ("popular lists", "popular products"), UNKNOWN_ROW, "products"),
    "popular.scores": Column("float32", ("popular lists", "popular products")),
    "response.uplift": Column("float32", _PER_CELL, -1, 1),
    "response.uplift_sd": Column("float32", _PER_CELL, 0, 1e6),
    "response.redeem": Column("float32", _PER_CELL, 0, 1),
    "response.member_uplift": Column("float16", _OWN, -1, 1),
    "response.member_uplift_sd": Column("float16", _OWN, 0, 60_000),
    "response.member_redeem": Column("float16", _OWN, 0, 60_000),
    "response.group": Column("int16", ("offers",), NO_GROUP, "groups of offers"),
    "response.p_order": Column("float32", ("members",)),
    "response.borrowed": Column("float32", ("offers",), 0, 1),
    "response.scope_affinity": Column("float16", ("members", "offers"), 0, 1),
    "response.measured": Column("bool", ("offers",)),
}


def read_settings(settings: Mapping[str, Any], where: str) -> BundleSettings:
    """
    Check the settings of a bundle; *where* is what messages call it.

    Raises:
        BundleError: One is missing or not what it must be.
    """
    try:
        return BundleSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(step) for step in first["loc"])
        if first["type"] == "missing":
            raise BundleError(f"bundle {where}: the setting {name!r} is missing; train again") from error
        raise BundleError(
            f"bundle {where}: the setting {name!r} is {repr(first['input'])[:_SHOWN]}: {first['msg']}; train again"
        ) from error


def check_arrays(arrays: Mapping[str, NDArray[Any]], settings: BundleSettings, where: str) -> None:
    """
    Check every array that decisions read: its type, its shape against the others, and its values.

    Reads them all once. Scores of lists are not read where only their order counts; those of related products are
    added up, so they must be numbers.

    Raises:
        BundleError: One is missing or not what `COLUMNS` says.
    """
    columns = dict(COLUMNS)
    for source in settings.source_weights:
        shape = ("members", f"candidates of {source}")
        columns[f"candidates.{source}.products"] = Column("int32", shape, UNKNOWN_ROW, "products")
        columns[f"candidates.{source}.scores"] = Column("float32", shape)
    for spec in settings.profile.columns:
        columns[f"profile.{spec.name}"] = Column(spec.dtype, ("members",))
    lists = {"members.purchased": "members", "offers.scope": "offers"}
    missing = sorted({*columns, *(f"{name}.indptr" for name in lists)} - set(arrays))
    if missing:
        raise BundleError(f"bundle {where} has no array {missing[0]!r}; train again with this version")
    if not _length(arrays["popular.products"]):
        raise BundleError(f"bundle {where}: popular.products has no row, not even of everybody; train again")
    lengths = {
        **{name: _length(arrays[f"{name}.ids"]) for name in ("products", "members", "offers")},
        "stages": len(STAGES),
        "tiers": len(settings.tiers),
        "categories": len(settings.categories),
        "brands": len(settings.brands),
        "segments": _length(arrays["popular.products"]) - 1,
    }
    for name, column in columns.items():
        _check_column(arrays[name], column, lengths, f"bundle {where}: {name}")
    for spec in settings.profile.columns:
        if not spec.holds(arrays[f"profile.{spec.name}"]):
            raise BundleError(
                f"bundle {where}: profile.{spec.name} has a value outside {spec.low:g} to {spec.high:g} that does not "
                "mean unknown; train again"
            )
    for name in ("similar", "together"):
        _check_scores(arrays[f"{name}.products"], arrays[f"{name}.scores"], f"bundle {where}: {name}.scores")
    for name, owners in lists.items():
        _check_indptr(
            arrays[f"{name}.indptr"], lengths[owners], len(arrays[f"{name}.values"]), f"bundle {where}: {name}"
        )
    for name in ("products", "members", "offers"):
        _check_ids(arrays[f"{name}.ids"], f"bundle {where}: {name}.ids")


def _length(array: NDArray[Any]) -> int:
    return array.shape[0] if array.ndim else 0


def _check_column(array: NDArray[Any], column: Column, lengths: dict[str, int], what: str) -> None:
    is_text = column.dtype == "bytes"
    if array.dtype.kind != "S" if is_text else array.dtype != np.dtype(column.dtype):
        raise BundleError(f"{what} is of type {array.dtype}, expected {column.dtype}; train again with this version")
    names = [str(length) for length in column.shape]
    if array.ndim == len(names):
        for name, n in zip(names, array.shape, strict=True):
            lengths.setdefault(name, n)
    expected = tuple(lengths.get(name) for name in names)
    if array.shape != expected:
        raise BundleError(f"{what} has the shape {array.shape}, expected {expected} ({' x '.join(names)}); train again")
    if is_text:
        _check_text(array, what)
    elif column.low is not None and column.high is not None and array.size:
        high = lengths[column.high] - 1 if isinstance(column.high, str) else column.high
        least, most = array.min(), array.max()
        if not (least >= column.low and most <= high):
            raise BundleError(f"{what} has values from {least} to {most}, expected {column.low} to {high}; train again")


def _check_scores(products: NDArray[Any], scores: NDArray[Any], what: str) -> None:
    summed = scores[products >= 0]
    if not np.all(np.isfinite(summed) & (summed >= 0)):
        raise BundleError(f"{what} has a value below 0 or no number where a product is listed; train again")


def _check_text(array: NDArray[np.bytes_], what: str) -> None:
    for start in range(0, len(array), _TEXT_ROWS_AT_ONCE):
        some = np.ascontiguousarray(array[start : start + _TEXT_ROWS_AT_ONCE])
        # All together are UTF-8 and no text begins inside a character: so each is UTF-8 by itself.
        begins = some.view(np.uint8).reshape(len(some), -1)[:, 0]
        try:
            some.tobytes().decode()
        except UnicodeDecodeError as error:
            raise BundleError(f"{what} holds text that is not UTF-8; train again") from error
        if np.any(begins & 0xC0 == 0x80):
            raise BundleError(f"{what} holds text that begins inside a character; train again")


def _check_indptr(indptr: NDArray[Any], n_owners: int, n_values: int, what: str) -> None:
    _check_column(indptr, Column("int64", ("owners + 1",)), {"owners + 1": n_owners + 1}, f"{what}.indptr")
    if indptr[0] != 0 or indptr[-1] != n_values or np.any(indptr[1:] < indptr[:-1]):
        raise BundleError(f"{what}.indptr does not rise from 0 to the {n_values} values there are; train again")


def _check_ids(ids: NDArray[np.bytes_], what: str) -> None:
    if len(ids) and (ids[0] == b"" or np.any(ids[1:] <= ids[:-1])):
        raise BundleError(f"{what} are not ascending, distinct and without an empty one; train again")
    if what.endswith("offers.ids") and NO_OFFER.encode() in ids.tolist():
        raise BundleError(f"{what} hold {NO_OFFER!r}, which means that nothing is offered; rename that offer")
