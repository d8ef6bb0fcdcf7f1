"""API keys: made once, kept as hashes, listed for the service's memory."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update

from recsys.errors import InputError
from recsys.types import EpochSeconds
from serving.scopes import Scope
from serving.store.database import Database
from serving.store.schema import api_keys

_PREFIX = "rk"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as the store keeps it: the secret only as SHA-256 (it is 256 random bits, so no slow hash is needed)."""

    key_id: str
    secret_sha256: str
    scopes: frozenset[Scope]


class KeyStore:
    """Reads and writes ``api_keys``; blocking, so the service calls it from worker threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, scopes: Iterable[Scope], *, now: EpochSeconds) -> str:
        """
        Make a key.

        Args:
            name: Whom it is for.
            scopes: What it allows; at least one.
            now: When.

        Returns:
            The whole key, which cannot be had again.

        Raises:
            InputError: No scope was given.
        """
        granted = sorted(set(scopes))
        if not granted:
            raise InputError(f"a key without scopes is of no use; allowed are {', '.join(Scope)}")
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            connection.execute(
                insert(api_keys).values(
                    key_id=key_id,
                    secret_sha256=hash_secret(secret),
                    name=name,
                    scopes=" ".join(granted),
                    created_at=now,
                )
            )
        return f"{_PREFIX}_{key_id}_{secret}"

    def revoke(self, key_id: str, *, now: EpochSeconds) -> bool:
        """End a key; False where there is none of that id that still works."""
        works = (api_keys.c.key_id == key_id) & api_keys.c.revoked_at.is_(None)
        with self._database.transaction() as connection:
            return connection.execute(update(api_keys).where(works).values(revoked_at=now)).rowcount == 1

    def fetch_all(self) -> dict[str, StoredKey]:
        """The keys that work, by key id."""
        columns = api_keys.c
        with self._database.reading() as connection:
            rows = connection.execute(
                select(columns.key_id, columns.secret_sha256, columns.scopes).where(columns.revoked_at.is_(None))
            )
            known = set(Scope)
            return {
                key_id: StoredKey(key_id, sha256, frozenset(Scope(one) for one in scopes.split() if one in known))
                for key_id, sha256, scopes in rows
            }

    def count(self) -> int:
        """How many keys were ever made."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(api_keys)).scalar_one())


def split_key(presented: str) -> tuple[str, str] | None:
    """The key id and the secret of a presented key; ``None`` where it is not shaped like a key."""
    parts = presented.split("_", 2)
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == _PREFIX else None


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
