"""Remembers who withdrew consent or was erased, so that their word holds while the store is down."""

from recsys.members import LiveFacts
from recsys.types import Consent, EpochSeconds
from serving.store.facts import member_key
from serving.store.members import MemberStore

_UNKNOWN = LiveFacts(consent=Consent.NONE)
_OVERLAP_S = 60
"""Rows are read again for so long: other processes' clocks differ, and a row may be committed well after its stamp."""


class Restrictions:
    """
    The last known consents and erasures that differ from what a bundle may say.

    Until they were read once, everybody counts as somebody who has agreed to nothing: an answer without personal data
    is a worse answer, personal data against a member's word is a breach.

    Attributes:
        version: Changes whenever something in here does; facts that were read before may then be out of date.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, LiveFacts] | None = None
        self._read_until: EpochSeconds = 0
        self.version = 0

    def refresh(self, members: MemberStore, *, now: EpochSeconds) -> None:
        """
        Read what changed since the last time. Blocking.

        Raises:
            StoreError: The store does not answer; what was known stays.
        """
        changed = members.fetch_restricted(since=self._read_until - _OVERLAP_S)
        if self._by_key is None:
            self._by_key = dict(changed)
            self.version += 1
        for key, facts in changed.items():
            self._take(key, facts)
        self._read_until = now

    def note(self, member_id: str, facts: LiveFacts) -> None:
        """Take down what this process has just stored: the store may be gone before it is read back."""
        self._take(member_key(member_id), facts)

    def of(self, member_id: str) -> LiveFacts:
        """The facts to decide with while the store cannot be asked."""
        if self._by_key is None:
            return _UNKNOWN
        return self._by_key.get(member_key(member_id), LiveFacts())

    def _take(self, key: str, facts: LiveFacts) -> None:
        known = self._by_key if self._by_key is not None else {}
        if known.get(key) != facts:
            known[key] = facts
            self.version += 1
