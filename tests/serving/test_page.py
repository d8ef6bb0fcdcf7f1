"""The page at / holds all that it needs and lets nothing else in."""

import re

from tests.serving.service_world import Running


def test_the_page_loads_nothing_from_elsewhere(shared_service: Running) -> None:
    response = shared_service.client.get("/", headers={"authorization": ""})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "http" not in response.text
    assert re.findall(r'(?:src|href)="([^"]*)"', response.text) == ["/docs", "/health/ready", "/metrics"]
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_the_page_writes_texts_and_never_markup(shared_service: Running) -> None:
    page = shared_service.client.get("/").text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", page)
    assert "localStorage" not in page


def test_the_page_tells_of_the_member_what_the_description_says_of_its_columns(shared_service: Running) -> None:
    page = shared_service.client.get("/").text
    assert '"/v1/members/" + encodeURIComponent(' in page
    path = re.findall(r"components\.schemas;\s+const columns = models\.([\w.]+)\.anyOf\[0\]\.properties", page)
    described = shared_service.client.get("/openapi.json").json()["components"]["schemas"]
    for name in path[0].split("."):
        described = described[name]
    assert described["anyOf"][0]["properties"]["coupon_share"]["description"] == "Orders with a coupon (share)"


def test_the_page_shows_what_a_candidate_is_described_to_have(shared_service: Running) -> None:
    page = shared_service.client.get("/").text
    assert 'id="explain" type="checkbox"' in page
    (row,) = re.findall(r"const considered = one => line\(\[(.*?)\]\);", page, flags=re.DOTALL)
    described = shared_service.client.get("/openapi.json").json()["components"]["schemas"]["CandidateAnswer"]
    assert set(re.findall(r"one\.([a-z_]+)", row)) == set(described["properties"])
    (headings,) = re.findall(r"<thead><tr>((?:<th>[a-z ]+</th>\n?)+)</tr></thead>\n<tbody id=.considered", page)
    assert headings.count("<th>") == 12
