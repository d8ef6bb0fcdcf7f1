"""Every example of the README loads, and between them they have every key that a policy may have."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import recsys.policy
from recsys.policy.compile import compile_policy
from recsys.policy.file.fields import Part
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import parse_policy
from tests.worlds import TIERS, small_knowledge

PAGES = sorted(Path(recsys.policy.__file__).parent.rglob("README.md"))
README = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
OF_OTHER_FILES = ("include:", "cases:")
PARTS = [text for text in EXAMPLES if not text.startswith(OF_OTHER_FILES)]
KNOWLEDGE = small_knowledge()
REST = {
    "name": "example",
    "currency": "GBP",
    "tiers": list(TIERS),
    "placements": {"home": {"channel": "web", "capacity": 4, "types": ["product", "offer"]}},
    "default_placement": "home",
}


def loaded(text: str) -> Policy:
    """An example, and what it does not say of what every policy needs."""
    missing = {key: value for key, value in REST.items() if not re.search(rf"^{key}:", text, re.MULTILINE)}
    return parse_policy(text + yaml.safe_dump(missing) if missing else text)


def said(part: Any) -> Iterator[tuple[type[Part], str]]:
    """Every key that a part of a policy has in its file, and those of its parts."""
    if isinstance(part, Part):
        for name in part.model_fields_set:
            yield type(part), name
            yield from said(getattr(part, name))
    elif isinstance(part, dict | tuple | list):
        for one in part.values() if isinstance(part, dict) else part:
            yield from said(one)


def classes(one: type[Part], known: set[type[Part]]) -> set[type[Part]]:
    """Those of all parts that a part may have."""
    if one not in known:
        known.add(one)
        for field in one.model_fields.values():
            for inside in re.findall(r"recsys\.policy\.[a-z_.]*?\.([A-Z]\w+)", repr(field.annotation)):
                for found in _named(inside):
                    classes(found, known)
    return known


def _named(name: str) -> list[type[Part]]:
    return [one for one in Part.__subclasses__() if one.__name__ == name]


def test_there_are_examples() -> None:
    assert len(PARTS) >= 4


@pytest.mark.parametrize("text", PARTS, ids=lambda text: text.partition(":")[0])
def test_an_example_loads_and_its_expressions_are_right(text: str) -> None:
    compile_policy(loaded(text), KNOWLEDGE)


def test_every_key_has_an_example() -> None:
    have = {key for text in PARTS for key in said(loaded(text))}
    every = {(one, name) for one in classes(Policy, set()) for name in one.model_fields}
    assert len({one for one, _ in every}) > 25
    assert sorted(f"{one.__name__}.{name}" for one, name in every - have) == []
