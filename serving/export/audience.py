"""Whom an export is for: ids from a file of one column, or all members that are known."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.vocabulary import Vocabulary
from serving.export.parquet_file import read_text_column

COLUMN = "member_id"
MAX_ID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Audience:
    """
    The members of an export, each once.

    Attributes:
        encoded: Shape (n_members,), dtype ``S``: UTF-8 ids, ascending, distinct. The order of the file does not matter.
        digest: SHA-256 over the ids, one a line.
        n_listed: Ids in the file, repeats included.
        source: Name of the file, or ``everybody``.
    """

    encoded: NDArray[np.bytes_]
    digest: str
    n_listed: int
    source: str

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def n_repeats(self) -> int:
        """Ids that were listed more than once, beyond the first."""
        return self.n_listed - len(self.encoded)


def everybody(bundle: Vocabulary, without_personalisation: Vocabulary) -> Audience:
    """
    The members of the bundle and those who did not agree to personalisation, whom no bundle knows.

    Raises:
        InputError: There are none.
    """
    known: NDArray[np.bytes_] = np.union1d(bundle.encoded, without_personalisation.encoded)
    if not len(known):
        raise InputError("the bundle and the last ingest know no member; name the members with --audience FILE")
    return Audience(known, _digest(known), len(known), "everybody")


def read_audience(path: Path) -> Audience:
    """
    Read member ids: ``.txt`` holds one a line; ``.csv`` and ``.parquet`` a column ``member_id``.

    Raises:
        InputError: The file cannot be read, has another shape, holds no id, or holds an impossible one.
    """
    readers = {".txt": _read_lines, ".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"audience {path}: the ending {path.suffix!r} is not known; give .txt, .csv or .parquet")
    try:
        listed = [_checked(path, number, value) for number, value in reader(path)]
    except OSError as error:
        raise InputError(f"audience {path} cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"audience {path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    if not listed:
        raise InputError(f"audience {path} holds no member id; write one a line, or leave the list out for all")
    encoded = Vocabulary.of(listed).encoded
    return Audience(encoded, _digest(encoded), len(listed), path.name)


def _checked(path: Path, number: int, value: str) -> str:
    if not value or len(value) > MAX_ID_LENGTH or "\0" in value:
        raise InputError(
            f"audience {path}, line {number}: {value[:40]!r} is no member id; "
            f"an id has 1 to {MAX_ID_LENGTH} characters and no NUL"
        )
    return value


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig") as stream:
        yield from ((number, line.strip()) for number, line in enumerate(stream, 1) if line.strip())


def _read_csv(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        try:
            header = next(rows, None)
            if header is None:
                raise InputError(f"audience {path} is empty; its first line must be a header with {COLUMN!r}")
            column = _column(path, header)
            for row in rows:
                if row:
                    yield rows.line_num, _cell(path, rows.line_num, row, column)
        except csv.Error as error:
            raise InputError(f"audience {path}, line {rows.line_num}: {error}; mend the quotes of this line") from error


def _cell(path: Path, line: int, row: Sequence[str], column: int) -> str:
    if column >= len(row):
        raise InputError(f"audience {path}, line {line} has {len(row)} columns, the header has more; mend this line")
    return row[column].strip()


def _read_parquet(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(read_text_column(path, _column), 1)


def _column(path: Path, names: Sequence[str]) -> int:
    stripped = [name.strip() for name in names]
    if COLUMN in stripped:
        return stripped.index(COLUMN)
    raise InputError(
        f"audience {path} has no column {COLUMN!r} (it has {', '.join(stripped)}); rename the column of ids"
    )


def _digest(encoded: NDArray[np.bytes_]) -> str:
    digest = hashlib.sha256()
    for value in encoded.tolist():
        digest.update(value + b"\n")
    return digest.hexdigest()
