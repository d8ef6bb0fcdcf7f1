"""What breaks the model of a settings file, problem by problem: the place, the value, what is allowed, what to do."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from recsys.policy.reading.problems import PartError, Problem, Severity
from recsys.wrong_settings import keys_of, names_at, plain_words
from recsys.yaml_nodes import Node, Path, Step, plain
from recsys.yaml_places import Places
from recsys.yaml_scalars import misread

MAX_TOLD = 100
"""Problems of one file that are told; more are counted."""
MORE = "more_problems"
"""The code of what stands for those that are not told, at the place of the first of them."""

_KEY = "[key]"
_LONGEST_NAME = 80
_ONE_OF = {"cases ": "case ", "rules ": "rule ", "ladders ": "ladder "}
_CODES: Mapping[str, str] = {
    "extra_forbidden": "unknown_key",
    "missing": "missing_key",
    "value_error": "inconsistent",
    "enum": "unknown_value",
    "literal_error": "unknown_value",
    "union_tag_invalid": "unknown_value",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
    "too_short": "wrong_length",
    "too_long": "wrong_length",
    "string_too_short": "wrong_length",
    "string_too_long": "wrong_length",
    "string_pattern_mismatch": "wrong_form",
}
_DATE_TYPES = frozenset({"date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"})
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def schema_problems(error: ValidationError, root: Node, model: type[BaseModel]) -> list[Problem]:
    """
    Every problem of a validation, in the order of the file.

    Args:
        error: What the check of the file's content raised.
        root: The content, with its places.
        model: What the content was checked against.
    """
    found = error.errors(include_url=False)
    inner = {one["loc"][:-1] for one in found}
    # A list whose entries are wrong is then also too short: the entries say it all.
    told = [one for one in found if not (one["type"] == "too_short" and one["loc"] in inner)]
    content, places = plain(root), Places(root)
    problems = in_order([_problem(one, content, places, model) for one in told[:MAX_TOLD]])
    if len(told) > MAX_TOLD:
        first = _problem(told[MAX_TOLD], content, places, model)
        problems.append(_more(len(told) - MAX_TOLD, first))
    return problems


def at_most(n: int, problems: list[Problem]) -> list[Problem]:
    """The first so many, and one that counts the others; a list that counts already has its own."""
    listed = [one for one in problems if one.code != MORE]
    counted = [one for one in problems if one.code == MORE]
    if len(listed) <= n:
        return [*listed, *counted]
    return [*listed[:n], *(counted[:1] or [_more(len(listed) - n, listed[n])])]


def _more(n: int, first: Problem) -> Problem:
    """What stands for so many that are not told."""
    return Problem(MORE, Severity.ERROR, f"{n} more problems are not listed", "correct these first", (), first.place)


def in_order(problems: list[Problem]) -> list[Problem]:
    """Problems by file, as first named, then by line and column; those without a place last."""
    files = {problem.place.file: None for problem in problems if problem.place}
    rank = {file: row for row, file in enumerate(files)}

    def position(problem: Problem) -> tuple[int, int, int]:
        place = problem.place
        return (rank[place.file], place.line, place.column) if place else (len(rank), 0, 0)

    return sorted(problems, key=position)


def part_name(path: Path, content: Any) -> str:
    """
    The path of a part in words, with list entries called by their id or name.

    Example:
        >>> part_name(("rules", 0, "who"), {"rules": [{"id": "no_wine"}]})
        "rule 'no_wine': who"
    """
    words: list[str] = []
    for step in path:
        inner = content[step] if _has(content, step) else None
        if isinstance(step, int):
            name = next((inner[key] for key in ("id", "name") if isinstance(inner, dict) and key in inner), None)
            before = words.pop() if words else "entry"
            words.append(f"{before} {name!r}" if name is not None else f"{before} no. {step + 1}")
        else:
            words.append(step)
        content = inner
    name = ": ".join(_singular(word) for word in words)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def mentioned(message: str, part: Node) -> Path:
    """
    The way from a part to what a message about all of it quotes: an entry by its id or name, and values in it.

    Example:
        >>> from recsys.yaml_nodes import compose
        >>> mentioned("rule 'b': 'hom' is no placement", compose("rules: [{id: a}, {id: b, at: [hom]}]", file=""))
        ('rules', 1, 'at', 0)
    """
    path: Path = ()
    for groups in _QUOTED.findall(message):
        found = _find("".join(groups), part)
        if found is not None:
            inner, part = found
            path += inner
    return path


def _problem(problem: ErrorDetails, content: Any, places: Places, model: type[BaseModel]) -> Problem:
    kind, location = problem["type"], problem["loc"]
    cause = problem.get("ctx", {}).get("error")
    code = _code(kind)
    if isinstance(cause, PartError):
        code, location = cause.code, (*location, *cause.path)
    of_key = bool(location) and location[-1] == _KEY
    path = _path(location[:-1] if of_key else location, content, of_missing=kind == "missing")
    message, hint = _told(problem, path, places, model)
    where = part_name(path, content)
    if kind == "value_error" and not isinstance(cause, PartError):
        part = places.node(path)
        path += mentioned(message, part) if part is not None else ()
    # An error of a validator about some inner part names it itself.
    says_where = not where or isinstance(cause, PartError)
    at_key = of_key or kind == "extra_forbidden"
    place = (places.key(path) if at_key else None) or places.nearest(path)
    return Problem(code, Severity.ERROR, message if says_where else f"{where}: {message}", hint, path, place)


def _code(kind: str) -> str:
    if kind in _CODES or kind.startswith("unknown_"):
        return _CODES.get(kind, kind)
    return "wrong_type" if kind.endswith("_type") or "parsing" in kind else "invalid_value"


def _told(problem: ErrorDetails, path: Path, places: Places, model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong, and what to do."""
    message = problem["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
    message = plain_words(message.replace(" after validation", ""))
    kind, value = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), names_at(model, path[:-1]), n=1)
        return "this key is unknown", "remove it or correct its name" + _meant(near)
    if kind == "missing":
        return "this key is missing", "add it"
    if kind == "tuple_type":
        return f"{_short(value)} is not allowed", "write a list, [] for none"
    if kind in {"dict_type", "model_type"}:
        keys = keys_of(problem.get("ctx", {}).get("class_name", ""), model)
        told = f"; the keys are {', '.join(keys)}" if keys else ", as {KEY: VALUE}"
        return f"{_short(value)} is not allowed", f"write keys and values{told}"
    if kind in _DATE_TYPES:
        return f"{_short(value)} is not allowed", "write a day of the calendar as 2025-12-31"
    hint = _misread_at(path, places)
    if kind == "value_error":
        said, _, to_do = message.rpartition("; ")
        return (said, to_do) if said and not hint else (message, hint)
    if kind in {"enum", "literal_error"} and isinstance(value, str):
        allowed = ["".join(groups) for groups in _QUOTED.findall(message)]
        near = difflib.get_close_matches(value, allowed, n=1)
        hint = hint or _meant(near).strip(" ()")
    return f"{_short(value)} is not allowed; {message[0].lower()}{message[1:]}", hint


