"""What OpenAPI says besides the paths: problems as problem+json, models that no path names, what profiles hold."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from recsys.profile import ColumnSpec, MemberProfile
from serving.problems import MEDIA_TYPE, STATUS, Problem
from serving.wire import DecisionRequest
from serving.wire_records import MemberAnswer
from serving.wire_related import BasketRequest, ProductRequest

_JSON_TYPES = {"bool": "boolean", "float32": "number"}
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


def document(app: FastAPI, profile: Callable[[], MemberProfile]) -> None:
    """
    Complete an app's OpenAPI description.

    Args:
        app: Whose.
        profile: Of the bundle served at the moment: the description names its columns, and follows a new bundle.
    """
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_models(made())
        return _with_columns(app.openapi_schema, profile().specs)

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the description


def _with_models(described: dict[str, Any]) -> dict[str, Any]:
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
    return described


def _with_columns(described: dict[str, Any], specs: tuple[ColumnSpec, ...]) -> dict[str, Any]:
    """The description in which the profile of a member has each column, with its meaning and unit."""
    models = described["components"]["schemas"]
    member = models[MemberAnswer.__name__]
    anything, nothing = member["properties"]["profile"]["anyOf"]
    columns = {**anything, "properties": {spec.name: _described(spec) for spec in specs}}
    profile = {**member["properties"]["profile"], "anyOf": [columns, nothing]}
    member = {**member, "properties": {**member["properties"], "profile": profile}}
    components = {**described["components"], "schemas": {**models, MemberAnswer.__name__: member}}
    return {**described, "components": components}


def _described(spec: ColumnSpec) -> dict[str, Any]:
    kind = "string" if spec.names is not None else _JSON_TYPES.get(spec.dtype, "integer")
    unit = "" if spec.names is not None or not spec.unit else f" ({spec.unit})"
    return {"type": kind if spec.unknown is None else [kind, "null"], "description": f"{spec.meaning}{unit}"}
