"""Remembers who withdrew consent or was erased, so that their word holds while the store is down."""

from recsys.members import LiveFacts
from recsys.types import Consent, EpochSeconds
from serving.store.facts import member_key
from serving.store.members import MemberStore

_UNKNOWN = LiveFacts(consent=Consent.NONE)


class Restrictions:
    """
    The last known consents and erasures that differ from what a bundle may say.

    Until they were read once, everybody counts as somebody who has agreed to nothing: an answer without personal data
    is a worse answer, personal data against a member's word is a breach.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, LiveFacts] | None = None
        self._read_until: EpochSeconds = 0

    def refresh(self, members: MemberStore, *, now: EpochSeconds) -> None:
        """
        Read what changed since the last time.

        Raises:
            StoreError: The store does not answer; what was known stays.
        """
        # Twice the same second rather than not at all: a row may be written later in a second that was read.
        changed = members.fetch_restricted(since=self._read_until - 1)
        self._by_key = changed if self._by_key is None else self._by_key | changed
        self._read_until = now

    def of(self, member_id: str) -> LiveFacts:
        """The facts to decide with while the store cannot be asked."""
        if self._by_key is None:
            return _UNKNOWN
        return self._by_key.get(member_key(member_id), LiveFacts())
