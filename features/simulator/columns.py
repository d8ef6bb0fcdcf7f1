"""Ids and instants as columns of millions of rows, built without a Python object a row."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

_ZERO = ord("0")


def fixed_ids(*parts: str | tuple[NDArray[np.int64], int]) -> pl.Series:
    """
    Strings of equal length: literal texts, and numbers with leading zeros.

    Args:
        parts: A text, or (numbers of shape (n,), digits); at least one of the latter.

    Raises:
        ValueError: A number is negative or does not fit its digits.

    Example:
        >>> fixed_ids("m", (np.array([7, 12]), 4)).to_list()
        ['m0007', 'm0012']
    """
    n = next(len(part[0]) for part in parts if not isinstance(part, str))
    width = sum(len(part) if isinstance(part, str) else part[1] for part in parts)
    letters = np.empty((n, width), dtype=np.uint8)
    at = 0
    for part in parts:
        if isinstance(part, str):
            letters[:, at : at + len(part)] = np.frombuffer(part.encode("ascii"), dtype=np.uint8)
            at += len(part)
            continue
        left, digits = part[0].copy(), part[1]
        if n and (left.min() < 0 or left.max() >= 10**digits):
            raise ValueError(f"numbers from {left.min()} to {left.max()} do not fit {digits} digits")
        for place in range(at + digits - 1, at - 1, -1):
            letters[:, place] = left % 10 + _ZERO
            left //= 10
        at += digits
    offsets = np.arange(n + 1, dtype=np.int64) * width
    strings = pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(letters))
    series = pl.from_arrow(strings)
    assert isinstance(series, pl.Series)
    return series


def chosen(names: Sequence[str], position: NDArray[np.int64]) -> pl.Series:
    """``names[position]`` as strings; null where the position is negative."""
    wanted = pl.Series(np.where(position < 0, len(names), position).astype(np.uint32))
    return pl.Series([*names, None], dtype=pl.String).gather(wanted)


def instants(seconds: NDArray[np.int64]) -> pl.Series:
    """Epoch seconds as microsecond UTC instants."""
    return pl.Series(seconds * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
