"""The folder in which an export grows, and the step that makes it the finished one."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from recsys.errors import InputError
from serving.export.csv_file import join_csv, write_csv
from serving.export.parquet_file import join_parquet, write_parquet
from serving.export.plan import ExportPlan, FileFormat, PartMark, as_json, differences, read_plan
from serving.export.table import Table, n_rows

MANIFEST = "manifest.json"
_LOCK = "lock"
_CHUNK = 1 << 20
_WRITERS: dict[FileFormat, Callable[[Path, Table], None]] = {
    FileFormat.CSV: write_csv,
    FileFormat.PARQUET: write_parquet,
}
_JOINERS: dict[FileFormat, Callable[[Iterable[Path], Path], None]] = {
    FileFormat.CSV: join_csv,
    FileFormat.PARQUET: join_parquet,
}


@dataclass(frozen=True, slots=True)
class PartialExport:
    """
    An export on its way: parts, marks of the complete ones, and the plan.

    Attributes:
        folder: ``<out>.partial``, beside the final place and so on the same disk.
        out: The final place: a folder of parts, or one file where its name ends in the format.
        plan: What it is made from.
    """

    folder: Path
    out: Path
    plan: ExportPlan

    @property
    def parts(self) -> Path:
        """Where the parts are; becomes the final folder."""
        return self.folder / "parts"

    def part(self, index: int) -> Path:
        """Where one part is once it is complete."""
        return self.parts / f"part-{index:05}.{self.plan.file_format.value}"

    def write_part(
        self,
        index: int,
        table: Table,
        *,
        n_members: int,
        counts: dict[str, int],
        saved: dict[str, int],
        consents: str,
        contacts: str = "",
    ) -> PartMark:
        """Write a part and then its mark, each aside and renamed: a reader sees all of it or none."""
        part = self.part(index)
        aside = self.folder / f"{part.name}.{os.getpid()}.tmp"
        _WRITERS[self.plan.file_format](aside, table)
        digest = sha256(aside)
        os.replace(aside, part)
        mark = PartMark(
            fingerprint=self.plan.fingerprint(),
            name=part.name,
            n_members=n_members,
            n_rows=n_rows(table),
            counts=counts,
            saved=saved,
            consents=consents,
            contacts=contacts,
            sha256=digest,
        )
        write_aside(self._mark(index), as_json(mark))
        return mark

    def finished_part(self, index: int) -> PartMark | None:
        """The mark of a complete part of this plan; absent where it must be made (again)."""
        try:
            mark = PartMark.model_validate_json(self._mark(index).read_bytes())
            intact = mark.fingerprint == self.plan.fingerprint() and sha256(self.part(index)) == mark.sha256
        except (OSError, ValidationError):
            return None
        return mark if intact else None

    def write_array(self, name: str, array: NDArray[np.generic]) -> None:
        """Keep an intermediate result, written aside and renamed."""
        aside = self.folder / f"{name}.{os.getpid()}.tmp"
        with aside.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
        os.replace(aside, self.array(name))

    def array(self, name: str) -> Path:
        """Where an intermediate result is."""
        return self.folder / f"{name}.npy"

    def finish(self, marks: Sequence[PartMark], manifest: Callable[[dict[str, str]], str]) -> None:
        """
        Join the parts where one file is wanted, add the manifest, and rename everything into its final place.

        Args:
            marks: Of all parts, in order.
            manifest: Given the SHA-256 of each final file, the text of the manifest.
        """
        if is_single_file(self.out, self.plan.file_format):
            joined = self.folder / self.out.name
            _JOINERS[self.plan.file_format]([self.parts / mark.name for mark in marks], joined)
            text = manifest({self.out.name: sha256(joined)})
            aside = self.folder / MANIFEST
            aside.write_text(text, encoding="utf-8")
            # The file goes last: where it is, its manifest is.
            os.replace(aside, manifest_path(self.out, self.plan.file_format))
            os.replace(joined, self.out)
        else:
            wanted = {mark.name for mark in marks}
            for stray in self.parts.iterdir():
                if stray.name not in wanted:
                    stray.unlink()
            (self.parts / MANIFEST).write_text(manifest({mark.name: mark.sha256 for mark in marks}), encoding="utf-8")
            os.rename(self.parts, self.out)
        shutil.rmtree(self.folder)

    def _mark(self, index: int) -> Path:
        return self.folder / "marks" / f"part-{index:05}.json"


@contextmanager
def partial_export(out: Path, plan: ExportPlan) -> Iterator[PartialExport]:
    """
    Begin an export, or continue a stopped one of the same plan; nobody else may do so meanwhile.

    A folder without a plan is what an interrupted deletion left: nothing in it is known to be of this plan.

    Raises:
        InputError: Another process is exporting to *out*, or the stopped export there has other inputs.
    """
    folder = partial_folder(out)
    export = PartialExport(folder, out, plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error.strerror}); choose another --out") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"another export is writing to {out}; wait for it, or choose another --out") from None
        plan_path = folder / "plan.json"
        for leftover in folder.glob("*.tmp") if plan_path.exists() else _all_but_lock(folder):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        for name in ("marks", "parts"):
            (folder / name).mkdir(exist_ok=True)
        _check_same(plan_path, plan)
        yield export


def partial_folder(out: Path) -> Path:
    """Where an export to *out* grows."""
    return out.with_name(f"{out.name}.partial")


def is_single_file(out: Path, file_format: FileFormat) -> bool:
    """*out* names one file, not a folder of parts."""
    return out.suffix.lower() == f".{file_format.value}"


def manifest_path(out: Path, file_format: FileFormat) -> Path:
    """Where the manifest of a finished export is: in its folder, or beside its single file."""
    return out.with_name(f"{out.name}.{MANIFEST}") if is_single_file(out, file_format) else out / MANIFEST


def write_aside(path: Path, text: str) -> None:
    """Write a file under another name and rename it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _all_but_lock(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.name != _LOCK]


def _check_same(path: Path, plan: ExportPlan) -> None:
    if not path.exists():
        write_aside(path, as_json(plan))
        return
    changed = differences(read_plan(path), plan)
    if changed:
        raise InputError(
            f"a stopped export in {path.parent} has other inputs ({'; '.join(changed)}); "
            "run it again with the former inputs to continue it, or delete that folder to start over"
        )
