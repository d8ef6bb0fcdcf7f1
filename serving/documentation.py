"""What OpenAPI says besides the paths: problems as problem+json, and the models that no path names itself."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from serving.problems import MEDIA_TYPE, STATUS, Problem
from serving.wire import DecisionRequest
from serving.wire_related import BasketRequest, ProductRequest

_REF = "#/components/schemas/{model}"
_DETAILS = {
    400: "The request cannot be read.",
    401: "No API key, or one that does not work.",
    403: "The key lacks the scope.",
    404: "There is no such thing.",
    405: "The method is not allowed here.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Something in the request is not as allowed; see errors.",
    429: "The key is used too often; see Retry-After.",
    500: "A bug here.",
    503: "Too much at once, or what is needed is down; see Retry-After.",
}
Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The problems an endpoint may answer, for its ``responses``; those that any may answer are added."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}
    return {
        status: {"description": _DETAILS[status], "content": content}
        for status in sorted({*statuses, 500, 503})
        if status in set(STATUS.values())
    }


READ_PROBLEMS = problems(400, 401, 403, 404, 422, 429)
"""Of endpoints that take no body."""

WRITE_PROBLEMS = problems(400, 401, 403, 404, 408, 413, 415, 422, 429)
"""Of endpoints that take one."""


def document(app: FastAPI) -> None:
    """Complete an app's OpenAPI description."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        described = made()
        _, extra = models_json_schema(
            [
                (Problem, "serialization"),
                (DecisionRequest, "validation"),
                (ProductRequest, "validation"),
                (BasketRequest, "validation"),
            ],
            ref_template=_REF,
        )
        definitions: Mapping[str, Any] = extra["$defs"]
        described.setdefault("components", {}).setdefault("schemas", {}).update(definitions)
        app.openapi_schema = described
        return described

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the description
