"""The two policies that are compared: where each is found, and errors that say which of the two is wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recsys.engine import Engine
from recsys.errors import InputError, PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.compile import compile_policy
from recsys.policy.file.schema import Policy
from recsys.policy.lifecycle.registry import PolicyRegistry, live_policy
from recsys.policy.lifecycle.versions import find_version
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.load import load_document
from recsys.types import EpochSeconds

LIVE, DRAFT = "live", "draft"


@dataclass(frozen=True, slots=True)
class Side:
    """
    One of the two.

    Attributes:
        letter: ``A`` or ``B``.
        given: As it was asked for.
        source: The file it was read from.
        policy: As read.
        document: With the places of everything; absent of a version, which nobody writes by hand.
    """

    letter: str
    given: str
    source: Path
    policy: Policy
    document: PolicyDocument | None = None

    @property
    def named(self) -> str:
        """How messages call it."""
        return f"{self.letter} ({self.given})"


def open_side(letter: str, given: str, *, policy_path: Path, now: EpochSeconds) -> Side:
    """
    Read a policy: a file, ``live``, ``draft``, or the id of a version, of which the first letters are enough.

    A file of that name comes first.

    Args:
        letter: ``A`` or ``B``.
        given: As asked for.
        policy_path: The workspace's policy file; versions lie beside it.
        now: At which instant something is live.

    Raises:
        InputError: There is no such file or version.
        PolicyError: It is broken; the message says which of the two, and where.
        StoreError: The versions are broken.
    """
    with naming(letter, given):
        if given == DRAFT or Path(given).is_file():
            path = Path(given) if Path(given).is_file() else policy_path
            document = load_document(path)
            return Side(letter, given, path, document.policy, document)
        if given == LIVE:
            live = live_policy(policy_path, now)
            return Side(letter, given, live.source, live.policy)
        registry = PolicyRegistry.beside(policy_path)
        version = _version_of(registry, letter, given)
        return Side(letter, given, registry.path_of(version), registry.load(version))


def engine_of(side: Side, knowledge: Knowledge) -> Engine:
    """
    The policy over a bundle.

    Raises:
        PolicyError: It does not fit; the message says which of the two, and where in its file.
    """
    with naming(side.letter, side.given):
        try:
            return Engine(knowledge, compile_policy(side.policy, knowledge))
        except PolicyError as error:
            if side.document is None:
                raise
            problems = side.document.locate(error)
            raise PolicyError("\n".join(map(str, problems)), problems=problems) from error


def placements_of(a: Side, b: Side, asked: Sequence[str]) -> tuple[str, ...]:
    """
    Where decisions are compared: as asked, or wherever both have a placement.

    Raises:
        InputError: One of them lacks a placement that was asked for, or they share none.
    """
    for name in asked:
        for side in (a, b):
            if name not in side.policy.placements:
                known = ", ".join(side.policy.placements)
                raise InputError(f"{side.named} has no placement {name!r}; it has {known}")
    chosen = tuple(dict.fromkeys(asked)) or tuple(name for name in a.policy.placements if name in b.policy.placements)
    if not chosen:
        raise InputError(f"{a.named} and {b.named} have no placement in common, so no decision can be compared")
    return chosen


@contextmanager
def naming(letter: str, given: str) -> Iterator[None]:
    """Errors inside say which of the two they are about."""
    try:
        yield
    except PolicyError as error:
        # Most errors of a file name it themselves.
        named = letter if given in str(error) else f"{letter} ({given})"
        raise PolicyError(
            f"{named}: {error}",
            problems=error.problems,
            code=error.code,
            hint=error.hint,
            path=error.path,
            offset=error.offset,
        ) from error


def _version_of(registry: PolicyRegistry, letter: str, given: str) -> str:
    try:
        return find_version(registry.read().entries, given).version
    except InputError as error:
        raise InputError(f"{letter} is {given!r}, which is neither a file, {LIVE!r} nor {DRAFT!r}; {error}") from error
