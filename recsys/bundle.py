"""The directory of arrays that serving needs from training: written once, verified, memory-mapped."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recsys.errors import BundleError

FORMAT = 2
MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class FileEntry(BaseModel):
    """One array file as the manifest promises it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str
    n_bytes: int
    dtype: str
    shape: tuple[int, ...]


class Manifest(BaseModel):
    """
    What a bundle says of itself.

    Attributes:
        bundle_id: SHA-256 over format, settings and the files' hashes. Run id, git commit and dates are not part of
            it: the same data and settings give the same bundle_id.
        run_id: MLflow run that made it; empty where tracking was off.
        git_sha: Commit of the code; empty where unknown.
        cut_off: Epoch seconds: training saw no fact at or after it.
        dataset_digest: SHA-256 over the canonical tables that training read.
        currency: ISO 4217 code of every ``_minor`` column.
        settings: What the engine needs besides arrays: tier names, category names, sources and their weights, etc.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int
    bundle_id: str
    run_id: str = ""
    git_sha: str = ""
    cut_off: int
    dataset_digest: str
    currency: str
    settings: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Bundle:
    """
    An opened bundle.

    Attributes:
        path: Where it lies.
        manifest: What it says of itself.
        arrays: Memory-mapped and read-only, by name without the ending.
    """

    path: Path
    manifest: Manifest
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)

    @classmethod
    def open(cls, path: Path, *, verify: bool = True) -> Self:
        """
        Map the arrays of a bundle.

        Args:
            path: Directory with a manifest.
            verify: Hash every file and compare. Leave it out only for a bundle this process has verified before.

        Raises:
            BundleError: Anything is missing, too much, altered, of another format, or not a plain array.
        """
        manifest = read_manifest(path)
        arrays: dict[str, NDArray[Any]] = {}
        for name, entry in manifest.files.items():
            file = path / f"{name}.npy"
            if not _is_inside(file, path):
                raise BundleError(f"bundle {path}: the file name {name!r} leaves the directory; do not use this bundle")
            if not file.is_file() or file.is_symlink():
                raise BundleError(f"bundle {path}: {file.name} is missing or not a plain file; run `recsys sync`")
            if verify and (file.stat().st_size != entry.n_bytes or _sha256(file) != entry.sha256):
                raise BundleError(f"bundle {path}: {file.name} differs from its SHA-256; run `recsys sync`")
            arrays[name] = _map(file, entry)
        return cls(path, manifest, arrays)

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self.arrays[name]
        except KeyError:
            raise BundleError(f"bundle {self.path} has no array {name!r}; train again with this version") from None


def read_manifest(path: Path) -> Manifest:
    """
    Read what a bundle says of itself, without touching its arrays.

    Raises:
        BundleError: There is no manifest, or it is not one of this format.
    """
    try:
        text = (path / MANIFEST).read_text()
    except OSError as error:
        raise BundleError(
            f"{path} is no bundle: {MANIFEST} cannot be read ({error.strerror}); run `recsys train`"
        ) from error
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleError(
            f"bundle {path}: {MANIFEST} is broken at {first['loc']}: {first['msg']}; train again"
        ) from error
    if manifest.format != FORMAT:
        raise BundleError(f"bundle {path} has format {manifest.format}, this version reads {FORMAT}; train again")
    if manifest.bundle_id != _bundle_id(manifest):
        raise BundleError(f"bundle {path}: {MANIFEST} was altered (its bundle_id does not match); run `recsys sync`")
    return manifest


def write_bundle(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    *,
    cut_off: int,
    dataset_digest: str,
    currency: str,
    settings: Mapping[str, Any],
    run_id: str = "",
    git_sha: str = "",
) -> Manifest:
    """
    Write a bundle aside and rename it, so that a reader never sees half of one.

    Raises:
        BundleError: An array holds objects, or a name is not a plain file name.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        files = {name: _write_array(aside, name, arrays[name]) for name in sorted(arrays)}
        draft = Manifest(
            format=FORMAT,
            bundle_id="",
            run_id=run_id,
            git_sha=git_sha,
            cut_off=cut_off,
            dataset_digest=dataset_digest,
            currency=currency,
            settings=dict(settings),
            files=files,
        )
        manifest = draft.model_copy(update={"bundle_id": _bundle_id(draft)})
        (aside / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n")
        shutil.rmtree(path, ignore_errors=True)
        aside.rename(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


def _bundle_id(manifest: Manifest) -> str:
    content = {
        "format": manifest.format,
        "cut_off": manifest.cut_off,
        "dataset_digest": manifest.dataset_digest,
        "currency": manifest.currency,
        "settings": manifest.settings,
        "files": {name: entry.sha256 for name, entry in sorted(manifest.files.items())},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write_array(folder: Path, name: str, array: NDArray[Any]) -> FileEntry:
    if array.dtype.hasobject:
        raise BundleError(f"array {name!r} holds Python objects; a bundle keeps numbers and bytes only")
    file = folder / f"{name}.npy"
    if not _is_inside(file, folder) or name.startswith("."):
        raise BundleError(f"{name!r} is no plain name for an array; use letters, digits, '_', '-' and '.'")
    np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    return FileEntry(sha256=_sha256(file), n_bytes=file.stat().st_size, dtype=array.dtype.str, shape=array.shape)


def _map(file: Path, entry: FileEntry) -> NDArray[Any]:
    try:
        # An empty file cannot be mapped; it is read instead.
        array: NDArray[Any] = np.load(file, mmap_mode="r" if all(entry.shape) else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BundleError(f"{file} is no plain array ({error}); run `recsys sync`") from error
    if array.dtype.str != entry.dtype or array.shape != entry.shape:
        raise BundleError(f"{file} is {array.dtype.str} {array.shape}, the manifest says {entry.dtype} {entry.shape}")
    # A bare view: np.memmap makes every later slice dear.
    return array.view(np.ndarray)


def _is_inside(file: Path, folder: Path) -> bool:
    return file.parent == folder and file.name == os.path.basename(file)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