def _meant(near: list[str]) -> str:
    return f" (did you mean {near[0]!r}?)" if near else ""


def _misread_at(path: Path, places: Places) -> str:
    """A hint where YAML made another value of a scalar than its writer may have meant."""
    node = places.node(path)
    if node is None or node.style or isinstance(node.value, dict | list):
        return ""
    return misread(node.raw, node.value)


def _path(location: tuple[int | str, ...], content: Any, *, of_missing: bool) -> Path:
    """The steps of a location that are the file's: alternatives of a union have names that no file has."""
    path: list[Step] = []
    for row, step in enumerate(location):
        is_there = _has(content, step)
        if is_there or (of_missing and row == len(location) - 1):
            path.append(step)
            content = content[step] if is_there else None
    return tuple(path)


def _find(word: str, node: Node) -> tuple[Path, Node] | None:
    """The first entry called *word*, or else the first key or value that is *word*."""
    found: tuple[Path, Node] | None = None
    waiting: list[tuple[Path, Node]] = [((), node)]
    while waiting:
        path, one = waiting.pop()
        value = one.value
        if isinstance(value, dict):
            if path and any(key in value and value[key][1].value == word for key in ("id", "name")):
                return path, one
            if word in value and found is None:
                found = (*path, word), value[word][1]
            waiting += [((*path, key), inner) for key, (_, inner) in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, row), inner) for row, inner in reversed(list(enumerate(value)))]
        elif path and value == word and found is None:
            found = path, one
    return found


def _singular(word: str) -> str:
    for many, one in _ONE_OF.items():
        if word.startswith(many):
            return one + word.removeprefix(many)
    return word


def _has(content: Any, step: int | str) -> bool:
    if isinstance(content, dict):
        return step in content
    return isinstance(content, list) and isinstance(step, int) and step < len(content)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
