"""Who is calling and what they may do: API keys in ``Authorization: Bearer``, checked from memory."""

import hmac
import math
from collections.abc import Mapping

from fastapi import Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.types import Scope as AsgiScope

from serving.limits import TokenBuckets
from serving.problems import ProblemError
from serving.scopes import Scope
from serving.store.keys import StoredKey, hash_secret, split_key

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_NO_ONE = StoredKey("", hash_secret(""), frozenset())


class Keyring:
    """
    The keys that work, in memory; the service refreshes them from the store every poll.

    Attributes:
        is_loaded: The keys were read at least once since the start.
    """

    def __init__(self, buckets: TokenBuckets) -> None:
        self._keys: Mapping[str, StoredKey] = {}
        self._buckets = buckets
        self.is_loaded = False

    def replace(self, keys: Mapping[str, StoredKey]) -> None:
        """Take the keys of the store; a revoked key stops working here."""
        self._keys = keys
        self._buckets.keep_only(set(keys))
        self.is_loaded = True

    def admit(self, authorization: str | None, scope: Scope) -> None:
        """
        Let a request through or raise the problem it has.

        Raises:
            ProblemError: No key or a wrong one (401), one without the scope (403), one used too often (429), or the
                keys could not be read from the store yet (503).
        """
        kind, _, presented = (authorization or "").partition(" ")
        presented = presented.strip() if kind.lower() == "bearer" else ""
        if not presented:
            raise ProblemError(
                "unauthenticated", "no API key was given; send 'Authorization: Bearer rk_...'", headers=_CHALLENGE
            )
        parts = split_key(presented)
        if parts is None:
            raise ProblemError(
                "unauthenticated",
                "this is not a key of ours: ours look like rk_ID_SECRET; `recsys key create` makes one",
                headers=_CHALLENGE,
            )
        if not self.is_loaded:
            raise ProblemError("store_unavailable", "keys cannot be checked yet because the store does not answer")
        key_id, secret = parts
        key = self._keys.get(key_id, _NO_ONE)
        # Compared also where the id is unknown, so that the time says nothing about which ids exist.
        is_right = hmac.compare_digest(hash_secret(secret), key.secret_sha256)
        if not is_right or key is _NO_ONE:
            raise ProblemError(
                "unauthenticated", "the API key is not known or was revoked; make one with `recsys key create`",
                headers=_CHALLENGE,
            )  # fmt: skip
        if scope not in key.scopes and Scope.ADMIN not in key.scopes:
            raise ProblemError(
                "insufficient_scope",
                f"the API key lacks the scope {scope.value!r}; it has {', '.join(sorted(key.scopes))}",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope.value}"'},
            )
        wait_s = self._buckets.take(key_id)
        if wait_s:
            raise ProblemError(
                "rate_limited",
                f"this key may make {self._buckets.rate:g} requests a second; wait and try again",
                headers={"Retry-After": str(max(1, math.ceil(wait_s)))},
            )


class RequireScope(SecurityBase):
    """A dependency that lets a request through if its key has a scope; documented as a bearer key in OpenAPI."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.model = HTTPBearerModel(bearerFormat="rk_...", description="An API key: `recsys key create`.")
        self.scheme_name = "api_key"

    async def __call__(self, request: Request) -> None:
        """Raise the problem that the request's key has, if any."""
        keyring: Keyring = request.app.state.service.keyring
        keyring.admit(authorization_of(request.scope), self.scope)


def authorization_of(scope: AsgiScope) -> str | None:
    """The header that says who is calling; ``None`` where there is none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value.decode("latin-1"))
    return None
