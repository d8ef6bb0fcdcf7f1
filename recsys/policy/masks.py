"""How removals and levers are written onto arrays of members by candidates."""

import numpy as np
from numpy.typing import NDArray

from recsys.policy.native import KEPT, Code, Codes
from recsys.ragged import Ragged
from recsys.types import Rows

Words = NDArray[np.uint64]

WORD = 64
_BYTE = 8
_AT_ONCE = 1 << 14
_COMPARISONS_AT_ONCE = 1 << 22
_LONG_LIST = 32
_ROW_BITS = 31
_ONE = np.uint64(1)


def as_words(bits: int, n_words: int) -> Words:
    """Shape (n_words,): the bits of a whole number."""
    return np.frombuffer(bits.to_bytes(8 * n_words, "little"), dtype=np.uint64)


def remove_listed(codes: Codes, candidates: Rows, owners: NDArray[np.int64], rows: Rows, code: Code) -> None:
    """
    Note the candidates that a member has on a list.

    Comparing each entry of a short list with its member's candidates beats any sorting.

    Args:
        codes: Shape (m, c).
        candidates: Shape (m, c).
        owners: Shape (e,): position of the member whose entry it is.
        rows: Shape (e,): the product.
        code: Of the rule.
    """
    if len(candidates) == 1 and len(rows) <= _LONG_LIST:
        (column,) = (candidates == rows[:, None]).any(axis=0).nonzero()
        if len(column):
            codes[0, column] = np.minimum(codes[0, column], np.uint16(code))
        return
    if len(rows) > _LONG_LIST * len(candidates):
        line = np.arange(len(candidates), dtype=np.int64)[:, None]
        listed = np.isin(line << _ROW_BITS | candidates, owners << _ROW_BITS | rows)
        codes[listed] = np.minimum(codes[listed], np.uint16(code))
        return
    step = max(1, _COMPARISONS_AT_ONCE // max(1, candidates.shape[1]))
    for start in range(0, len(rows), step):
        some = owners[start : start + step]
        entry, column = np.nonzero(candidates[some] == rows[start : start + step, None])
        if len(entry):
            member = some[entry]
            codes[member, column] = np.minimum(codes[member, column], np.uint16(code))


def remove_owned(codes: Codes, lists: Ragged, code: Code) -> None:
    """Note in codes of shape (m, n_offers) the offers that a member has on a list."""
    if len(lists.values):
        owners = lists.owners()
        codes[owners, lists.values] = np.minimum(codes[owners, lists.values], np.uint16(code))


def remove_named(codes: Codes, names: Words, holds: Words, code_of: Codes, candidates: Rows | None = None) -> None:
    """
    Note, in place, the first rule that removes each candidate: the lowest bit that its names and the member share.

    Args:
        codes: Shape (m, c).
        names: Shape (n, words): bits of the rules that remove each thing.
        holds: Shape (m, words): bits of the rules that hold for each member.
        code_of: Shape (65 words,): see `code_table`.
        candidates: Shape (m, c): which things; absent means all of them, in their order.
    """
    n_words = names.shape[1]
    if len(codes) == 1:
        _remove_named_of_one(
            codes[0], names if candidates is None else names.take(candidates[0], axis=0), holds, code_of
        )
        return
    if not n_words or not holds.any():
        return
    step = max(1, _AT_ONCE // max(1, codes.shape[1] * n_words))
    line_of_word = np.arange(n_words) * (WORD + 1)
    for start in range(0, len(codes), step):
        part = slice(start, start + step)
        named = names if candidates is None else names.take(candidates[part], axis=0)
        shared = named & holds[part, None, :]
        # All bits below the lowest; of none at all, 64.
        below = np.bitwise_count((shared & -shared) - _ONE)
        first = code_of.take(below + line_of_word)
        # Several times faster than a minimum along so short an axis.
        for word in range(n_words):
            np.minimum(codes[part], first[..., word], out=codes[part])


def _remove_named_of_one(codes: Codes, named: Words, holds: Words, code_of: Codes) -> None:
    """As `remove_named`, of one member and as many things as there are codes; with fewer arrays."""
    for word, bits in enumerate(holds[0].tolist()):
        if bits:
            shared = named[:, word] & holds[0, word]
            below = np.negative(shared)
            below &= shared
            below -= _ONE
            np.minimum(codes, code_of[word * (WORD + 1) :].take(np.bitwise_count(below)), out=codes)


def code_table(codes: list[Code]) -> Codes:
    """Shape (65 words,): the code of each bit of each word, ascending, and KEPT behind those of a word."""
    n_words = -(-len(codes) // WORD)
    table: Codes = np.full((n_words, WORD + 1), KEPT, dtype=np.uint16)
    for position, code in enumerate(codes):
        table[divmod(position, WORD)] = code
    return table.ravel()


def lever_table(factors: list[float]) -> NDArray[np.float32]:
    """
    Shape (bytes, 256): what the levers of each byte of a bit set multiply by together.

    So the product over any set of levers is taken in one fixed order, whoever asks.
    """
    n_bytes = -(-len(factors) // _BYTE)
    table = np.ones((n_bytes, 1 << _BYTE), dtype=np.float64)
    for position, factor in enumerate(factors):
        byte, bit = divmod(position, _BYTE)
        table[byte, np.arange(1 << _BYTE) >> bit & 1 == 1] *= factor
    return table.astype(np.float32)


def multiplied(bits: Words, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the levers of each bit set multiply by, the shape of *bits*, as a new array."""
    factors = np.ones(bits.shape, dtype=np.float32)
    if bits.size:
        used = int(np.bitwise_or.reduce(bits, axis=None))
        by_byte = bits.view(np.uint8).reshape(*bits.shape, _BYTE)
        for byte, factor_of in enumerate(table):
            if used >> _BYTE * byte & 0xFF:
                factors *= factor_of.take(by_byte[..., byte])
    return factors
