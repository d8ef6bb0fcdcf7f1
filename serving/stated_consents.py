"""What members without personalisation agreed to, as ingest wrote it: no bundle knows them, messages may reach them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.members import LiveFacts
from recsys.types import UNKNOWN_ROW, Consent
from recsys.vocabulary import Vocabulary

NO_WORD = 255
"""Stands for "nothing was stated" among consent bits, which are fewer than eight."""

_IDS, _BITS = "ids.npy", "bits.npy"
_ATTEMPTS = 5

Stamps = tuple[tuple[int, int, int], ...]
"""Of both files: when written, how long, which file; empty where neither is there."""

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StatedConsents:
    """
    Consents of the members who did not agree to personalisation, as of the last ingest.

    Precedence: what a member said to the service, then this, then the bundle.

    Attributes:
        members: Who they are.
        bits: Shape (n_members,), uint8: bits of ``types.Consent``, never PERSONALISATION.

    Example:
        >>> stated = StatedConsents(Vocabulary.of(["m7"]), np.array([Consent.EMAIL], dtype=np.uint8))
        >>> [facts.consent for facts in stated.complete(["m7", "m8"], [LiveFacts(), LiveFacts()])]
        [<Consent.EMAIL: 2>, None]
    """

    members: Vocabulary
    bits: NDArray[np.uint8]

    def complete(self, member_ids: Sequence[str], facts: Sequence[LiveFacts]) -> list[LiveFacts]:
        """The facts in their order, with these consents where the store has no word of the member."""
        if not len(self.members):
            return list(facts)
        rows = self.members.rows(member_ids).tolist()
        return [
            one if row == UNKNOWN_ROW else with_stated(one, int(self.bits[row]))
            for one, row in zip(facts, rows, strict=True)
        ]

    def of(self, encoded: NDArray[np.bytes_]) -> NDArray[np.uint8]:
        """Shape (n,): the bits of members by their UTF-8 ids; NO_WORD for who is not among these."""
        stated = np.full(len(encoded), NO_WORD, dtype=np.uint8)
        if len(self.members):
            found = np.minimum(self.members.encoded.searchsorted(encoded), len(self.members) - 1)
            known = self.members.encoded[found] == encoded
            stated[known] = self.bits[found[known]]
        return stated


NOBODY = StatedConsents(Vocabulary.of(()), np.empty(0, dtype=np.uint8))
"""Of a workspace without such a file."""


def with_stated(facts: LiveFacts, bits: int) -> LiveFacts:
    """A member's facts with stated consent *bits*, or NO_WORD; the word that the store has of the member stands."""
    if bits == NO_WORD or facts.consent is not None or facts.erased:
        return facts
    return replace(facts, consent=Consent(bits))


def read_stated_consents(folder: Path) -> StatedConsents:
    """
    Map what ingest wrote; an absent folder says nothing of anybody.

    Raises:
        InputError: A file is missing, is no plain array, or holds what ingest does not write.
    """
    for _ in range(_ATTEMPTS):
        stamps = _stamps(folder)
        try:
            stated = _read(folder) if stamps else NOBODY
        except InputError:
            if stamps == _stamps(folder):
                raise
            continue  # an ingest replaced the folder between the two files
        if stamps == _stamps(folder):
            return stated
    raise InputError(f"{folder} changes while it is read; wait until no ingest is running, and try again")


class WatchedConsents:
    """
    The stated consents that a service decides with, read again when ingest wrote them again.

    Attributes:
        current: As last read. A file that cannot be used is logged once and changes nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: Stamps = ()
        self.current = NOBODY

    def refresh(self) -> None:
        """Look whether the files changed, and read them if so. Blocking, and cheap where they did not."""
        seen = _stamps(self._folder)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.current = read_stated_consents(self._folder)
        except InputError as error:
            _LOG.error("stated_consents_refused", reason=str(error))
            return
        _LOG.info("stated_consents_taken", n_members=len(self.current.members))


def _read(folder: Path) -> StatedConsents:
    ids, bits = _mapped(folder / _IDS), _mapped(folder / _BITS)
    if ids.dtype.kind != "S" or ids.ndim != 1 or not (ids[1:] > ids[:-1]).all():
        raise _unusable(folder / _IDS, f"{ids.dtype.str} {ids.shape}, not ids in ascending order, each once")
    if bits.dtype != np.uint8 or bits.shape != ids.shape:
        raise _unusable(folder / _BITS, f"{bits.dtype.str} {bits.shape}, not one byte for each of {len(ids)} ids")
    if (bits > sum(Consent)).any() or (bits & Consent.PERSONALISATION).any():
        raise _unusable(folder / _BITS, "not the consents of members without personalisation")
    return StatedConsents(Vocabulary(ids), bits)


def _mapped(file: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unusable(file, f"no plain array ({error})") from error
    # A bare view: np.memmap makes every later slice dear.
    return array.view(np.ndarray)


def _unusable(file: Path, what: str) -> InputError:
    return InputError(f"{file} is {what}; run `recsys ingest` again")


def _stamps(folder: Path) -> Stamps:
    return tuple(stamp for name in (_IDS, _BITS) if (stamp := _stamp(folder / name)) is not None)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None  # of one alone of the two, reading says which
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
