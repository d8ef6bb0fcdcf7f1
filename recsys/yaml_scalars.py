"""
What a scalar of YAML that stands without quotes means, refusing those that mean something else than they look like.

YAML 1.1 reads ``21:00`` as 1260 (base 60), ``012`` as 10 (base 8) and ``.inf`` as a number without end; a reviewer
would read none of them so, and other readers of YAML (1.2) do not either.
"""

import math
import re
from datetime import date

import yaml
from yaml.constructor import SafeConstructor

Scalar = str | int | float | bool | date | None
"""Instants are `datetime`, which is a `date`."""

_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers
_DATES = SafeConstructor()
_PREFIX = "tag:yaml.org,2002:"
_LARGEST = 1 << 63
_MAX_SHOWN = 40
_SWITCHES = frozenset({"yes", "no", "on", "off"})
_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?|0o[0-7]+")


class ScalarError(ValueError):
    """
    A scalar that cannot be read, or that would be read as something else than it looks like.

    Attributes:
        hint: What to write instead.
    """

    def __init__(self, message: str, hint: str) -> None:
        """What is wrong, and what to do."""
        super().__init__(message)
        self.hint = hint


def read_plain(text: str) -> Scalar:
    """
    The value of a scalar without quotes.

    Raises:
        ScalarError: It is no day of the calendar, not finite, beyond 64 bits, or reads differently than it looks.

    Example:
        >>> read_plain("1_000"), read_plain("gold"), read_plain("~"), read_plain("2027-01-31")
        (1000, 'gold', None, datetime.date(2027, 1, 31))
        >>> read_plain("21:00")
        Traceback (most recent call last):
        recsys.yaml_scalars.ScalarError: 21:00 without quotes is a number of base 60 (1260) to YAML
    """
    tag = next((str(tag) for tag, pattern in _RESOLVERS.get(text[:1], ()) if pattern.match(text)), "")
    match tag.removeprefix(_PREFIX):
        case "int":
            return _whole(text)
        case "float":
            return _decimal(text)
        case "bool":
            return SafeConstructor.bool_values[text.lower()]
        case "null":
            return None
        case "timestamp":
            return _day(text)
    return text


def read_key(text: str) -> Scalar:
    """As `read_plain`, but the switches of YAML 1.1 are words: the key ``on`` is not true."""
    return text if text.lower() in _SWITCHES else read_plain(text)


def misread(raw: str, value: Scalar) -> str:
    """
    What to say to somebody whose scalar without quotes became a *value* that is not allowed; mostly empty.

    Example:
        >>> misread("no", False)
        'no without quotes is false to YAML; quote it if it is a text'
        >>> misread("1e-9", "1e-9")
        '1e-9 is a text to YAML; write the number out, or as 1.0e-9'
    """
    shown = raw if len(raw) <= _MAX_SHOWN else f"{raw[: _MAX_SHOWN - 3]}..."
    if isinstance(value, bool):
        plainly = "true" if value else "false"
        return f"{shown} without quotes is {plainly} to YAML; quote it if it is a text" if raw != plainly else ""
    if isinstance(value, int | float | date):
        kind = "a date" if isinstance(value, date) else "a number"
        return f"{shown} without quotes is {kind} to YAML; quote it if it is a text"
    if isinstance(value, str) and value == raw and _NUMBER.fullmatch(raw):
        if raw.startswith("0o"):
            return f"{shown} is a text to YAML; write {int(raw[2:30], 8)}"
        return f"{shown} is a text to YAML; write the number out{_with_sign(raw)}"
    return ""


def _with_sign(raw: str) -> str:
    head, _, power = raw.lower().partition("e")
    if not power or len(raw) > _MAX_SHOWN or not math.isfinite(float(raw.replace("_", ""))):
        return ""
    return f", or as {head if '.' in head else head + '.0'}e{power if power[0] in '+-' else '+' + power}"


def _whole(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    if ":" in digits:
        raise _base_60(text)
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        if len(digits) > _MAX_SHOWN:
            raise ScalarError(f"a number of {len(digits)} digits is beyond 64 bits", "quote it if it is a text")
        octal, plain = int(digits, 8), digits.lstrip("0") or "0"
        raise ScalarError(f"{text} without quotes is {octal} to YAML (base 8)", f"write {plain}, or quote it")
    # Bounded before it is read: long numbers cost the square of their length.
    value = int(digits, 0) if len(digits) <= 2 * _MAX_SHOWN else _LARGEST
    if value >= _LARGEST:
        shown = text if len(text) <= _MAX_SHOWN else f"a number of {len(digits)} digits"
        raise ScalarError(f"{shown} is beyond 64 bits", "write a smaller number, or quote it if it is a text")
    return -value if text[0] == "-" else value


def _decimal(text: str) -> float:
    if ":" in text:
        raise _base_60(text)
    try:
        value = float(text.replace("_", ""))
    except ValueError:  # .inf and .nan
        value = math.inf if "inf" in text.lower() else math.nan
    if not math.isfinite(value):
        shown = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
        kind = "no number" if math.isnan(value) else "without end"
        raise ScalarError(f"{shown} is {kind}", "write a finite number, or leave the key out for no bound")
    return value


def _base_60(text: str) -> ScalarError:
    shown = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
    number = ""
    parts = text.lstrip("+-").replace("_", "").split(":")
    if len(parts) <= 3 and len(text) <= _MAX_SHOWN and "." not in text:
        total = 0
        for part in parts:
            total = total * 60 + int(part)
        number = f" ({total})"
    return ScalarError(f"{shown} without quotes is a number of base 60{number} to YAML", f'write "{shown}"')


def _day(text: str) -> date:
    try:
        found: date = _DATES.construct_yaml_timestamp(yaml.ScalarNode(f"{_PREFIX}timestamp", text))
    except (ValueError, OverflowError) as wrong:
        raise ScalarError(f"{text!r} cannot be read ({wrong})", "correct it, or quote it if it is a text") from None
    return found
