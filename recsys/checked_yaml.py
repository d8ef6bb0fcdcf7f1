"""From a settings file to a checked model, with errors that say where, which entry, which value and what to do."""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from recsys.errors import InputError
from recsys.policy.reading.problems import Problem, Severity, problem_list
from recsys.schema_problems import MAX_TOLD, MORE, at_most, in_order, part_name, schema_problems
from recsys.yaml_nodes import Cut, Node, YamlFlaws, compose, compose_shaped, plain
from recsys.yaml_places import Place, place_of
from recsys.yaml_shape import ANY, MAX_MISTAKES, shape_of

MAX_BYTES = 1 << 20

Model = TypeVar("Model", bound=BaseModel)
Stamp = tuple[int, int]
"""When a file was written, in nanoseconds, and its bytes."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """
    A file as it was read.

    Attributes:
        path: As it was opened.
        text: What it holds.
        digest: SHA-256 of its bytes, in hexadecimal.
        stamp: Of the file when it was opened, so a later write shows.
    """

    path: Path
    text: str
    digest: str
    stamp: Stamp


def read_file(path: Path, *, kind: str, error: type[InputError]) -> SourceFile:
    """
    Read a file of text, within MAX_BYTES.

    Args:
        path: Of the file.
        kind: What messages call what it holds.
        error: What to raise.
    """
    try:
        with path.open("rb") as stream:
            stat = os.fstat(stream.fileno())
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else wrong
        raise error(f"the {kind} {path} cannot be read ({reason}); give the path of a YAML file") from wrong
    if len(content) > MAX_BYTES:
        size = f"{stat.st_size} bytes" if stat.st_size > MAX_BYTES else f"more than {MAX_BYTES} bytes"
        place = Place(str(path), content.count(b"\n", 0, MAX_BYTES) + 1, 1)
        message = f"the {kind} {path} has {size}; at most {MAX_BYTES} are allowed"
        problem = Problem("too_long", Severity.ERROR, message, f"split the {kind}", (), place)
        raise error(str(problem), problems=(problem,))
    try:
        text = content.decode()
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - (content.rfind(b"\n", 0, wrong.start) + 1) + 1
        message = f"the {kind} {path} is not UTF-8 text (byte {wrong.start})"
        problem = Problem("not_utf8", Severity.ERROR, message, "save it as UTF-8", (), Place(str(path), line, column))
        raise error(str(problem), problems=(problem,)) from wrong
    return SourceFile(path, text, hashlib.sha256(content).hexdigest(), (stat.st_mtime_ns, stat.st_size))


def read_text(path: Path, *, kind: str, error: type[InputError]) -> str:
    """The text of a file; see `read_file`."""
    return read_file(path, kind=kind, error=error).text


def parse_checked(text: str, model: type[Model], *, source: str, kind: str, error: type[InputError]) -> Model:
    """
    Check a YAML text against a model; the message of the error lists every problem found, up to ten.

    Args:
        text: YAML.
        model: What the text has to be.
        source: What messages call the text.
        kind: What messages call what it holds.
        error: What to raise.
    """
    root = read_nodes(text, source=source, kind=kind, error=error, model=model)
    return check_nodes(root, model, kind=kind, error=error)


def read_nodes(
    text: str,
    *,
    source: str,
    kind: str,
    error: type[InputError],
    model: type[BaseModel] | None = None,
    besides: Collection[str] = (),
) -> Node:
    """
    The keys and values of a YAML text, with their places.

    Args:
        text: YAML.
        source: What messages call the text.
        kind: What messages call what it holds.
        error: What to raise; it carries the problems.
        model: What the text has to be: behind MAX_MISTAKES that can be seen while reading, no more of it is read.
        besides: Keys that it may have and the model has not.
    """
    shape = ANY if model is None else shape_of(model).besides(besides)
    try:
        root, cut = compose_shaped(text, shape, file=source)
        if cut is not None and model is not None and isinstance(root.value, dict):
            _refuse_beginning(root, cut, model, besides=besides, kind=kind, error=error)
            root = compose(text, file=source)
    except YamlFlaws as wrong:
        problems = [
            Problem(
                flaw.code,
                Severity.ERROR,
                f"{part_name(flaw.path, None)}: {flaw.message}" if flaw.path else flaw.message,
                flaw.hint,
                flaw.path,
                Place(source, flaw.line + 1, flaw.column + 1),
            )
            for flaw in wrong.flaws
        ]
        raise error(f"{source} is not valid YAML of a {kind}:\n{problem_list(problems)}", problems=problems) from None
    if not isinstance(root.value, dict):
        held = "nothing" if root.value is None else f"a {type(root.value).__name__}"
        message, hint = f"it holds {held}, not keys and values", f"start from the default {kind}"
        raise broken([Problem("wrong_type", Severity.ERROR, message, hint, (), place_of(root))], source, kind, error)
    return root


def check_nodes(
    root: Node,
    model: type[Model],
    *,
    kind: str,
    error: type[InputError],
    context: Mapping[str, Any] | None = None,
    found: Sequence[Problem] = (),
) -> Model:
    """
    Check what was read against a model.

    Args:
        root: Of the whole, joined.
        model: What it has to be.
        kind: What messages call it.
        error: What to raise; it carries the problems.
        context: What validators may ask for.
        found: Problems that are known already; each takes the place of one with the same message.
    """
    problems = list(found)
    try:
        checked = model.model_validate(plain(root), context=dict(context or {}))
    except ValidationError as wrong:
        told = {problem.message for problem in found}
        problems += [one for one in schema_problems(wrong, root, model) if one.message not in told]
    if problems:
        raise broken(problems, root.source.file, kind, error)
    return checked


def _refuse_beginning(
    root: Node, cut: Cut, model: type[BaseModel], *, besides: Collection[str], kind: str, error: type[InputError]
) -> None:
    """Raise the problems of the beginning of a file; nothing where what looked wrong is right to the model."""
    assert isinstance(root.value, dict)
    own = replace(root, value={key: entry for key, entry in root.value.items() if key not in besides})
    try:
        model.model_validate(plain(own))
    except ValidationError as wrong:
        unfinished = {cut.path[:depth] for depth in range(len(cut.path))}
        problems = [
            problem
            for problem in schema_problems(wrong, own, model)
            if problem.code != MORE and not (problem.code == "missing_key" and problem.path[:-1] in unfinished)
        ]
        if problems:
            message = f"there are {MAX_MISTAKES} mistakes up to here and nothing behind was read"
            place = Place(root.source.file, cut.line + 1, cut.column + 1)
            rest = Problem(MORE, Severity.ERROR, message, "correct these first", (), place)
            raise broken([*problems, rest], root.source.file, kind, error) from None


def broken(problems: Sequence[Problem], source: str, kind: str, error: type[InputError]) -> InputError:
    """The error that lists problems by their places, ten at most, and carries MAX_TOLD of them."""
    ordered = at_most(MAX_TOLD, in_order(list(problems)))
    return error(f"{source} breaks the schema of a {kind}:\n{problem_list(ordered)}", problems=ordered)
