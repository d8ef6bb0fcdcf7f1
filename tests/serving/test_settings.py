"""The table of settings in serving's README is whole and true."""

import re
from pathlib import Path

import pytest

from serving.settings import Settings

README = Path(__file__).resolve().parents[2] / "serving" / "README.md"
ROWS = {
    name: (meaning, default)
    for name, meaning, default in re.findall(
        r"^\| `(RECSYS_\w+)` \| (.+) \| (.+) \|$", README.read_text(), re.MULTILINE
    )
}


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    assert set(ROWS) == {f"RECSYS_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_has_a_meaning_and_its_true_default(name: str) -> None:
    meaning, stated = ROWS[f"RECSYS_{name.upper()}"]
    field = Settings.model_fields[name]
    assert len(meaning) > 10
    if field.is_required():
        assert stated == "none: must be given"
    elif field.default == "":
        assert stated.startswith("empty: ")
    else:
        assert stated == f"`{field.default}`"
