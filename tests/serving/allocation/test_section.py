"""What a file may ask of an allocation, and what is refused with the place."""

from pathlib import Path

import pytest

from recsys.errors import InputError
from serving.allocation.section import AllocationSection, read_section

TIERS = ("bronze", "gold")


def read(tmp_path: Path, text: str) -> AllocationSection:
    path = tmp_path / "rows.yaml"
    path.write_text(text, encoding="utf-8")
    return read_section(path, TIERS)


def test_without_a_file_nothing_but_budgets_is_asked() -> None:
    assert read_section(None, TIERS) == AllocationSection()


def test_all_it_may_say(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "allocation:\n"
        "  contacts: 500\n"
        "  parity: [{id: alike, tiers: [gold, bronze], delta_minor: 2.5}]\n"
        "  floors: [{id: some, tier: gold, share: 0.1}, {id: least, tier: bronze, least_minor: 100}]\n"
        "  weekly_volume: [1, 1, 1, 1, 2, 3, 2]\n",
    )
    assert (found.contacts, found.parity[0].delta_minor, found.floors[1].least_minor) == (500, 2.5, 100)
    assert found.weekly_volume[5] == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("allocation: {parity: [{id: a, tiers: [gold, gold], delta_minor: 1}]}", "name two tiers"),
        ("allocation: {parity: [{id: a, tiers: [gold, tin], delta_minor: 1}]}", "has no tier 'tin'"),
        ("allocation: {floors: [{id: a, tier: tin, share: 0.1}]}", "has no tier 'tin'; it has bronze, gold"),
        ("allocation: {floors: [{id: a, tier: gold}]}", "one of the two"),
        ("allocation: {floors: [{id: a, tier: gold, share: 2}]}", "share"),
        ("allocation: {contacts: -1}", "contacts"),
        ("allocation: {weekly_volume: [1, 2]}", "weekly_volume"),
        ("budgets: {}", "budgets"),
        (
            "allocation: {floors: [{id: a, tier: gold, share: 0.1}, {id: a, tier: gold, share: 0.2}]}",
            "'a' is used twice",
        ),
    ],
    ids=["itself", "no tier", "no tier of floor", "nothing", "share", "negative", "week", "unknown", "twice"],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)
