"""What the values of attributes say of the expressions that read them, worked out once for each distinct value."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.policy.expressions.cel import Value
from recsys.policy.expressions.logic import Verdict
from recsys.policy.members.readers import Audience, Reader

MOST_VALUES = 16_384
"""Values that one table keeps; a table that is full starts anew, which costs time and changes no answer."""

MOST_BITS = 1 << 27
"""About what those of one table may have together: 16 MiB, which thousands of rules reach before MOST_VALUES."""

Bits = int
"""A set of clauses, as the bits of a whole number of any size."""


Lookup = tuple[Callable[[Audience], Any], dict[Any, Bits], Callable[[Any], Bits]]
"""See `ByValue.alone`."""


@dataclass(frozen=True, slots=True)
class KilledBy:
    """
    What an atom breaks.

    Attributes:
        verdict: Of the atom, from the attributes it reads.
        by: The clauses that each `Verdict` of it breaks.
    """

    verdict: Callable[[Mapping[str, Value]], Verdict]
    by: tuple[Bits, Bits, Bits]


class Rows(NamedTuple):
    """
    Bits of members.

    Attributes:
        words: Shape (distinct, n_words).
        group: Shape (m,): which of them each member has; absent where there is one for all.
    """

    words: NDArray[np.uint64]
    group: NDArray[np.int64] | None


class Table(Protocol):
    """The clauses that are broken by what some attributes are."""

    def one(self, audience: Audience) -> Bits:
        """For the only member of an audience of one."""

    def many(self, audience: Audience, n_words: int) -> Rows:
        """For all members, as words."""


@dataclass(frozen=True, slots=True)
class ByValue:
    """A table over one attribute, or over several that one atom reads together; safe to ask from several threads."""

    readers: tuple[Reader, ...]
    atoms: Sequence[KilledBy]
    _memo: dict[Any, Bits] = field(default_factory=dict, repr=False)

    def one(self, audience: Audience) -> Bits:
        """As `Table`."""
        keys = tuple([reader.key(audience) for reader in self.readers])
        return self._bits(keys)

    def many(self, audience: Audience, n_words: int) -> Rows:
        """As `Table`."""
        distinct: list[tuple[Any, ...]] = [()]
        group: NDArray[np.int64] | None = None
        for reader in self.readers:
            if reader.shared:
                keys, places = [reader.key(audience)], None
            else:
                keys, places = _factored(reader.keys(audience))
            if group is None or places is None:
                group = places if group is None else group
                distinct = [(*known, key) for known in distinct for key in keys]
                continue
            pairs, group = np.unique(group * len(keys) + places, return_inverse=True)
            distinct = [(*distinct[pair // len(keys)], keys[pair % len(keys)]) for pair in pairs.tolist()]
        return Rows(_as_words([self._bits(keys) for keys in distinct], n_words), group)

    def _bits(self, keys: tuple[Any, ...]) -> Bits:
        key = keys[0] if len(keys) == 1 else keys
        found = self._memo.get(key)
        return self._learn(key, keys) if found is None else found

    def alone(self) -> Lookup:
        """
        The parts of `one` of a table over one attribute, for who asks many tables of a member in one loop.

        Returns:
            The key of the only member of an audience, what is remembered by it, and what to ask where that has none.
        """
        (reader,) = self.readers
        return reader.key, self._memo, lambda key: self._learn(key, (key,))

    def _learn(self, key: Any, keys: tuple[Any, ...]) -> Bits:
        values = {reader.name: reader.value(one) for reader, one in zip(self.readers, keys, strict=True)}
        found = broken_by(self.atoms, {name: value for name, value in values.items() if value is not None})
        _remember(self._memo, key, found)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """
    All tables over attributes that the members of a call share, as one; safe to ask from several threads.

    What it says of circumstances is kept with these.
    """

    tables: tuple[ByValue, ...]
    names: tuple[str, ...]
    _memo: dict[Any, Bits] = field(default_factory=dict, repr=False)

    def one(self, audience: Audience) -> Bits:
        """As `Table`."""
        kept: Bits | None = audience.at.kept.get(self)
        if kept is not None:
            return kept
        values = audience.at.values
        key = tuple([values.get(name) for name in self.names])
        found = self._memo.get(key)
        if found is None:
            found = 0
            for table in self.tables:
                found |= table.one(audience)
            _remember(self._memo, key, found)
        audience.at.kept[self] = found
        return found

    def many(self, audience: Audience, n_words: int) -> Rows:
        """As `Table`."""
        return Rows(_as_words([self.one(audience)], n_words), None)


@dataclass(frozen=True, slots=True)
class ByRange:
    """
    A table over a number that atoms only compare with constants: an entry for each constant and each gap between.

    Attributes:
        reader: Of the attribute.
        atoms: All of them comparisons.
        points: The constants, ascending, distinct.
        is_whole: The attribute is a whole number.
    """

    reader: Reader
    atoms: Sequence[KilledBy]
    points: Sequence[float]
    is_whole: bool
    _memo: dict[int, Bits] = field(default_factory=dict, repr=False)

    def one(self, audience: Audience) -> Bits:
        """As `Table`."""
        key = self.reader.key(audience)
        value: Any = key if self.is_whole else self.reader.value(key)
        place = -1 if value != value else bisect_left(self.points, value) + bisect_right(self.points, value)
        found = self._memo.get(place)
        return self._learn(place, value) if found is None else found

    def many(self, audience: Audience, n_words: int) -> Rows:
        """As `Table`."""
        keys = np.asarray(self.reader.keys(audience))
        points = np.asarray(self.points)
        values = keys if self.is_whole else _six_decimals(keys)
        place = points.searchsorted(values, "left") + points.searchsorted(values, "right")
        if not self.is_whole:
            place[np.isnan(values)] = -1
        distinct, first, group = np.unique(place, return_index=True, return_inverse=True)
        found = [
            self._learn(one, values.item(at)) if one not in self._memo else self._memo[one]
            for one, at in zip(distinct.tolist(), first.tolist(), strict=True)
        ]
        return Rows(_as_words(found, n_words), group)

    def _learn(self, place: int, value: Any) -> Bits:
        """Of a place: how many constants are below, plus how many are not above; -1 for what is not a number."""
        found = self._memo[place] = broken_by(self.atoms, {self.reader.name: value})
        return found


def broken_by(atoms: Sequence[KilledBy], attributes: Mapping[str, Value]) -> Bits:
    """The clauses that these attributes break."""
    broken = 0
    for killed in atoms:
        broken |= killed.by[killed.verdict(attributes)]
    return broken


def _remember(memo: dict[Any, Bits], key: Any, found: Bits) -> None:
    if len(memo) >= min(MOST_VALUES, MOST_BITS // max(found.bit_length(), 1)):
        memo.clear()
    memo[key] = found


def _six_decimals(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """To the last bit what `six_decimals` makes of each: a million times a float32 is exact in double precision."""
    rounded: NDArray[np.float64] = np.rint(values.astype(np.float64) * 1e6) / 1e6 + 0.0
    return rounded


def _factored(keys: NDArray[Any] | list[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """The distinct keys, and of each owner the place of its key among them."""
    if isinstance(keys, np.ndarray):
        distinct, places = np.unique(keys, return_inverse=True)
        return distinct.tolist(), places
    index: dict[Any, int] = {}
    places = np.array([index.setdefault(key, len(index)) for key in keys], dtype=np.int64)
    return list(index), places


def _as_words(sets: Sequence[Bits], n_words: int) -> NDArray[np.uint64]:
    """Shape (len(sets), n_words)."""
    joined = b"".join([one.to_bytes(8 * n_words, "little") for one in sets])
    return np.frombuffer(joined, dtype=np.uint64).reshape(len(sets), n_words)
