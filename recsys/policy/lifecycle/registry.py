"""The versions beside a policy file, and which policy is in force: one that was approved, or else the draft."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from recsys.errors import PolicyError, StoreError
from recsys.policy.file.schema import Policy
from recsys.policy.lifecycle.journal import Journal, Record, write_aside
from recsys.policy.lifecycle.past import past_changes
from recsys.policy.lifecycle.versions import Change, Entry, VersionState, fold, in_force, next_change
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.load import load_document
from recsys.policy.reading.problems import problem_list
from recsys.types import EpochSeconds

FOLDER = "policies"
DRAFT = "draft"
"""State of what is served where no version was ever approved."""


@dataclass(frozen=True, slots=True)
class InForce:
    """
    What is in force at an instant, without the policy itself.

    Attributes:
        version: Id of the version; empty for the draft file.
        state: ``live``, or ``draft`` where no version ever was.
        since: When it came into force; absent for the draft.
        until: When it ends by itself; absent where it does not.
        change: What comes next, if nobody does anything; absent where nothing does.
        author, submitter, approver: Who; the draft has an author where its file names one.
        reviewed: Somebody other than its author and submitter approved it.
    """

    version: str = ""
    state: str = DRAFT
    since: EpochSeconds | None = None
    until: EpochSeconds | None = None
    change: Change | None = None
    author: str = ""
    submitter: str = ""
    approver: str = ""
    reviewed: bool = False


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """
    The policy in force, and what is known of it.

    Attributes:
        policy: As loaded.
        source: The file it was read from.
        in_force: Which version it is, since when, and who let it.
        document: The draft with its places, where the draft is in force.
    """

    policy: Policy
    source: Path
    in_force: InForce
    document: PolicyDocument | None = None

    @property
    def version(self) -> str:
        """Id of the version; the draft's own where it is served unreviewed."""
        return self.in_force.version or self.policy.policy_id

    @property
    def state(self) -> str:
        """``live`` or ``draft``."""
        return self.in_force.state

    @property
    def since(self) -> EpochSeconds | None:
        """When it came into force."""
        return self.in_force.since

    @property
    def until(self) -> EpochSeconds | None:
        """When it ends by itself."""
        return self.in_force.until

    @property
    def author(self) -> str:
        """Who drafted it."""
        return self.in_force.author or self.policy.drafted_by

    @property
    def approver(self) -> str:
        """Who let it come into force; nobody for the draft."""
        return self.in_force.approver

    @property
    def reviewed(self) -> bool:
        """Approved by another."""
        return self.in_force.reviewed

    def placed(self, error: PolicyError) -> PolicyError:
        """An error about this policy, naming the file and, of the draft, the line and column."""
        if self.document is None:
            return PolicyError(f"{self.source}: {error}")
        problems = self.document.locate(error)
        return PolicyError(f"the policy cannot be used:\n{problem_list(problems)}", problems=problems)


