"""Errors as RFC 9457 problems: the one table from what went wrong to what the caller reads."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recsys.errors import BundleError, InputError, PolicyError, RecsysError, StoreError
from serving.context import current_request_id

MEDIA_TYPE = "application/problem+json"
_SHOWN_VALUE = 80
_MOST_LISTED = 20
_MOST_COUNTED = 1_000
"""Beyond so many errors none is listed: a body of a megabyte can hold half a million, and each becomes an object."""

_LOG = structlog.get_logger(__name__)

STATUS: Mapping[str, int] = MappingProxyType(
    {
        "malformed_request": 400,
        "unauthenticated": 401,
        "insufficient_scope": 403,
        "not_found": 404,
        "unknown_decision": 404,
        "unknown_member": 404,
        "method_not_allowed": 405,
        "body_too_slow": 408,
        "body_too_large": 413,
        "unsupported_media_type": 415,
        "invalid_request": 422,
        "rate_limited": 429,
        "internal_error": 500,
        "overloaded": 503,
        "store_unavailable": 503,
        "not_ready": 503,
    }
)
"""Every code a problem may have, with its HTTP status."""

_OF_ERROR: tuple[tuple[type[RecsysError], str], ...] = (
    (PolicyError, "not_ready"),
    (BundleError, "not_ready"),
    (StoreError, "store_unavailable"),
    (InputError, "invalid_request"),
)
_RETRY_AFTER_S = MappingProxyType({"store_unavailable": 1, "overloaded": 1, "not_ready": 5})
_OF_STATUS = MappingProxyType({400: "malformed_request", 404: "not_found", 405: "method_not_allowed"})


class FieldProblem(BaseModel):
    """
    One thing wrong with a request.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the body, ``?name`` of the query, or ``{name}`` of the path.
        detail: What is wrong, the value, and what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    pointer: str
    detail: str


class Problem(BaseModel):
    """
    An error as the caller reads it (RFC 9457).

    Attributes:
        type: A URN that ends in the code.
        code: Stable; for programs.
        detail: For people: what was wrong, and what to do.
        request_id: To be quoted when asking about it; also in the logs.
        errors: The wrong fields of the request: the first twenty; the detail says how many there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: tuple[FieldProblem, ...] = ()


class ProblemError(Exception):
    """Raised by an endpoint to answer a problem; *code* is one of `STATUS`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def problem(code: str, detail: str, errors: Sequence[FieldProblem] = ()) -> Problem:
    """A problem of one of the known codes, for the request being answered."""
    status = STATUS[code]
    return Problem(
        type=f"urn:recsys:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        request_id=current_request_id(),
        errors=tuple(errors),
    )


def problem_response(
    code: str, detail: str, errors: Sequence[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """A problem as an HTTP answer, with ``Retry-After`` where trying again may help."""
    given = dict(headers or {})
    if code in _RETRY_AFTER_S:
        given.setdefault("Retry-After", str(_RETRY_AFTER_S[code]))
    body = problem(code, detail, errors).model_dump_json()
    return Response(body, status_code=STATUS[code], headers=given, media_type=MEDIA_TYPE)


def invalid(error: ValidationError, *, at: str = "") -> ProblemError:
    """
    What pydantic found wrong, as a problem.

    Args:
        error: As it was raised.
        at: What was checked, where that is not the whole body: a JSON pointer, or ``{name}``.
    """
    n = error.error_count()
    found = error.errors(include_url=False) if n <= _MOST_COUNTED else []
    n -= len(found)
    found = [one for one in found if not _is_untrue(one)]
    n += len(found)
    if any(one["type"] == "json_invalid" for one in found):
        reason = found[0].get("ctx", {}).get("error", "it is not JSON")
        return ProblemError("malformed_request", f"the body is not JSON: {reason}; send one JSON object in UTF-8")
    return _invalid([(at + _pointer(one["loc"]), one) for one in found], n)


def bug_response(error: Exception) -> Response:
    """The answer to an error that nobody foresaw; what it was goes to the log only."""
    _LOG.error("request_crashed", error=type(error).__name__, exc_info=error)
    return problem_response("internal_error", "something went wrong here, not in the request; quote the request_id")


def install_handlers(app: FastAPI) -> None:
    """
    Answer every foreseen error of an app with a problem; `serving.gate` answers the others.

    ``app.state.methods`` must hold the pattern of a path and a method for every route.
    """
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RecsysError, _on_recsys)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error.code, error.detail, error.errors, headers=error.headers)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    marks = {"query": "?{}", "path": "{{{}}}"}
    wrong = _invalid([(marks[one["loc"][0]].format(one["loc"][:2][-1]), one) for one in found], len(found))
    return problem_response(wrong.code, wrong.detail, wrong.errors)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _OF_STATUS.get(error.status_code, "malformed_request")
    detail = {
        "not_found": f"there is nothing at {request.url.path}; /openapi.json lists what there is",
        "method_not_allowed": f"{request.method} is not allowed here; the Allow header says what is",
    }.get(code, "the body cannot be read; send one JSON object in UTF-8")
    headers = dict(error.headers or {})
    if code == "method_not_allowed":
        # Starlette names the methods of the first route at the path only.
        methods = request.app.state.methods
        headers["Allow"] = ", ".join(sorted({one for at, one in methods if at.match(request.url.path)}))
    return problem_response(code, detail, headers=headers)


async def _on_recsys(_request: Request, error: Exception) -> Response:
    code = next((code for kind, code in _OF_ERROR if isinstance(error, kind)), "internal_error")
    if STATUS[code] >= 500:
        _LOG.warning("request_failed", code=code, reason=str(error))
        if code == "internal_error":
            return problem_response(code, "something went wrong here; quote the request_id")
        return problem_response(code, "this cannot be done at the moment; try again: done twice is done once")
    return problem_response(code, str(error))


def _invalid(found: Sequence[tuple[str, Mapping[str, Any]]], n: int) -> ProblemError:
    listed = [FieldProblem(pointer=pointer, detail=_detail(error)) for pointer, error in found[:_MOST_LISTED]]
    where = "see errors" if n <= len(listed) else f"errors lists the first {len(listed)}"
    if not listed:
        where = "that is too many to list; /openapi.json says what is allowed"
    detail = f"{n} part{'' if n == 1 else 's'} of the request {'is' if n == 1 else 'are'} not as allowed; {where}"
    return ProblemError("invalid_request", detail, errors=listed)


def _is_untrue(error: ErrorDetails) -> bool:
    # Pydantic counts the parts of a list that are right: one wrong part alone also makes the list "too short".
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _pointer(location: Sequence[str | int]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _detail(error: Mapping[str, Any]) -> str:
    said = _too_few_or_many(error) or str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in ("missing", "extra_forbidden") or isinstance(error.get("input"), dict | list):
        return said
    if "@" in str(error.get("input")):
        return said  # what may be somebody's address is not repeated
    shown = ascii(error.get("input"))
    shown = shown if len(shown) <= _SHOWN_VALUE else f"{shown[:_SHOWN_VALUE]}..."
    return f"{said}; got {shown}"


def _too_few_or_many(error: Mapping[str, Any]) -> str:
    # Pydantic speaks of tuples, of which JSON knows nothing.
    if error["type"] not in ("too_short", "too_long") or not isinstance(error.get("input"), list):
        return ""
    allowed = error["ctx"]
    bound = f"at least {allowed['min_length']}" if error["type"] == "too_short" else f"at most {allowed['max_length']}"
    return f"the list has {len(error['input']):,} entries; it must have {bound}"
