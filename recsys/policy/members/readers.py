"""How the attributes that a `who` reads are read: of one member quickly, of many as columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.policy.attributes import six_decimals
from recsys.policy.calendar.birthday import UNKNOWN_DAYS, birthday_distance
from recsys.policy.expressions.cel import Value, is_plain_text
from recsys.policy.members.circumstances import Circumstances
from recsys.profile import ColumnSpec, MemberProfile
from recsys.types import SECONDS_PER_DAY, STAGES, Consent

NEVER_BOUGHT_DAYS = 36_500
"""``member.days_since_last_purchase`` of who never bought: longer ago than any rule asks for."""

_BIRTHDAY = "days_to_birthday"
_MOST_DAYS = 366
_MOST_TABLES = 64

Keys = NDArray[Any] | list[Any]
"""One a member, all of which can be hashed: members with equal keys have equal values."""

MISSING = 2
"""The key of a segment whose expression failed."""


@dataclass(frozen=True, slots=True)
class Audience:
    """
    The members of one call, and what they share.

    Attributes:
        batch: The m members.
        at: When and where the call happens.
        segments: Of each segment by name, shape (m,), int8: 0 outside, 1 inside, MISSING where that is not known.
    """

    batch: MemberBatch
    at: Circumstances
    segments: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """
    One attribute of the members of an audience.

    Attributes:
        name: Of the attribute.
        keys: Of all members.
        key: The same of the only member of an audience of one, without building arrays.
        value: From a key to what expressions see; None where the attribute is missing.
        shared: All members of an audience have one key.
    """

    name: str
    keys: Callable[[Audience], Keys]
    key: Callable[[Audience], Any]
    value: Callable[[Any], Value | None]
    shared: bool = False


def reader_of(name: str, knowledge: Knowledge) -> Reader:
    """How an attribute of a ``who`` is read; one of the bundle's profile where no other has the name."""
    scope, _, rest = name.partition(".")
    match scope:
        case "context" | "calendar":
            return Reader(name, lambda to: [to.at.values.get(name)], lambda to: to.at.values.get(name), _as_is, True)
        case "segment":
            inside = (False, True, None).__getitem__
            return Reader(name, lambda to: to.segments[rest], lambda to: to.segments[rest].item(0), inside)
        case "basket":
            return _basket_reader(name, knowledge.catalogue)
    return _member_reader(name, rest, knowledge)


def attributes_of(names: Sequence[str], audience: Audience, member: int, knowledge: Knowledge) -> dict[str, Value]:
    """What expressions see of one member of an audience, by position; without what is missing."""
    found = {}
    for name in names:
        reader = reader_of(name, knowledge)
        keys = reader.keys(audience)
        value = reader.value((keys.tolist() if isinstance(keys, np.ndarray) else keys)[0 if reader.shared else member])
        if value is not None:
            found[name] = value
    return found


def _as_is(key: Any) -> Any:
    return key


def _member_reader(name: str, attribute: str, knowledge: Knowledge) -> Reader:
    match attribute:
        case "tier":
            return _of_column(name, "tier", knowledge.tiers.__getitem__)
        case "tier_rank":
            return _of_column(name, "tier", int)
        case "stage":
            return _of_column(name, "stage", tuple(stage.value for stage in STAGES).__getitem__)
        case "segment" | "birth_month" | "points":
            return _of_column(name, attribute, int)
        case "is_birthday_month":
            return Reader(
                name,
                lambda to: to.batch.birth_month == to.at.local.month,
                lambda to: to.batch.birth_month.item(0) == to.at.local.month,
                bool,
            )
        case "days_since_last_purchase":
            return Reader(name, _days_since_last_purchase, _days_since_its_last_purchase, int)
        case "days_to_birthday" | "days_after_birthday":
            return _birthday_reader(name)
        case "consent_personalisation" | "consent_email" | "consent_push" | "consent_sms":
            bit = int(Consent[attribute.removeprefix("consent_").upper()])
            return Reader(
                name,
                lambda to: (to.batch.consent & np.uint8(bit)) != 0,
                lambda to: to.batch.consent.item(0) & bit != 0,
                bool,
            )
    profile = knowledge.members.profile
    return _profile_reader(name, next(spec for spec in profile.specs if spec.name == attribute), profile)


def _of_column(name: str, column: str, value: Callable[[Any], Value]) -> Reader:
    return Reader(name, lambda to: getattr(to.batch, column), lambda to: getattr(to.batch, column).item(0), value)


