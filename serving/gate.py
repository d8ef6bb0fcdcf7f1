"""The outermost layer: gives each request an id, sheds what is too much at once, counts, and lets the rest in."""

import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.context import set_request_id
from serving.metrics import Metrics
from serving.problems import bug_response, problem_response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALWAYS_LET_IN = ("/health/", "/metrics")
_NEVER_CACHED = (b"cache-control", b"no-store")
_NOT_SNIFFED = (b"x-content-type-options", b"nosniff")
_UNROUTED = "unrouted"


class Gate:
    """
    ASGI middleware in one piece, because every further layer costs each request.

    Args:
        app: What is inside.
        metrics: Where requests are counted.
        max_in_flight: More requests at once get 503; health and metrics are always let in.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_in_flight: int) -> None:
        self._app = app
        self._metrics = metrics
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        set_request_id(request_id)
        # For the decision's id: a server-made id keeps two requests of one second apart.
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status, has_begun = 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                own = (b"x-request-id", request_id.encode())
                message["headers"] = [*message["headers"], own, _NEVER_CACHED, _NOT_SNIFFED]
            await send(message)

        self._in_flight += 1
        try:
            if self._in_flight > self._max_in_flight and not scope["path"].startswith(_ALWAYS_LET_IN):
                self._metrics.shed.labels("overloaded").inc()
                busy = problem_response("overloaded", f"{self._max_in_flight} requests are being answered; try again")
                await busy(scope, receive, send_with_id)
                return
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            if has_begun:
                raise
            await bug_response(error)(scope, receive, send_with_id)
        finally:
            self._in_flight -= 1
            route = getattr(scope.get("route"), "path", _UNROUTED)
            self._metrics.count_request(route, status, time.perf_counter() - began)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            asked = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(asked):
                return str(asked)
    return secrets.token_hex(12)
