"""Endpoints that take one JSON body: described by FastAPI, run without its machinery, which would cost the most."""

import asyncio
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from serving.auth import RequireScope, authorization_of
from serving.problems import ProblemError, invalid
from serving.wire import Id, MemberId

Model = TypeVar("Model", bound=BaseModel)
_JSON = b"application/json"
_ID_OF_PATH: dict[str, TypeAdapter[str]] = {"member_id": TypeAdapter(MemberId), "product_id": TypeAdapter(Id)}


class DirectRoute(APIRoute):
    """
    A route whose endpoint takes ``http``, ``body`` (a model of the JSON body), and ids from the path.

    It is declared and described as any other of FastAPI's. When it runs, the key is checked before the body is read,
    the body is parsed and checked in one pass by pydantic's own parser, and nothing else happens: FastAPI's own way
    reads JSON into Python objects first, solves dependencies, and opens and closes three exit stacks.
    """

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        (required,) = [one.dependency for one in self.dependencies if isinstance(one.dependency, RequireScope)]
        self._scope = required.scope
        self._model: type[BaseModel] = endpoint.__annotations__["body"]

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        service = scope["app"].state.service
        service.keyring.admit(authorization_of(scope), self._scope)
        settings = service.settings
        body = await read_body(scope, receive, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s)
        wanted = read_model(self._model, body)
        ids = {name: _id_of_path(name, value) for name, value in scope["path_params"].items()}
        response = await self.endpoint(http=Request(scope, receive), body=wanted, **ids)
        await response(scope, receive, send)


def json_response(body: str | bytes) -> Response:
    """An answer that is encoded already."""
    return Response(body, media_type="application/json")


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int, timeout_s: float) -> bytes:
    """
    The whole body of a request.

    Raises:
        ProblemError: It is not JSON by its media type (415), is larger than allowed whether or not it says so (413),
            or does not arrive in time (408).
    """
    stated = -1
    media_type = b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type = value.partition(b";")[0].strip().lower()
        elif name == b"content-length" and value.isdigit():
            stated = int(value)
    if media_type != _JSON:
        shown = ascii(media_type.decode("latin-1"))[:80] if media_type else "of no type"
        raise ProblemError("unsupported_media_type", f"the body is {shown}; send application/json")
    if stated > max_bytes:
        raise _too_large(max_bytes)
    parts: list[bytes] = []
    n_bytes = 0
    try:
        async with asyncio.timeout(timeout_s):
            more = True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise ProblemError("malformed_request", "the connection was closed before the body was complete")
                parts.append(message.get("body", b""))
                n_bytes += len(parts[-1])
                if n_bytes > max_bytes:
                    raise _too_large(max_bytes)
                more = message.get("more_body", False)
    except TimeoutError:
        raise ProblemError(
            "body_too_slow", f"the body did not arrive within {timeout_s:g} s; send it at once"
        ) from None
    return b"".join(parts)


def read_model(model: type[Model], body: bytes) -> Model:
    """
    A body as a model.

    Raises:
        ProblemError: It is no JSON (400), or something in it is not as allowed (422).
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


def _id_of_path(name: str, value: str) -> str:
    try:
        return _ID_OF_PATH[name].validate_python(value)
    except ValidationError as error:
        raise invalid(error, at=f"{{{name}}}") from None


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError("body_too_large", f"the body has more than {max_bytes} bytes; send it in parts")
