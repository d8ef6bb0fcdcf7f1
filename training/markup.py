"""HTML in which no text can become markup: names come from the retailer's files and may hold anything."""

from collections.abc import Sequence
from html import escape

from recsys.report import Table, show_cell

_WITHOUT_END = frozenset({"br", "hr", "meta"})


class Html(str):
    """Text that is markup already; any other text is escaped where it enters a `tag`."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str) -> Html:
    """
    One element.

    Args:
        name: Of the element.
        children: Texts, escaped, or `Html`, taken as it is.
        attributes: ``class_`` stands for ``class``; any other ``_`` for ``-``.

    >>> tag("p", "gold & <silver>", tag("b", "!"), class_='a"b')
    '<p class="a&quot;b">gold &amp; &lt;silver&gt;<b>!</b></p>'
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    start = "".join((f"<{name}", *(f' {key}="{escape(value)}"' for key, value in named.items()), ">"))
    return Html(start if name in _WITHOUT_END else f"{start}{joined(*children)}</{name}>")


def joined(*children: str) -> Html:
    """Children one after another, texts escaped."""
    return Html("".join(one if isinstance(one, Html) else escape(one) for one in children))


def table_of(table: Table) -> Html:
    """A table with its title, figures to the right, that scrolls by itself where the screen is narrow."""
    numeric = [
        bool(table.rows) and all(row[at] in (None, "") or isinstance(row[at], int | float) for row in table.rows)
        for at in range(len(table.columns))
    ]
    written = [table.formats.get(name, ",.4f") for name in table.columns]
    heads = tag(
        "tr", *(_cell("th", name.replace("_", " "), right) for name, right in zip(table.columns, numeric, strict=True))
    )
    rows = [
        tag("tr", *(_cell("td", show_cell(*cell), right) for *cell, right in zip(row, written, numeric, strict=True)))
        for row in table.rows
    ]
    parts = (tag("caption", table.title), tag("thead", heads), tag("tbody", *rows))
    return tag("div", tag("table", *parts), class_="wide")


def listed(lines: Sequence[str]) -> Html:
    """A bulleted list."""
    return tag("ul", *(tag("li", line) for line in lines))


def _cell(name: str, text: str, right: bool) -> Html:
    return tag(name, text, class_="n") if right else tag(name, text)
