"""Which version of the policy is in force now, read again only when somebody did something or a date has come."""

from collections.abc import Sequence
from pathlib import Path

from recsys.errors import StoreError
from recsys.hash_chain import NO_HASH
from recsys.policy.lifecycle.registry import InForce, PolicyRegistry, in_force_of
from recsys.types import EpochSeconds

Stamp = tuple[int, int]
"""When a file was written, in nanoseconds, and its size; -1 where there is none."""

PolicyStamp = tuple[str, tuple[Stamp, ...]]
"""The version in force, empty for the draft, and the stamps of the files it is read from."""


UNREVIEWED = "Nobody reviewed the policy: policy.yaml itself is in force until `recsys policy submit` and `approve`."
"""Said wherever the draft is used."""


class PolicyWatch:
    """
    Looks at the registry beside a policy file; cheap when nothing happened.

    What was once seen must still be there: a record that was written anew is refused.
    """

    def __init__(self, policy_path: Path) -> None:
        self._policy_path = policy_path
        self._registry = PolicyRegistry.beside(policy_path)
        self._draft_files: tuple[Path, ...] = (policy_path,)
        self._stamps: tuple[Stamp, ...] | None = None
        self._looked_at: EpochSeconds = 0
        self._seen = (0, NO_HASH)
        self._in_force = InForce()

    def note_draft_files(self, files: Sequence[Path]) -> None:
        """The draft was read from these files, those that it includes among them."""
        self._draft_files = tuple(files)

    def look(self, now: EpochSeconds) -> tuple[InForce, PolicyStamp]:
        """
        What is in force, and what changes when something else has to be read.

        Raises:
            StoreError: The registry is broken, or its past is another than it was.
        """
        stamps = tuple(stamp(path) for path in self._registry.journal.watched)
        change = self._in_force.change
        is_due = now < self._looked_at or (change is not None and now >= change.at)
        if stamps != self._stamps or is_due:
            self._in_force = self._read(now)
            self._stamps = stamps
        self._looked_at = now
        version = self._in_force.version
        files = (self._registry.path_of(version),) if version else self._draft_files
        return self._in_force, (version, tuple(stamp(path) for path in files))

    def _read(self, now: EpochSeconds) -> InForce:
        record = self._registry.read()
        n_seen, digest = self._seen
        if n_seen and (len(record.hashes) < n_seen or record.hashes[n_seen - 1] != digest):
            raise StoreError(
                f"{self._registry.journal.path} no longer holds the {n_seen} entries that were seen; restore it from a "
                "backup, or start the service anew if it was changed on purpose"
            )
        self._seen = (len(record.hashes), record.head)
        return in_force_of(record.entries, now)


def stamp(path: Path) -> Stamp:
    """When a file was written, and its size."""
    try:
        stat = path.stat()
    except OSError:
        return -1, -1  # whoever reads it says what is missing
    return stat.st_mtime_ns, stat.st_size
