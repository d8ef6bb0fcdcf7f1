"""The programme that a workspace starts with, for any number of tiers and any currency."""

import json
from collections.abc import Sequence
from importlib import resources

from recsys.errors import InputError
from recsys.loyalty.currencies import CURRENCIES, decimals
from recsys.loyalty.ladder import MAX_TIERS

_TIERS = ("ordinary", "silver", "gold", "diamond")
_CURRENCY, _TIMEZONE = "GBP", "Europe/London"
_STEPS = (2, 5, 10)


def default_programme_text(
    tiers: Sequence[str] | None = None, currency: str | None = None, timezone: str | None = None
) -> str:
    """
    The commented programme that a workspace starts with.

    Args:
        tiers: Names, low to high; 1 to 16.
        currency: ISO 4217; thresholds are 200 of its units for the second tier and grow 2, 5, 10, ... fold.
        timezone: Of the IANA data base.

    Raises:
        InputError: There are too many tiers or none, or the currency is unknown.
    """
    names, code = list(tiers or _TIERS), currency or _CURRENCY
    if len(names) > MAX_TIERS:
        raise InputError(f"there are {len(names)} tiers; a ladder has 1 to {MAX_TIERS}; merge some")
    if code not in CURRENCIES:
        raise InputError(f"{code!r} is no currency; write its code in ISO 4217, three capital letters such as EUR")
    unit = 10 ** decimals(code)
    text = resources.files("recsys.loyalty").joinpath("default.yaml").read_text(encoding="utf-8")
    before, rest = text.split("    tiers:\n", 1)
    between, points = rest.split("\n# Rules of points", 1)[1].split("      tiers: ", 1)
    multipliers = json.dumps(
        {name: _multiplier(level) for level, name in enumerate(names) if level}, ensure_ascii=False
    )
    end = points[points.index("\n") :]
    text = f"{before}    tiers:\n{_tiers(names, unit)}\n# Rules of points{between}      tiers: {multipliers}{end}"
    return (
        text.replace(f"currency: {_CURRENCY}", f"currency: {code}")
        .replace(f"timezone: {_TIMEZONE}", f"timezone: {timezone or _TIMEZONE}")
        .replace("per_minor: 100\n", f"per_minor: {unit}\n")
        .replace("worth_minor: 100}", f"worth_minor: {unit}}}")
    )


def _tiers(names: Sequence[str], unit: int) -> str:
    lines = [f"      - name: {json.dumps(names[0], ensure_ascii=False)}"]
    for level, name in enumerate(names[1:], start=1):
        spend = 100 * unit * _STEPS[(level - 1) % 3] * 10 ** ((level - 1) // 3)
        benefits = (
            f"{{points_multiplier_bp: {_multiplier(level)}, standing_discount_bp: {200 * (level - 1)}, "
            f"early_access_hours: {12 * level}, birthday_treat: {5 * unit * level}}}"
        )
        lines += [
            f"      - name: {json.dumps(name, ensure_ascii=False)}",
            f"        entry: {{spend_minor: {spend}}}",
            f"        keep: {{spend_minor: {spend * 3 // 4}}}",
            f"        benefits: {benefits}",
        ]
    return "\n".join(lines) + "\n"


def _multiplier(level: int) -> int:
    return 10_000 + 2_500 * level