def _profile_reader(name: str, spec: ColumnSpec, profile: MemberProfile) -> Reader:
    unknown: Any = np.asarray(0 if spec.unknown is None else spec.unknown).astype(spec.dtype).item()
    names = profile.names[spec.names] if spec.names is not None else ()

    def days(to: Audience) -> int:
        return (to.at.now - to.batch.profile.as_of) // SECONDS_PER_DAY

    def aged(value: Any, n_days: int) -> Any:
        """As `ColumnSpec.aged`, of one whole number."""
        if n_days <= 0 or value == spec.unknown:
            return value
        return int(min(max(value + spec.ages * n_days, spec.low), spec.high))

    def keys(to: Audience) -> NDArray[Any]:
        row, column = to.batch.row, to.batch.profile.columns[spec.name]
        found = column.take(row) if len(column) else np.full(len(row), unknown, dtype=spec.dtype)
        found[row < 0] = unknown
        return spec.aged(found, days(to))

    def key(to: Audience) -> Any:
        row = to.batch.row.item(0)
        if row < 0:
            return unknown
        column = to.batch.profile.columns[spec.name]
        if spec.ages and spec.dtype == "float32":
            return spec.aged(column[row : row + 1], days(to)).item(0)
        if spec.ages:
            return aged(column.item(row), days(to))
        return column.item(row)

    if spec.names is not None:
        return Reader(name, keys, key, lambda code: names[code] if code >= 0 else "")
    if spec.dtype == "float32":
        return Reader(name, keys, key, six_decimals)
    return Reader(name, keys, key, bool if spec.dtype == "bool" else int)


def _birthday_reader(name: str) -> Reader:
    """A ``member.`` attribute of the distance to a birthday; unknown, -1, in a bundle that does not tell."""
    absent = np.empty(0, dtype=np.int32)
    tables: dict[tuple[int, int], NDArray[np.int32]] = {}

    def table(to: Audience) -> NDArray[np.int32]:
        """Shape (days + 1,): by the days that the column has; the last is for the unknown, -1."""
        days = to.at.local.toordinal(), to.batch.profile.as_of
        found = tables.get(days)
        if found is None:
            every = np.append(np.arange(_MOST_DAYS + 1, dtype=np.int32), UNKNOWN_DAYS)
            distance = birthday_distance(every, as_of=days[1], now=to.at.now, zone=to.at.zone.key)
            found = distance.days_to if name == "member.days_to_birthday" else distance.days_after
            if len(tables) >= _MOST_TABLES:
                tables.clear()
            tables[days] = found
        return found

    def keys(to: Audience) -> NDArray[np.int32]:
        row, column = to.batch.row, to.batch.profile.columns.get(_BIRTHDAY, absent)
        if not len(column):
            return np.full(len(row), UNKNOWN_DAYS, dtype=np.int32)
        days = np.where(row < 0, UNKNOWN_DAYS, column.take(row))
        return table(to)[days]

    def key(to: Audience) -> int:
        row, column = to.batch.row.item(0), to.batch.profile.columns.get(_BIRTHDAY, absent)
        return table(to).item(column.item(row)) if row >= 0 and len(column) else UNKNOWN_DAYS

    return Reader(name, keys, key, int)


def _days_since_last_purchase(to: Audience) -> NDArray[np.int64]:
    batch, now = to.batch, to.at.now
    last = np.full(len(batch), now - NEVER_BOUGHT_DAYS * SECONDS_PER_DAY, dtype=np.int64)
    np.maximum.at(last, batch.bought.owners(), batch.bought_at)
    return np.maximum((now - last) // SECONDS_PER_DAY, 0)


def _days_since_its_last_purchase(to: Audience) -> int:
    at, now = to.batch.bought_at, to.at.now
    never = now - NEVER_BOUGHT_DAYS * SECONDS_PER_DAY
    last = max(int(at.max()), never) if len(at) else never
    return max((now - last) // SECONDS_PER_DAY, 0)


def _basket_reader(name: str, catalogue: Catalogue) -> Reader:
    """A ``basket.`` attribute; what the bundle does not know counts, is worth nothing and has no category or brand."""
    price = np.maximum(catalogue.price_minor, 0)

    def worth(to: Audience) -> NDArray[np.int64]:
        total = np.zeros(len(to.batch), dtype=np.int64)
        np.add.at(total, to.batch.basket.owners(), price[to.batch.basket.values])
        return total

    match name.removeprefix("basket."):
        case "n_products":
            return Reader(
                name,
                lambda to: np.array([len(subject.basket) for subject in to.batch.subjects], dtype=np.int64),
                lambda to: len(to.batch.subjects[0].basket),
                int,
            )
        case "value_minor":
            return Reader(
                name, worth, lambda to: sum([price.item(row) for row in to.batch.basket.values.tolist()]), int
            )
        case "product_ids":
            return Reader(
                name,
                lambda to: [subject.basket for subject in to.batch.subjects],
                lambda to: to.batch.subjects[0].basket,
                lambda basket: [product for product in basket if is_plain_text(product)],
            )
        case "categories":
            return _of_basket(name, catalogue.category, catalogue.category_names)
        case _:
            return _of_basket(name, catalogue.brand, catalogue.brand_names)


def _of_basket(name: str, codes: NDArray[np.int32], names: Sequence[str]) -> Reader:
    """The distinct names of what lies in the basket, in the order of their codes."""

    def distinct(rows: list[int]) -> tuple[int, ...]:
        return tuple(sorted({codes.item(row) for row in rows} - {-1})) if rows else ()

    return Reader(
        name,
        lambda to: [distinct(rows) for rows in to.batch.basket.lists()],
        lambda to: distinct(to.batch.basket.values.tolist()),
        lambda found: [names[code] for code in found],
    )
