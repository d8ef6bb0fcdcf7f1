"""From the text of a settings file to a checked model, with errors that say which entry, which value and what to do."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from recsys.errors import InputError
from recsys.wrong_settings import keys_of, plain_words

MAX_BYTES = 1 << 20
_SHOWN_PROBLEMS = 10
_ONE_OF = {"rules ": "rule ", "ladders ": "ladder "}

Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path, *, kind: str, error: type[InputError]) -> str:
    """
    The text of a file.

    Args:
        path: Of the file.
        kind: What messages call what it holds.
        error: What to raise.
    """
    try:
        content = path.read_bytes()
    except OSError as wrong:
        raise error(f"the {kind} {path} cannot be read ({wrong.strerror}); give the path of a YAML file") from wrong
    try:
        return content.decode()
    except UnicodeDecodeError as wrong:
        raise error(f"the {kind} {path} is not UTF-8 text (byte {wrong.start}); save it as UTF-8") from wrong


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
    if len(text) > MAX_BYTES:
        raise error(f"{source} has {len(text)} characters; at most {MAX_BYTES} are allowed; split the {kind}")
    content = _read_yaml(text, source, kind, error)
    if not isinstance(content, dict):
        raise error(f"{source} holds {_kind(content)}, not keys and values; start from the default {kind}")
    try:
        return model.model_validate(content)
    except ValidationError as wrong:
        found = wrong.errors(include_url=False)
        inner = {one["loc"][:-1] for one in found}
        # A list whose entries are wrong is then also too short: the entries say it all.
        problems = [
            _explained(one, content, model) for one in found if not (one["type"] == "too_short" and one["loc"] in inner)
        ]
        shown = "\n".join(f"  - {problem}" for problem in problems[:_SHOWN_PROBLEMS])
        more = f"\n  and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise error(f"{source} breaks the schema of a {kind}:\n{shown}{more}") from None


class _PlainLoader(yaml.SafeLoader):
    """YAML without what settings never need: repeated keys, and aliases, which can blow a page up to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types here
            raise yaml.MarkedYAMLError(None, None, "aliases (*name) are not allowed; write it out", event.start_mark)
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as wrong:  # what looks like a date or a number and is none: 2025-02-30
            problem = f"{node.value!r} cannot be read ({wrong}); correct it, or quote it if it is a text"
            raise yaml.MarkedYAMLError(None, None, problem, node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise yaml.MarkedYAMLError(None, None, f"the key {name!r} is no text; quote it", key.start_mark)
            if name in seen:
                raise yaml.MarkedYAMLError(None, None, f"the key {name!r} stands twice; remove one", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def _read_yaml(text: str, source: str, kind: str, error: type[InputError]) -> Any:
    try:
        # A SafeLoader: it builds plain values only.
        return yaml.load(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "an unknown place"
        problem = wrong.problem or wrong.context
        if problem and "'\\t'" in problem:
            problem += "; use spaces, not tabs"
        raise error(f"{source} is not valid YAML at {place}: {problem}") from None
    except (yaml.YAMLError, ValueError) as wrong:
        raise error(f"{source} is not valid YAML: {str(wrong).splitlines()[0]}") from None
    except RecursionError:
        raise error(f"{source} is nested too deeply; no {kind} needs more than a few levels") from None


def _explained(problem: ErrorDetails, content: dict[str, Any], model: type[BaseModel]) -> str:
    """One problem as a sentence: where, the value, what is allowed."""
    where = _place(problem["loc"], content)
    message = problem["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
    message = plain_words(message.replace(" after validation", ""))
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: this key is unknown; remove it or correct its name"
        case "missing":
            return f"{where}: this key is missing; add it"
        case "tuple_type":
            return f"{where}: {_short(problem['input'])} is not allowed; write a list, [] for none"
        case "dict_type" | "model_type":
            keys = keys_of(problem.get("ctx", {}).get("class_name", ""), model)
            told = f"; the keys are {', '.join(keys)}" if keys else ", as {KEY: VALUE}"
            return f"{where}: {_short(problem['input'])} is not allowed; write keys and values{told}"
        case "date_type" | "date_parsing" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            return f"{where}: {_short(problem['input'])} is not allowed; write a day of the calendar as 2025-12-31"
        case "value_error":
            return f"{where}: {message}" if where else message
        case _:
            return f"{where}: {_short(problem['input'])} is not allowed; {message[0].lower()}{message[1:]}"


def _place(location: tuple[int | str, ...], content: Any) -> str:
    """The path of a problem, with list entries called by their id or name."""
    words: list[str] = []
    for step in location:
        inner = content[step] if _has(content, step) else None
        if isinstance(step, int):
            name = next((inner[key] for key in ("id", "name") if isinstance(inner, dict) and key in inner), None)
            words.append(f"{words.pop()} {name!r}" if name is not None else f"{words.pop()} no. {step + 1}")
        else:
            words.append(step)
        content = inner
    return ": ".join(_singular(word) for word in words)


def _singular(word: str) -> str:
    for many, one in _ONE_OF.items():
        if word.startswith(many):
            return one + word.removeprefix(many)
    return word


def _has(content: Any, step: int | str) -> bool:
    if isinstance(content, dict):
        return step in content
    return isinstance(content, list) and isinstance(step, int) and step < len(content)


def _kind(content: Any) -> str:
    return "nothing" if content is None else f"a {type(content).__name__}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
