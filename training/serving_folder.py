"""The folder that serving watches: bundles arrive verified, and one pointer file says which one counts."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.bundle import Bundle, read_manifest
from recsys.errors import BundleError
from recsys.knowledge import Knowledge

POINTER = "current"
INCOMING = ".incoming."


@dataclass(frozen=True, slots=True)
class ServingFolder:
    """
    ``<bundle_id[:16]>/`` folders and the file ``current`` with the name of one.

    Attributes:
        path: The folder; it is made where it is absent.
    """

    path: Path

    def incoming(self) -> Path:
        """An empty folder aside, on the same file system, for what is being fetched."""
        self.path.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=INCOMING, suffix=".tmp", dir=self.path))

    def current(self) -> str:
        """Name of the folder that counts; empty where none does."""
        try:
            return (self.path / POINTER).read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def holds(self, bundle_id: str) -> bool:
        """The bundle is here, and every byte is as its manifest says."""
        folder = self.path / bundle_id[:16]
        try:
            return read_manifest(folder).bundle_id == bundle_id and bool(Bundle.open(folder).arrays)
        except BundleError:
            return False

    def activate(self, fetched: Path, bundle_id: str) -> None:
        """
        Take a verified bundle in and point to it; keep the one before, remove those older.

        A reader sees the old pointer or the new one, and either names a whole bundle.
        """
        folder = self.path / bundle_id[:16]
        if not self.holds(bundle_id):
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(fetched, folder)
        self.point(bundle_id)

    def point(self, bundle_id: str) -> None:
        """Move the pointer to a bundle that is here."""
        name, before = bundle_id[:16], self.current()
        aside = self.path / f"{POINTER}.tmp"
        aside.write_text(name + "\n", encoding="utf-8")
        os.replace(aside, self.path / POINTER)
        for old in self.path.iterdir():
            if old.is_dir() and old.name not in (name, before) and (old / "manifest.json").is_file():
                shutil.rmtree(old, ignore_errors=True)


def verify_bundle(path: Path, bundle_id: str) -> Knowledge:
    """
    Open a fetched bundle as serving will, every byte hashed, and look for figures that are none.

    Raises:
        BundleError: A byte differs, an array is missing, it is another bundle than registered, or a figure that a
            decision counts with is not finite.
    """
    bundle = Bundle.open(path)
    if bundle.manifest.bundle_id != bundle_id:
        raise BundleError(
            f"the fetched bundle is {bundle.manifest.bundle_id[:16]}, registered was {bundle_id[:16]}; train again"
        )
    knowledge = Knowledge.of(bundle)
    response, members = knowledge.response, knowledge.members
    counted: dict[str, NDArray[Any]] = {
        "response.uplift": response.uplift,
        "response.uplift_sd": response.uplift_sd,
        "response.redeem": response.redeem,
        "response.scope_affinity": response.scope_affinity,
        "members.orders_per_day": members.orders_per_day,
        "members.margin_rate": members.margin_rate,
    }
    for name, array in counted.items():
        if not np.isfinite(array).all():
            raise BundleError(f"bundle {bundle_id[:16]}: {name} holds NaN or infinity; train again")
    for name, source in knowledge.sources.items():
        if not np.array_equal(source.products >= 0, np.isfinite(source.scores)):
            raise BundleError(f"bundle {bundle_id[:16]}: candidates.{name} has scores that are not finite; train again")
    return knowledge
