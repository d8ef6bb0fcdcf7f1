"""Spaces that look like a space or like nothing and are none to YAML: refused before it misreads them."""

import re
import unicodedata

from recsys.yaml_flaws import Flaw, flaw_at

_ODD = "\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_IN_TEXT = "(?<=\\w)\u3000(?=\\w)"
"""Between two words of a Chinese text the wide space is a space."""
_MOST_TOLD = 100
_ANY_ODD = re.compile(f"[{_ODD}]")
_STEP = re.compile(rf"""(?<![^ \t\n])\#[^\n]*|["']|(?!{_IN_TEXT})[{_ODD}]""", re.VERBOSE)
_QUOTED = re.compile(r"""\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'""", re.DOTALL)
_BLANK = re.compile(f"[ \\t{_ODD}]")
_BEFORE_VALUE = frozenset("\n:,[{?-")


def odd_spaces(text: str) -> list[Flaw]:
    """
    Every odd space outside comments and quoted texts, in the order of the text; of very many the first.

    Example:
        >>> [one.message for one in odd_spaces("rules:\\n  -\\xa0{id: a}")]
        ['the character U+00A0 (NO-BREAK SPACE) looks like a space or like nothing, and is none to YAML']
    """
    if _ANY_ODD.search(text) is None:
        return []
    found, at = [], 0
    while (step := _STEP.search(text, at)) is not None:
        at = step.end()
        if step.group() in "'\"":
            quoted = _QUOTED.match(text, step.start()) if _opens(text, step.start()) else None
            at = at if quoted is None else quoted.end()
        elif _ANY_ODD.match(step.group()):
            name = character_name(step.group())
            message = f"the character {name} looks like a space or like nothing, and is none to YAML"
            hint = "write a plain space, or remove it; in a text that needs it, put quotes around the text"
            found.append(flaw_at(text, step.start(), "odd_space", message, hint))
            if len(found) == _MOST_TOLD:
                break
    return found


def character_name(character: str) -> str:
    """A character by its number, and its name where it has one."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def _opens(text: str, at: int) -> bool:
    """Whether a quote stands where a value begins."""
    before = at - 1
    while before >= 0 and _BLANK.match(text, before):
        before -= 1
    return before < 0 or text[before] in _BEFORE_VALUE
