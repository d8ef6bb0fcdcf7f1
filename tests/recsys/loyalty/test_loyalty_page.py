"""The dated example on the page of the room is what the engine says, and its table has every key of the file."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import recsys.loyalty
from recsys.loyalty.programme import Programme

PAGE = Path(recsys.loyalty.__file__).parent / "README.md"


def test_example_on_the_page_is_what_the_engine_says():
    result = doctest.testfile(str(PAGE), module_relative=False)

    assert (result.failed, result.attempted > 10) == (0, True)


def parts(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a file of this type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from parts(field.annotation)
    for inner in get_args(annotation):
        yield from parts(inner)


def keys_on_the_page() -> dict[str, set[str]]:
    """By the first word of the part that a row is of, what stands between backticks in its second and third cell."""
    found: dict[str, set[str]] = {}
    part = ""
    for row in re.findall(
        r"^\|(.*)\|$", PAGE.read_text().split("## Every key")[1].split("\n## ")[0], flags=re.MULTILINE
    ):
        cells = row.split("|")
        part = cells[0].strip() or part
        found.setdefault(part.replace("`", ""), set()).update(re.findall(r"`(\w+)`", cells[1] + cells[2]))
    return found


ROWS = {
    "Programme": "the file", "Ladder": "ladder", "Window": "window, one of the first three", "Downgrade": "downgrade",
    "Tier": "tier", "Condition": "entry, keep", "Benefits": "benefits", "PointsRules": "points rules",
    "EarningRules": "earning", "PointsCampaign": "campaign", "EventPoints": "event", "RedemptionRules": "redemption",
    "PointsOffer": "redemption", "ExpiryRules": "expiry, one or none", "YearEnd": "expiry, one or none",
    "ReturnRules": "returns",
}  # fmt: skip


@pytest.mark.parametrize("part", sorted(set(parts(Programme)), key=lambda part: part.__name__))
def test_every_key_of_a_part_of_the_file_is_in_the_table(part: type[BaseModel]):
    keys = {field.alias or name for name, field in part.model_fields.items()}

    assert keys <= keys_on_the_page()[ROWS[part.__name__]]
