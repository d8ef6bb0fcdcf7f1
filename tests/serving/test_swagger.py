"""The page at /docs works without the internet: all that it loads is served here."""

import re

from tests.serving.service_world import Running

ANONYMOUS = {"authorization": ""}


def test_all_that_the_docs_load_is_served_here(shared_service: Running) -> None:
    page = shared_service.client.get("/docs", headers=ANONYMOUS)
    assert page.status_code == 200
    assert "//" not in re.sub(r"<!--.*?-->", "", page.text)  # no address of another host
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    types = {}
    for name in loaded:
        file = shared_service.client.get(f"/{name}", headers=ANONYMOUS)
        assert (file.status_code, len(file.content) > 500) == (200, True)
        types[name] = file.headers["content-type"].partition(";")[0]
    assert types == {
        "docs/swagger-ui.css": "text/css",
        "docs/favicon-32x32.png": "image/png",
        "docs/swagger-ui-bundle.js": "text/javascript",
    }


def test_the_docs_show_our_description_and_ask_no_validator(shared_service: Running) -> None:
    page = shared_service.client.get("/docs").text
    assert "url: 'openapi.json'" in page
    assert '"validatorUrl": null' in page


def test_the_policy_of_the_docs_lets_nothing_in_from_elsewhere(shared_service: Running) -> None:
    policy = shared_service.client.get("/docs").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "http" not in policy
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")


def test_swagger_ui_is_one_that_reads_openapi_3_1(shared_service: Running) -> None:
    assert shared_service.client.get("/openapi.json").json()["openapi"].startswith("3.1")
    script = shared_service.client.get("/docs/swagger-ui-bundle.js").text
    (version,) = re.findall(r'PACKAGE_VERSION:"([0-9]+)\.', script)
    assert int(version) >= 5


def test_nothing_else_of_the_package_is_served_and_there_is_no_redoc(shared_service: Running) -> None:
    for path in ("/docs/__init__.py", "/docs/../main.py", "/redoc"):
        assert shared_service.client.get(path).status_code == 404


def test_another_method_on_the_docs_is_told_what_is_allowed(shared_service: Running) -> None:
    refused = shared_service.client.post("/docs")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
