"""What a policy file may say as a JSON Schema, so that editors complete keys, tell meanings and mark mistakes."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from recsys.policy.file.calendar import Period
from recsys.policy.file.rule import Rule
from recsys.policy.file.schema import Policy
from recsys.policy.reading.includes import INCLUDE, MAX_FILES
from recsys.report import Report, Table

SCHEMA_FILE = "policy.schema.json"
"""Beside the policy, where the first line of a new policy looks for it."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ENTRY = re.compile(r"^ {4}([a-z_]+(?:, [a-z_]+)*): (.+)$")
_MEANINGS = {
    "format": "Of the file; there is one.",
    "name": "Of the policy, in answers and logs.",
    "default_placement": "The placement of requests that name none.",
}
_INCLUDED = "Other files, relative to this one, beside it or below, that are read before it: lists of parts are joined."


def policy_json_schema() -> dict[str, Any]:
    """
    The schema of a policy file, draft 2020-12; dates are texts, as editors read YAML.

    It knows what each key may hold by itself. What keys mean to each other (a boost needs a factor) and expressions
    are checked by `recsys policy check` alone.
    """
    schema = Policy.model_json_schema(by_alias=True)
    parts = {part.__name__: part for part in _parts(Policy)}
    definitions = schema.get("$defs", {})
    for name, definition in [(Policy.__name__, schema), *definitions.items()]:
        if name in parts:
            _describe(definition, parts[name])
    _let_levers_go_without_effect(schema)
    for key, meaning in _MEANINGS.items():
        schema["properties"][key].setdefault("description", meaning)
    include = {
        "title": "Include",
        "description": _INCLUDED,
        "type": "array",
        "items": {"type": "string"},
        "maxItems": MAX_FILES - 1,
    }
    schema["properties"] = {**schema["properties"], INCLUDE: include}
    return {"$schema": _DIALECT, **schema, "title": "A policy of recsys"}


def policy_schema_text() -> str:
    """The schema as the file holds it; the same text for the same release."""
    return json.dumps(policy_json_schema(), indent=1, ensure_ascii=False) + "\n"


def write_schema(folder: Path) -> Path:
    """Write the schema into a folder, in place of an earlier one; the file."""
    path = folder / SCHEMA_FILE
    path.write_text(policy_schema_text(), encoding="utf-8")
    return path


def schema_report(folder: Path | None) -> Report:
    """
    What `recsys policy schema` answers.

    Args:
        folder: Where to write the schema; without one it is shown only.

    Returns:
        The schema as facts; the sections of a policy with their meaning as a table.
    """
    schema = policy_json_schema()
    rows = tuple((name, part.get("description", "")) for name, part in schema["properties"].items())
    note = (
        f"{write_schema(folder)} is written; an editor finds it by the first line of a policy beside it: "
        f"# yaml-language-server: $schema={SCHEMA_FILE}"
        if folder is not None
        else f"Nothing is written: --out FOLDER writes {SCHEMA_FILE} there."
    )
    return Report(schema, (Table("Keys of a policy", ("key", "meaning"), rows),), (note,))


def _let_levers_go_without_effect(schema: dict[str, Any]) -> None:
    """A lever is a rule whose effect its factor tells."""
    definitions = schema["$defs"]
    rule = definitions[Rule.__name__]
    required = [key for key in rule["required"] if key != "effect"]
    definitions["Lever"] = {**rule, "title": "Lever", "required": required}
    for holder in (schema, definitions[Period.__name__]):
        holder["properties"]["levers"]["items"] = {"$ref": "#/$defs/Lever"}


def _describe(definition: dict[str, Any], part: type[BaseModel]) -> None:
    """The summary of a class's docstring for the whole, its attributes for the keys."""
    summary, attributes = _documented(part)
    definition["description"] = summary
    aliases = {name: field.alias or name for name, field in part.model_fields.items()}
    properties = definition.get("properties", {})
    for key, field in zip(aliases.values(), part.model_fields.values(), strict=True):
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_part(one)]
        if inner and key in properties:
            properties[key]["description"] = _documented(inner[0])[0]
    for names, meaning in _attributes(attributes):
        for name in names:
            key = aliases.get(name, name)
            if key in properties:
                properties[key] = {**properties[key], "description": meaning}


def _documented(part: type[BaseModel]) -> tuple[str, str]:
    """The summary in one line, and the lines of the attributes."""
    summary, _, attributes = inspect.cleandoc(part.__doc__ or "").partition("\n\nAttributes:\n")
    return _one_line(summary), attributes


def _attributes(text: str) -> Iterator[tuple[list[str], str]]:
    names: list[str] = []
    meaning = ""
    for line in [*text.split("\n"), ""]:
        entry = _ENTRY.match(line)
        if entry is None and line.startswith("     "):
            meaning += f" {line.strip()}"
            continue
        if names:
            yield names, _one_line(meaning)
        if entry is None:
            return
        names, meaning = entry.group(1).split(", "), entry.group(2)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _parts(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The model and every model it is made of."""
    found, waiting = {model}, [model]
    while waiting:
        inner = {part for field in waiting.pop().model_fields.values() for part in _models_in(field.annotation)}
        waiting += inner - found
        found |= inner
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if _is_part(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
