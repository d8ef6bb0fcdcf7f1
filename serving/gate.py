"""The outermost layer: gives each request an id, refuses what is too much, counts, and lets the rest in."""

import re
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.context import set_request_id
from serving.metrics import Metrics
from serving.problems import bug_response, problem_response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALWAYS_LET_IN = ("/health/", "/metrics")
_HAVE_BODIES = frozenset({"POST", "PUT", "PATCH"})
_JSON = "application/json"
_NEVER_CACHED = (b"cache-control", b"no-store")
_UNROUTED = "unrouted"


class Gate:
    """
    ASGI middleware in one piece, because every further layer costs each request.

    Args:
        app: What is inside.
        metrics: Where requests are counted.
        max_body_bytes: Larger bodies get 413, whether or not they say how long they are.
        max_in_flight: More requests at once get 503; health and metrics are always let in.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int, max_in_flight: int) -> None:
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked_id = headers.get("x-request-id", "")
        request_id = asked_id if _REQUEST_ID.fullmatch(asked_id) else secrets.token_hex(12)
        set_request_id(request_id)
        # For the decision's id: a server-made id keeps two requests of one second apart.
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status, has_begun = 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), _NEVER_CACHED]
            await send(message)

        self._in_flight += 1
        try:
            await self._let_in(scope, receive, send_with_id, headers)
        except Exception as error:
            if has_begun:
                raise
            await bug_response(error)(scope, receive, send_with_id)
        finally:
            self._in_flight -= 1
            route = getattr(scope.get("route"), "path", _UNROUTED)
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        if self._in_flight > self._max_in_flight and not scope["path"].startswith(_ALWAYS_LET_IN):
            self._metrics.shed.labels("overloaded").inc()
            busy = problem_response("overloaded", f"{self._max_in_flight} requests are being answered; try again")
            await busy(scope, receive, send)
            return
        if scope["method"] in _HAVE_BODIES:
            media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != _JSON:
                wrong = problem_response(
                    "unsupported_media_type", f"the body is {media_type or 'of no type'}; send {_JSON}"
                )
                await wrong(scope, receive, send)
                return
            body = await self._read_body(receive, headers)
            if body is None:
                self._metrics.shed.labels("body_too_large").inc()
                large = problem_response(
                    "body_too_large", f"the body has more than {self._max_body_bytes} bytes; send it in parts"
                )
                await large(scope, receive, send)
                return
            receive = _replay(body, receive)
        await self._app(scope, receive, send)

    async def _read_body(self, receive: Receive, headers: Headers) -> bytes | None:
        """The whole body; ``None`` where it is too large."""
        stated = headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > self._max_body_bytes:
            return None
        parts: list[bytes] = []
        n_bytes = 0
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                break
            parts.append(message.get("body", b""))
            n_bytes += len(parts[-1])
            if n_bytes > self._max_body_bytes:
                return None
            more = message.get("more_body", False)
        return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    first: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed
