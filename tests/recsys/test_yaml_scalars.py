"""Scalars without quotes: what they are, and those that would be read as something else than they look like."""

from datetime import UTC, date, datetime

import pytest

from recsys.yaml_scalars import ScalarError, misread, read_key, read_plain

READ = {
    "gold": "gold", "~": None, "": None, "true": True, "off": False, "7": 7, "-12": -12, "1_000": 1000, "0x1F": 31,
    "0": 0, "0.25": 0.25, "1.0e-9": 1e-9, "1e999": "1e999", "0o17": "0o17", "089": "089", "08:00": "08:00", "<<": "<<",
    "=": "=", "2027-01-31": date(2027, 1, 31), "2027-01-31 09:30:00": datetime(2027, 1, 31, 9, 30),  # noqa: DTZ001 - what a file says
    "2027-01-31T09:30:00Z": datetime(2027, 1, 31, 9, 30, tzinfo=UTC), "9223372036854775807": (1 << 63) - 1,
}  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_a_plain_scalar_is_what_yaml_says(text: str) -> None:
    found = read_plain(text)
    assert (found, type(found)) == (READ[text], type(READ[text]))


REFUSED = {
    "21:00": ("number of base 60 (1260)", 'write "21:00"'),
    "1:30:00": ("base 60 (5400)", 'write "1:30:00"'),
    "1:30.5": ("base 60", 'write "1:30.5"'),
    "012": ("10 to YAML (base 8)", "write 12, or quote it"),
    "-017": ("15 to YAML (base 8)", "write 17, or quote it"),
    ".inf": ("without end", "a finite number"),
    "-.INF": ("without end", "a finite number"),
    ".nan": ("no number", "a finite number"),
    "1.0e+999": ("without end", "a finite number"),
    "9223372036854775808": ("beyond 64 bits", "a smaller number"),
    "2025-02-30": ("day is out of range for month", "correct it, or quote it"),
    "2025-13-40": ("month must be in 1..12", "correct it, or quote it"),
    "2025-01-01T00:00:00+99:00": ("cannot be read", "correct it, or quote it"),
    "9" * 100_000: ("100000 digits", "a smaller number"),
    "0x" + "f" * 100_000: ("100002 digits", "a smaller number"),
    "0" + "7" * 100_000: ("100001 digits", "quote it"),
    "1" + ":1" * 50_000: ("base 60", "write"),
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:12])
def test_a_scalar_that_misleads_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ScalarError) as caught:
        read_plain(text)
    message, hint = REFUSED[text]
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 200


def test_a_switch_is_a_word_where_it_is_a_key() -> None:
    assert [read_key(text) for text in ("on", "Off", "no", "yes")] == ["on", "Off", "no", "yes"]
    assert [read_key(text) for text in ("true", "1", "~")] == [True, 1, None]


MISREAD = {
    ("no", False): "no without quotes is false to YAML; quote it if it is a text",
    ("false", False): "",
    ("2027-01-31", date(2027, 1, 31)): "2027-01-31 without quotes is a date to YAML; quote it if it is a text",
    ("123", 123): "123 without quotes is a number to YAML; quote it if it is a text",
    ("1e5", "1e5"): "1e5 is a text to YAML; write the number out, or as 1.0e+5",
    ("1e999", "1e999"): "1e999 is a text to YAML; write the number out",
    ("0o17", "0o17"): "0o17 is a text to YAML; write 15",
    ("gold", "gold"): "",
    ("~", None): "",
}


@pytest.mark.parametrize(("raw", "value"), MISREAD)
def test_a_hint_says_what_yaml_made_of_it(raw: str, value: object) -> None:
    assert misread(raw, value) == MISREAD[raw, value]  # type: ignore[arg-type]  # parametrised
