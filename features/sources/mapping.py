"""The mapping file of the `tables` adapter: which column of which file or query is which canonical column."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from features.tables import REQUIRED, TABLES
from recsys.errors import SourceError
from recsys.policy.file.fields import refuse_repeats
from recsys.wrong_settings import explain_settings

GENERATED = {
    "purchases": "purchase_id",
    "events": "event_id",
    "exposures": "exposure_id",
    "redemptions": "redemption_id",
    "returns": "return_id",
    "points_entries": "entry_id",
}
"""Ids that ingest makes from the row's content where the source has none."""

_PERSONAL = {
    "email", "mail", "phone", "telephone", "tel", "mobile", "cell", "fax", "address", "addr", "street", "postcode",
    "zip", "zipcode", "name", "firstname", "lastname", "forename", "surname", "fullname", "nickname", "initials", "ssn",
    "passport", "iban", "latitude", "longitude", "ip",
}  # fmt: skip
_HARMLESS = {"consent", "opt", "opted", "optin", "agreed", "allowed", "permission", "subscribed", "ok"}
_BIRTH, _WHOLE_DATE = {"birth", "birthday", "birthdate", "dob"}, {"birthdate", "date", "year"}
_ABOUT_THINGS = ("products", "offers", "offer_scope", "offer_scope_rules")


class TableMapping(BaseModel):
    """
    Where one canonical table comes from.

    Attributes:
        source: A file or glob under the folder of `--data` (CSV or Parquet); or, with an SQL URL, a table or a query.
        columns: Canonical column to source column.
        constants: Canonical column to one value for all rows.
        money: Whether `..._minor` columns hold major units (12.34) or minor units (1234) in the source.
        timestamps: `iso`, `epoch_s`, `epoch_ms`, or a format such as `%d/%m/%Y %H:%M`.
        distinct: Make one row of each key, the first, where the source has many rows of it (members out of receipts).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[str, Field(min_length=1)]
    columns: dict[str, str]
    constants: dict[str, bool | int | float | str] = {}
    money: Literal["major", "minor"] = "minor"
    timestamps: Annotated[str, Field(pattern=r"^(iso|epoch_s|epoch_ms|.*%.*)$")] = "iso"
    distinct: bool = False


class Mapping(BaseModel):
    """
    A whole mapping file.

    Attributes:
        currency: ISO 4217 code.
        tiers: Tier names, low to high, each once.
        tables: One entry a canonical table; those without an entry are empty.
        decimals: Minor units of the currency: 2 for pence, 0 for yen.
        timezone: Zone of instants that do not say theirs.
        max_quantity: More units on one order line are taken for a mistake.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    tiers: Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    tables: dict[str, TableMapping]
    decimals: Annotated[int, Field(ge=0, le=4)] = 2
    timezone: str = "UTC"
    max_quantity: Annotated[int, Field(ge=1)] = 10_000

    @field_validator("tiers")
    @classmethod
    def _different_tiers(cls, tiers: tuple[str, ...]) -> tuple[str, ...]:
        for tier in tiers:
            if not tier or tier != tier.strip():
                raise ValueError(f"the tier {tier!r} is empty or begins or ends with a space; write its name alone")
        refuse_repeats("tier", tiers)
        return tiers

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, timezone: str) -> str:
        try:
            pl.Series([0], dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(timezone)
        except pl.exceptions.PolarsError as error:
            raise ValueError(f"there is no time zone {timezone!r}; give one such as Europe/London") from error
        return timezone

    @field_validator("tables")
    @classmethod
    def _known_tables(cls, tables: dict[str, TableMapping]) -> dict[str, TableMapping]:
        for name in tables:
            if name not in TABLES:
                raise ValueError(f"there is no table {name!r}; the tables are {', '.join(TABLES)}")
        lacking = [name for name in REQUIRED if name not in tables]
        if lacking:
            raise ValueError(
                f"the table {', '.join(lacking)} is not mapped; every workspace needs {', '.join(REQUIRED)}"
            )
        return tables

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        for name, table in self.tables.items():
            _check_columns(name, table)
        if "returns" in self.tables and "purchase_id" not in self.tables["purchases"].columns:
            raise ValueError(
                "returns name a purchase_id, and purchases.purchase_id is not mapped: no return knows an id that is "
                "made from a row's content; map the id of the order line, or take returns out"
            )
        return self


def read_mapping(file: Path) -> Mapping:
    """
    Read and check a mapping file.

    Raises:
        SourceError: It cannot be read, has unknown keys, tables or columns, lacks a column that must not be null, or
            maps a column that looks personal.
    """
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Mapping.model_validate(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"the mapping {file} cannot be read: {error}") from error
    except ValidationError as error:
        problems = "; ".join(explain_settings(error, Mapping))
        raise SourceError(f"the mapping {file} is wrong: {problems}; see features/README.md for an example") from error


def looks_personal(column: str) -> bool:
    """The name of a source column sounds like a person's name, address, birth date or number."""
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower().replace("e-mail", "email")))
    # The month of a birthday and its day of the month are welcome; the date as a whole is not.
    birth_date = words & _BIRTH and (words & _WHOLE_DATE or not words & {"month", "day"})
    return bool(birth_date or words & _PERSONAL) and not words & _HARMLESS


def _check_columns(name: str, table: TableMapping) -> None:
    definitions = TABLES[name].columns()
    for column in [*table.columns, *table.constants]:
        if column not in definitions:
            raise ValueError(f"{name} has no column {column!r}; its columns are {', '.join(definitions)}")
    both = set(table.columns) & set(table.constants)
    if both:
        raise ValueError(f"{name}.{min(both)} is both a column and a constant; keep one")
    for column, given in table.columns.items():
        if name not in _ABOUT_THINGS and looks_personal(given):
            raise ValueError(
                f"{name}.{column} is mapped to {given!r}, which looks personal; names, addresses, e-mail addresses, "
                "phone numbers and birth dates are not accepted: map a pseudonym, or rename a column that is neither"
            )
    for column, definition in definitions.items():
        given_somewhere = column in table.columns or column in table.constants
        if not definition.nullable and not given_somewhere and GENERATED.get(name) != column:
            raise ValueError(f"{name}.{column} must not be null: map it under columns, or give it under constants")
