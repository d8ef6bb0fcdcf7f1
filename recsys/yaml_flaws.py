"""Why a text is not the YAML that settings may be, and where, in words of those who write it."""

from dataclasses import dataclass
from typing import Any

import yaml

Step = str | int
Path = tuple[Step, ...]

_SYNTAX_HINTS = {
    "mapping values are not allowed": "quote a text that holds `: `, or correct the indentation",
    "cannot start any token": "quote a text that starts with this character",
    "could not find expected ':'": "write KEY: VALUE, with a space behind the colon",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """
    A place where a text is not the YAML that settings may be.

    Attributes:
        code: Stable, snake_case.
        message, hint: What is wrong, and what to do.
        path: Of the part, as far as it was known.
        line, column: Both from 0.
    """

    code: str
    message: str
    hint: str
    path: Path
    line: int
    column: int


class YamlFlaws(Exception):  # noqa: N818 (it carries them)
    """
    A text that is not the YAML that settings may be.

    Attributes:
        flaws: One or more, in the order of the file.
    """

    def __init__(self, flaws: list[Flaw]) -> None:
        """What is wrong."""
        super().__init__(flaws[0].message)
        self.flaws = tuple(flaws)


def syntax_flaw(wrong: yaml.YAMLError, text: str, open_events: list[Any]) -> Flaw:
    """What a parser stumbled on; *open_events* began what has not ended."""
    if not isinstance(wrong, yaml.MarkedYAMLError):
        return Flaw("yaml_syntax", str(wrong).splitlines()[0], "correct it", (), 0, 0)
    mark = wrong.problem_mark or wrong.context_mark
    context = (wrong.context or "").removeprefix("while ")
    problem = wrong.problem or context or "it cannot be read"
    if mark is None:
        return Flaw("yaml_syntax", problem, "look at brackets, quotes and indentation", (), 0, 0)
    if not text[mark.index :].strip():  # what is never closed is found missing at the end: told where it opens
        bracket = open_events[-1].start_mark if open_events and open_events[-1].flow_style else None
        opened = wrong.context_mark if "quoted" in context else bracket
        if opened is not None:
            kind = "quote" if "quoted" in context else "bracket"
            return Flaw("yaml_syntax", f"this {kind} is never closed", "close it", (), opened.line, opened.column)
    indentation = text[text.rfind("\n", 0, mark.index) + 1 : mark.index + 1]
    if "\t" in indentation and not indentation.strip():
        return Flaw("yaml_syntax", "a tab cannot indent", "use spaces, not tabs", (), mark.line, mark.column)
    started = f" of what starts on line {wrong.context_mark.line + 1} ({context})" if wrong.context_mark else ""
    hint = next((told for words, told in _SYNTAX_HINTS.items() if words in problem), "")
    hint = hint or f"look at brackets, quotes and indentation{started}; quote a text that has quotes in it"
    return Flaw("yaml_syntax", problem, hint, (), mark.line, mark.column)


def flaw_at(text: str, index: int, code: str, message: str, hint: str) -> Flaw:
    """A flaw at a character of a text."""
    line = text.count("\n", 0, index)
    return Flaw(code, message, hint, (), line, index - (text.rfind("\n", 0, index) + 1))
