"""What is wrong with a file of settings, in the words of those who write it rather than of the library that checks."""

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_LONGEST_VALUE = 60
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")


def explain_settings(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """
    One sentence a problem: where, the value, what is allowed.

    Args:
        error: What the check of the file's content raised.
        model: What the content was checked against; it knows the names that are allowed.

    Example:
        >>> class Small(BaseModel, extra="forbid"):
        ...     factors: int = 64
        >>> try:
        ...     Small.model_validate({"facotrs": 8})
        ... except ValidationError as error:
        ...     explain_settings(error, Small)
        ["unknown setting 'facotrs', did you mean 'factors'? allowed: factors"]
    """
    return [_sentence(problem, model) for problem in error.errors(include_url=False)]


def keys_of(part: str, model: type[BaseModel]) -> list[str]:
    """The keys of the model named *part* that *model* is made of, as a file writes them; empty where there is none."""
    waiting, seen = [model], {model}
    while waiting:
        one = waiting.pop()
        if one.__name__ == part:
            return [field.alias or name for name, field in one.model_fields.items()]
        new = {inner for field in one.model_fields.values() for inner in _models_in(field.annotation)} - seen
        seen |= new
        waiting += sorted(new, key=lambda inner: inner.__name__)
    return []


def names_at(model: type[BaseModel], steps: tuple[int | str, ...]) -> list[str]:
    """
    The settings of the part that *steps* lead to, of all its alternatives where it has some.

    Steps into lists and tables of free names change nothing.
    """
    parts = [model]
    for step in steps:
        fields = [part.model_fields[str(step)] for part in parts if str(step) in part.model_fields]
        parts = [inner for field in fields for inner in _models_in(field.annotation)] or parts
    names = [field.alias or name for part in parts for name, field in part.model_fields.items()]
    return list(dict.fromkeys(names))


def plain_words(message: str) -> str:
    """
    A message with the members of enumerations as a file writes them.

    Example:
        >>> plain_words("Input should be <Period.YEAR: 'year'> or <Period.MONTH: 'month'>")
        "Input should be 'year' or 'month'"
    """
    return _MEMBER.sub(r"\1", message)


def _sentence(problem: ErrorDetails, model: type[BaseModel]) -> str:
    where = ".".join(map(str, problem["loc"]))
    message = plain_words(problem["msg"].removeprefix("Value error, "))
    match problem["type"]:
        case "extra_forbidden":
            allowed = names_at(model, problem["loc"][:-1])
            near = difflib.get_close_matches(str(problem["loc"][-1]), allowed, n=1)
            meant = f", did you mean {near[0]!r}?" if near else ";"
            return f"unknown setting {where!r}{meant} allowed: {', '.join(allowed)}"
        case "missing":
            return f"the setting {where!r} is missing; add it"
        case "value_error":
            return f"{where}: {message}" if where else message
        case "model_type" | "dict_type":
            return f"{where or 'the file'} is {_short(problem['input'])}; it must be settings, as NAME: VALUE"
        case _:
            wanted = re.sub(r"^(Input|String|Tuple|Value) should", "it must", message)
            return f"{where or 'the file'} is {_short(problem['input'])}; {wanted[0].lower()}{wanted[1:]}"


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
