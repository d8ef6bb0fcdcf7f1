"""
Which arm of an experiment a member is in, and reproducible chance: hashes, so that nothing need be stored.

The hash, the bucket ranges and the choice are GrowthBook's (docs.growthbook.io, "Build your own SDK", 0.7.1), so that
assignments agree with any of their SDKs. One member costs a few microseconds of plain Python; many are hashed at once.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.policy.file.schema import Experiment
from recsys.vocabulary import decode_id

_FNV_OFFSET = 0x811C9DC5
_FNV_PRIME = 0x01000193
_MASK = 0xFFFFFFFF
_BUCKETS = 10_000
_FEW = 24
"""Below so many ids plain Python is faster than arrays."""


def hash_unit(seed: str, value: str, version: int = 2) -> float:
    """
    Hash a value to [0, 1), in steps of 1/10,000 (version 2) or 1/1,000 (version 1, biased; for old experiments only).

    Raises:
        ValueError: The version is neither 1 nor 2.

    Example:
        >>> hash_unit("seed", "a")
        0.0505
    """
    if version == 2:
        inner = _fnv1a(_units(value), _fnv1a(_units(seed)))
        return _fnv1a(str(inner).encode()) % _BUCKETS / _BUCKETS
    if version == 1:
        return _fnv1a(_units(value + seed)) % 1_000 / 1_000
    raise ValueError(f"hash version {version} is unknown; use 1 or 2")


def hash_units(seed: str, values: NDArray[np.bytes_]) -> NDArray[np.float64]:
    """Shape (m,): `hash_unit` (version 2) of each value, as `encode_id` gives it, in an array of dtype ``S``."""
    if not len(values):
        return np.empty(0, dtype=np.float64)
    if len(values) < _FEW:
        return np.array([hash_unit(seed, decode_id(value)) for value in values.tolist()])
    letters = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.dtype.itemsize)
    inner = _fnv1a_rows(letters, np.full(len(values), _fnv1a(_units(seed)), dtype=np.uint32))
    digits = np.char.encode(inner.astype(np.str_), "ascii")
    outer = _fnv1a_rows(
        digits.view(np.uint8).reshape(len(values), -1), np.full(len(values), _FNV_OFFSET, dtype=np.uint32)
    )
    units: NDArray[np.float64] = outer % _BUCKETS / _BUCKETS
    # The hash is defined on UTF-16 code units, which are the bytes only where the text is ASCII.
    for row in np.flatnonzero((letters >= 0x80).any(axis=1)):
        units[row] = hash_unit(seed, decode_id(bytes(values[row])))
    return units


def bucket_ranges(weights: Sequence[float], coverage: float) -> list[tuple[float, float]]:
    """The part [start, stop) of [0, 1) of each arm; with *coverage* < 1 each arm gives up the tail of its part."""
    ranges, start = [], 0.0
    for weight in weights:
        ranges.append((start, start + coverage * weight))
        start += weight
    return ranges


def assign(experiment: Experiment, ids: NDArray[np.bytes_]) -> NDArray[np.int8]:
    """
    Say which arm each member is in.

    Args:
        experiment: Its seed is hashed with the id; without a seed, its key.
        ids: Shape (m,), UTF-8 in an array of dtype ``S``.

    Returns:
        Shape (m,): position of the arm; -1 where the member is not in the experiment.
    """
    units = hash_units(experiment.seed or experiment.key, ids)
    arms = np.full(len(ids), -1, dtype=np.int8)
    ranges = bucket_ranges([arm.weight for arm in experiment.arms], experiment.coverage)
    for arm, (start, stop) in enumerate(ranges):
        arms[(units >= start) & (units < stop)] = arm
    return arms


def uniforms(seed: int, salt: str, values: NDArray[np.bytes_]) -> NDArray[np.float64]:
    """
    Draw for each value a number in [0, 1) that only (seed, salt, value) decide, with 53 random bits.

    Not `hash_units`: steps of 1/10,000 are too coarse to choose among many things, and the member's arm must tell
    nothing of the draw.

    Args:
        seed: Of the decision.
        salt: What the draw is for; draws of different salts are independent.
        values: Shape (m,), UTF-8 in an array of dtype ``S``.
    """
    prefix = hashlib.blake2b(f"{seed}\0{salt}\0".encode(), digest_size=8)
    drawn = np.empty(len(values), dtype=np.uint64)
    for position, value in enumerate(values.tolist()):
        state = prefix.copy()
        state.update(value)
        drawn[position] = int.from_bytes(state.digest(), "little")
    return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _units(text: str) -> list[int] | bytes:
    if text.isascii():
        return text.encode()
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").tolist()  # type: ignore[no-any-return]  # NumPy gives Any


def _fnv1a(units: list[int] | bytes, start: int = _FNV_OFFSET) -> int:
    state = start
    for unit in units:
        state = (state ^ unit) * _FNV_PRIME & _MASK
    return state


def _fnv1a_rows(letters: NDArray[np.uint8], state: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The hash of each row of bytes, shape (m, width), up to the NULs that pad it."""
    width = letters.shape[1]
    lengths = width - (letters[:, ::-1] != 0).argmax(axis=1)
    lengths[~letters.any(axis=1)] = 0
    for position in range(width):
        mixed = (state ^ letters[:, position]) * np.uint32(_FNV_PRIME)
        state = np.where(position < lengths, mixed, state)
    return state
