"""Notices that members changed their word, or were written to, while an export was on its way."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from recsys.members import NO_FACTS, LiveFacts
from serving.store.facts import member_key
from serving.store.members import MemberStore


def consents_digest(member_ids: Iterable[str], facts: Iterable[LiveFacts]) -> str:
    """SHA-256 over what members said to the service: consent and erasure; nothing else of their facts counts."""
    digest = hashlib.sha256()
    for member_id, said in zip(member_ids, facts, strict=True):
        if said.consent is not None or said.erased:
            digest.update(f"{member_id}\n{int(said.consent or 0)} {said.erased}\n".encode())
    return digest.hexdigest()


def contacts_digest(member_ids: Iterable[str], facts: Iterable[LiveFacts]) -> str:
    """SHA-256 over the messages that reached members, whenever that was: what caps and cooldowns go by."""
    digest = hashlib.sha256()
    for member_id, known in zip(member_ids, facts, strict=True):
        if known.contacts:
            digest.update(f"{member_id}\n{known.contacts!r}\n".encode())
    return digest.hexdigest()


class ConsentsNow:
    """What members have said as the store has it now."""

    def __init__(self, said: Mapping[str, LiveFacts]) -> None:
        self._said = said

    @classmethod
    def read(cls, store: MemberStore) -> "ConsentsNow":
        """
        All of it: those who ever said anything to the service are few beside an audience.

        Raises:
            StoreError: The store does not answer.
        """
        return cls(store.fetch_restricted(since=0))

    def digest(self, encoded: Sequence[bytes]) -> str:
        """The digest of members by their UTF-8 ids, as `consents_digest` gives it for the same facts."""
        if not self._said:
            return consents_digest((), ())
        member_ids = [one.decode() for one in encoded]
        return consents_digest(member_ids, [self._said.get(member_key(one), NO_FACTS) for one in member_ids])
