"""One checksum of what a model learnt from, whatever files and row order it came in."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def digest_content(
    frames: Mapping[str, pl.DataFrame], arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, object]
) -> str:
    """
    SHA-256 over names, types and values, as 64 hexadecimal digits.

    The caller sorts the frames and arrays by their keys; then equal content gives an equal digest, on any machine and
    with any version of the libraries. Categorical columns count as their texts, instants as microseconds.
    """
    digest = hashlib.sha256()
    for name in sorted(facts):
        digest.update(f"{name}={facts[name]!r}\n".encode())
    for name in sorted(frames):
        for column in sorted(frames[name].columns):
            digest.update(f"{name}.{column}:{frames[name].height}\n".encode())
            _add_column(digest, frames[name][column])
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{values.dtype.newbyteorder('<').str}:{values.shape}\n".encode())
        digest.update(values.astype(values.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


def _add_column(digest: "hashlib._Hash", column: pl.Series) -> None:
    digest.update(np.packbits(column.is_null().to_numpy()).data)
    if isinstance(column.dtype, pl.String | pl.Enum | pl.Categorical):
        texts = column.cast(pl.String).fill_null("")
        digest.update(texts.str.len_bytes().cast(pl.Int64).to_numpy().astype("<i8", copy=False).data)
        digest.update("".join(texts.to_list()).encode())
    elif isinstance(column.dtype, pl.Float32 | pl.Float64):
        digest.update(column.fill_null(0.0).cast(pl.Float64).to_numpy().astype("<f8", copy=False).data)
    else:
        digest.update(column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().astype("<i8", copy=False).data)
