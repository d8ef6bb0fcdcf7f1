"""From the text of a policy file to a checked policy, with errors that say which rule, which value and what to do."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from recsys.errors import PolicyError
from recsys.policy.schema import Policy

MAX_BYTES = 1 << 20
_SHOWN_PROBLEMS = 10
_DEFAULT_TIERS = "tiers: [ordinary, silver, gold, diamond]"
_DEFAULT_CURRENCY = "currency: GBP"


def load_policy(path: Path) -> Policy:
    """
    Read and check a policy file.

    Raises:
        PolicyError: It cannot be read, is not YAML, or breaks the schema.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"the policy {path} cannot be read ({error.strerror}); give the path of a YAML file"
        ) from error
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    return parse_policy(text, source=str(path))


def parse_policy(text: str, *, source: str = "policy") -> Policy:
    """
    Check the text of a policy.

    Args:
        text: YAML.
        source: What messages call it.

    Raises:
        PolicyError: It is not YAML, or breaks the schema; the message lists every problem found, up to ten.
    """
    if len(text) > MAX_BYTES:
        raise PolicyError(f"{source} has {len(text)} characters; at most {MAX_BYTES} are allowed; split the policy")
    content = _read_yaml(text, source)
    if not isinstance(content, dict):
        raise PolicyError(f"{source} holds {_kind(content)}, not keys and values; start from the default policy")
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False)
        inner = {one["loc"][:-1] for one in found}
        # A list whose entries are wrong is then also too short: the entries say it all.
        problems = [
            _explained(one, content) for one in found if not (one["type"] == "too_short" and one["loc"] in inner)
        ]
        shown = "\n".join(f"  - {problem}" for problem in problems[:_SHOWN_PROBLEMS])
        more = f"\n  and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise PolicyError(f"{source} breaks the schema of a policy:\n{shown}{more}") from None


def default_policy_text(tiers: Sequence[str] | None = None, currency: str | None = None) -> str:
    """The commented policy that a workspace starts with, for a ladder of tiers (low to high) and a currency."""
    text = resources.files("recsys.policy").joinpath("default.yaml").read_text(encoding="utf-8")
    if tiers is not None:
        text = text.replace(_DEFAULT_TIERS, f"tiers: {json.dumps(list(tiers), ensure_ascii=False)}")
    if currency is not None:
        text = text.replace(_DEFAULT_CURRENCY, f"currency: {currency}")
    return text


class _PlainLoader(yaml.SafeLoader):
    """YAML without what a policy never needs: repeated keys, and aliases, which can blow a page up to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types here
            raise yaml.MarkedYAMLError(None, None, "aliases (*name) are not allowed; write it out", event.start_mark)
        return super().compose_node(parent, index)

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


def _read_yaml(text: str, source: str) -> Any:
    try:
        # A SafeLoader: it builds plain values only.
        return yaml.load(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "an unknown place"
        raise PolicyError(f"{source} is not valid YAML at {place}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise PolicyError(f"{source} is not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise PolicyError(f"{source} is nested too deeply; a policy has at most five levels") from None


def _explained(problem: ErrorDetails, content: dict[str, Any]) -> str:
    """One problem as a sentence: where, the value, what is allowed."""
    where = _place(problem["loc"], content)
    message = problem["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
    message = message.replace(" after validation", "")
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: this key is unknown; remove it or correct its name"
        case "missing":
            return f"{where}: this key is missing; add it"
        case "tuple_type":
            return f"{where}: {_short(problem['input'])} is not allowed; write a list, [] for none"
        case "dict_type" | "model_type":
            return f"{where}: {_short(problem['input'])} is not allowed; write keys and values"
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
    return ": ".join(word.replace("rules ", "rule ", 1) for word in words)


def _has(content: Any, step: int | str) -> bool:
    if isinstance(content, dict):
        return step in content
    return isinstance(content, list) and isinstance(step, int) and step < len(content)


def _kind(content: Any) -> str:
    return "nothing" if content is None else f"a {type(content).__name__}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
