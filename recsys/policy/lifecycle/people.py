"""Whether two names are one person's: people type names, and nobody may approve their own work by a typing trick."""

import re
import unicodedata

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What shows nothing and is neither a blank nor of the category of invisible characters."""

_ALIKE = str.maketrans("авекмнорстухіјѕһԁԛԝαβεζηικμνορτυχοօıɑɡ", "abekmhopctyxijshdqwabezhikmnoptyxooiag")
"""Letters of other scripts, small, that look like a Latin one, small or capital (a part of Unicode TR 39)."""


def same_person(one: str, other: str) -> bool:
    """
    Whether two names are one person's, however they were typed.

    >>> same_person(" Ann\\u200b  SMITH", "ann smith"), same_person("Ann", "Anna")
    (True, False)
    """
    return person_key(one) == person_key(other)


def person_key(name: str) -> str:
    """A name without case, width, invisible characters, spare blanks and look-alikes; empty where nothing is left."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = _UNSEEN.sub("", "".join(each for each in text if unicodedata.category(each) != "Cf"))
    return " ".join(seen.translate(_ALIKE).split())