@dataclass(frozen=True, slots=True)
class PolicyRegistry:
    """
    Versions, each a file that is never changed, and the journal of what was done with them.

    Attributes:
        folder: ``policies/`` beside the policy file; it need not exist.
    """

    folder: Path

    @classmethod
    def beside(cls, policy_path: Path) -> "PolicyRegistry":
        """The registry of a policy file."""
        return cls(policy_path.parent / FOLDER)

    @property
    def journal(self) -> Journal:
        """Who did what."""
        return Journal(self.folder)

    def read(self) -> Record:
        """
        All that was done, verified.

        Raises:
            StoreError: It was altered, or the journal is gone and the versions are there.
        """
        record = self.journal.read()
        is_gone = not record.entries and not all(path.exists() for path in self.journal.watched)
        if is_gone and any(self._versions.glob("*.json")):
            raise StoreError(f"{self.journal.path} is gone, and versions are there; restore it from a backup")
        return record

    def record(self, decide: Callable[[Sequence[Entry], EpochSeconds], Entry], *, now: EpochSeconds) -> Entry:
        """
        Write down a move: of `recsys.policy.lifecycle.moves`, on all that was done before, alone.

        Args:
            decide: Gets the entries and the instant: *now*, or that of the last entry where a clock runs behind it.
            now: When.

        Raises:
            InputError: The move is not allowed.
            StoreError: The registry is broken or cannot be written.
        """
        return self.journal.append(lambda entries: decide(entries, present(entries, now)))

    def keep(self, policy: Policy) -> str:
        """
        Store a policy as a version; done twice it is done once.

        Returns:
            Its id, which is the SHA-256 of the file.

        Raises:
            StoreError: It cannot be written, or another content is there.
        """
        self.read()
        content = canonical(policy).encode()
        version = hashlib.sha256(content).hexdigest()
        path = self.path_of(version)
        with self.journal.begun():  # before any version, so that versions without a journal mean that it is gone
            try:
                if not path.exists():
                    self._versions.mkdir(parents=True, exist_ok=True)
                    write_aside(path, content)
            except OSError as error:
                raise StoreError(f"{path} cannot be written ({error.strerror}); make the folder writable") from error
        self.load(version)
        return version

    def load(self, version: str) -> Policy:
        """
        A version as a policy.

        Raises:
            StoreError: Its file is missing or altered.
            PolicyError: This release of the program does not read it any more.
        """
        try:
            return Policy.model_validate(json.loads(self._verified(version)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(step) for step in first["loc"])
            raise PolicyError(
                f"{self.path_of(version)} is whole, but this release does not read it: {place}: {first['msg']}; "
                "submit and approve a version for this release, or go back to the one before"
            ) from None

    def path_of(self, version: str) -> Path:
        """Where a version lies."""
        return self._versions / f"{version}.json"

    def in_force(self, now: EpochSeconds) -> InForce:
        """
        What is in force, without reading any policy.

        Raises:
            StoreError: The registry is broken, so it cannot be said.
        """
        return in_force_of(self.read().entries, now)

    @property
    def _versions(self) -> Path:
        return self.folder / "versions"

    def _verified(self, version: str) -> bytes:
        path = self.path_of(version)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror}); restore it from a backup") from error
        if hashlib.sha256(content).hexdigest() != version:
            raise StoreError(f"{path} was altered: its SHA-256 is not its name; restore it from a backup")
        return content


def live_policy(policy_path: Path, now: EpochSeconds) -> LivePolicy:
    """
    The policy in force: a version that was approved or, where none ever came into force, the draft file.

    Args:
        policy_path: The draft; the registry lies beside it.
        now: At which instant.

    Raises:
        PolicyError: The draft is broken (asked only where it is in force), or a version is not read by this release.
        StoreError: The registry is broken.
    """
    return load_in_force(policy_path, PolicyRegistry.beside(policy_path).in_force(now))


def load_in_force(policy_path: Path, in_force: InForce) -> LivePolicy:
    """
    Read the policy that is in force.

    Raises:
        PolicyError, StoreError: As `live_policy`.
    """
    registry = PolicyRegistry.beside(policy_path)
    if not in_force.version:
        document = load_document(policy_path)
        return LivePolicy(document.policy, policy_path, in_force, document)
    return LivePolicy(registry.load(in_force.version), registry.path_of(in_force.version), in_force)


def canonical(policy: Policy) -> str:
    """The content of a version: the text whose SHA-256 is ``policy_id``."""
    content = policy.model_dump(mode="json", by_alias=True, exclude={"drafted_by", "approved_by"})
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == policy.policy_id
    return text


def in_force_of(entries: Sequence[Entry], now: EpochSeconds) -> InForce:
    """
    What is in force by the entries. What was done holds also where a clock runs behind it.

    Raises:
        StoreError: Something was in force once and nothing is now, which no move leads to.
    """
    instant = present(entries, now)
    versions = fold(entries)
    current = in_force(versions, instant)
    change = next_change(entries, instant)
    past = past_changes(entries, instant)
    if current is None:
        if past:
            raise StoreError("no version of the policy is in force, though one was; restore `policies` from a backup")
        return InForce(change=change)
    return InForce(
        version=current.version,
        state=VersionState.LIVE.value,
        since=past[-1].at,
        until=current.end,
        change=change,
        author=current.author,
        submitter=current.submitter,
        approver=current.approver,
        reviewed=True,
    )


def present(entries: Sequence[Entry], now: EpochSeconds) -> EpochSeconds:
    """*now*, but never before the last entry: a clock that was set back does not undo what was done."""
    return max(now, entries[-1].at) if entries else now
