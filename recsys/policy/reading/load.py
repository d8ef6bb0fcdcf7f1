"""From policy files to a checked policy, with errors that say where, which rule, which value and what to do."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from recsys.checked_yaml import SourceFile, check_nodes, read_file, read_nodes
from recsys.errors import InputError, PolicyError
from recsys.policy.file.fields import TIME_ZONE
from recsys.policy.file.schema import Policy
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.includes import INCLUDE, join_includes, repeated_ids, take_includes
from recsys.policy.reading.problems import Problem, Severity
from recsys.time_zones import read_zone
from recsys.yaml_nodes import Node
from recsys.yaml_places import Places, place_of

_KIND = "policy"
_DEFAULT_TIERS = "tiers: [ordinary, silver, gold, diamond]"
_DEFAULT_CURRENCY = "currency: GBP"


def load_policy(path: Path) -> Policy:
    """
    Read and check a policy file with all that it includes.

    Raises:
        PolicyError: It cannot be read, is not YAML, or breaks the schema.
    """
    return load_document(path).policy


def load_document(path: Path) -> PolicyDocument:
    """
    As `load_policy`, with the places of everything and the files it was read from.

    Raises:
        PolicyError: As `load_policy`; it carries every problem with its place, and the files that it is about.
    """
    try:
        main = read_file(path, kind=_KIND, error=PolicyError)
        return _document(main.text, source=str(path), folder=path.parent, main=main)
    except PolicyError as wrong:
        wrong.files = tuple(dict.fromkeys((path, *wrong.files)))
        raise


def parse_policy(text: str, *, source: str = _KIND, folder: Path | None = None) -> Policy:
    """
    Check the text of a policy.

    Args:
        text: YAML.
        source: What messages call it.
        folder: What its includes are relative to; without one they are refused.

    Raises:
        PolicyError: It is not YAML, or breaks the schema; the message lists every problem found, up to ten.
    """
    return parse_document(text, source=source, folder=folder).policy


def parse_document(text: str, *, source: str = _KIND, folder: Path | None = None) -> PolicyDocument:
    """As `parse_policy`, with the places of everything."""
    return _document(text, source=source, folder=folder, main=None)


def default_policy_text(tiers: Sequence[str] | None = None, currency: str | None = None) -> str:
    """The commented policy that a workspace starts with, for a ladder of tiers (low to high) and a currency."""
    text = resources.files("recsys.policy").joinpath("default.yaml").read_text(encoding="utf-8")
    if tiers is not None:
        text = text.replace(_DEFAULT_TIERS, f"tiers: {json.dumps(list(tiers), ensure_ascii=False)}")
    if currency is not None:
        text = text.replace(_DEFAULT_CURRENCY, f"currency: {currency}")
    return text


def _document(text: str, *, source: str, folder: Path | None, main: SourceFile | None) -> PolicyDocument:
    root = read_nodes(text, source=source, kind=_KIND, error=PolicyError, model=Policy, besides=(INCLUDE,))
    files = [main] if main is not None else []
    if folder is not None:
        root, included = join_includes(root, folder=folder, main=None if main is None else main.path)
        files += included
    elif take_includes(root)[0] is not None:
        key = Places(root).key((INCLUDE,))
        message = "a policy that is no file has no folder to include from"
        problem = Problem("include", Severity.ERROR, message, "write everything in one text", (INCLUDE,), key)
        raise PolicyError(str(problem), problems=(problem,))
    zone, problems = _zone(root)
    problems += repeated_ids(root)
    try:
        policy = check_nodes(root, Policy, kind=_KIND, error=PolicyError, context={TIME_ZONE: zone}, found=problems)
    except PolicyError as wrong:
        wrong.files = tuple(file.path for file in files)
        raise
    return PolicyDocument(policy, Places(root), tuple(files))


def _zone(root: Node) -> tuple[ZoneInfo, list[Problem]]:
    """The file's time zone; UTC where it has none, or none that is known."""
    entries = root.value
    assert isinstance(entries, dict)
    node = entries[TIME_ZONE][1] if TIME_ZONE in entries else None
    if node is None or not isinstance(node.value, str):
        return ZoneInfo("UTC"), []
    try:
        return read_zone(node.value), []
    except InputError as wrong:
        message, _, hint = f"time_zone: {wrong}".partition("; ")
        problem = Problem("unknown_time_zone", Severity.ERROR, message, hint, (TIME_ZONE,), place_of(node))
        return ZoneInfo("UTC"), [problem]
