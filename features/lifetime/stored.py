"""Fitted parameters as JSON-able settings and back, checked, so that what training fitted is what serving uses."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from recsys.errors import InputError

Fitted = TypeVar("Fitted")

STRICT = ConfigDict(extra="forbid")
"""For the `__pydantic_config__` of a fitted value and of all that it holds."""


def written(fitted: object) -> dict[str, Any]:
    """A fitted value as JSON-able settings."""
    settings: dict[str, Any] = TypeAdapter(type(fitted)).dump_python(fitted, mode="json")
    return settings


def read(kind: type[Fitted], settings: Mapping[str, Any]) -> Fitted:
    """
    The value that `written` wrote, to the last bit.

    Raises:
        InputError: The settings are of another form.
    """
    try:
        return TypeAdapter(kind).validate_python(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"the settings of a {kind.__name__} are of another form: {error.error_count()} errors, the first at "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}; fit it anew"
        ) from error
