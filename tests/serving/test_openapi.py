"""The service keeps to its own OpenAPI description, whatever is sent."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving.service_world import Running, running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
OPERATIONS = [
    *((method, f"/v1/{name}") for name in ("recommendations", "offers", "slates") for method in ("GET", "POST")),
    *(("POST", f"/v1/{name}:batch") for name in ("recommendations", "offers", "slates")),
    *(
        (method, f"/v1/products/{{product_id}}/{relation}")
        for relation in ("similar", "together")
        for method in ("GET", "POST")
    ),
    *(("POST", f"/v1/{name}:batch") for name in ("products/similar", "products/together", "baskets:complete")),
    ("POST", "/v1/baskets:complete"),
    ("POST", "/v1/baskets:price"),
    ("POST", "/v1/baskets:refund"),
    ("POST", "/v1/events"),
    ("POST", "/v1/what-if"),
    ("GET", "/v1/decisions/{decision_id}"),
    ("GET", "/v1/members/{member_id}"),
    ("DELETE", "/v1/members/{member_id}"),
    ("PUT", "/v1/members/{member_id}/consent"),
    ("GET", "/v1/models"),
    ("GET", "/v1/policy"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
]


@pytest.fixture(scope="module")
def api(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Any]]:
    """A service, and its description as schemathesis reads it."""
    with running(shutil.copytree(template, tmp_path_factory.mktemp("openapi") / "workspace")) as service:
        described = service.client.get("/openapi.json").json()
        yield service, schemathesis.openapi.from_dict(described)


def test_every_operation_is_tried(api: tuple[Running, Any]) -> None:
    paths = api[0].client.get("/openapi.json").json()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_the_service_keeps_to_its_description(api: tuple[Running, Any], method: str, path: str) -> None:
    service, schema = api
    operation = schema[path][method]
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def keeps(case: schemathesis.Case) -> None:
        sent = case.as_transport_kwargs(base_url="http://testserver")
        sent.pop("cookies", None)
        # Generated headers may lack a key or hold one that cannot be sent: who may call is tested elsewhere.
        sent["headers"] = {
            name: value for name, value in dict(sent.get("headers") or {}).items() if name.lower() == "content-type"
        }
        if isinstance(sent.get("data"), bytes | str):
            sent["content"] = sent.pop("data")
        response = service.client.request(**sent)
        case.validate_response(response, checks=CHECKS)

    keeps()


def test_the_description_names_every_problem_as_problem_json(api: tuple[Running, Any]) -> None:
    paths = api[0].client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and not path.startswith("/health"):
                    assert list(response["content"]) == ["application/problem+json"], (path, method, status)


def test_the_description_holds_nothing_of_the_machine(api: tuple[Running, Any]) -> None:
    service, _ = api
    assert str(service.workspace) not in service.client.get("/openapi.json").text
