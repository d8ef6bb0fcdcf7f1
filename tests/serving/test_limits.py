"""What is too large, too many at once, or too many from one key is refused early."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from recsys.errors import StoreError
from serving.direct import read_body
from serving.gate import Gate
from serving.limits import TokenBuckets
from serving.metrics import Metrics
from serving.problems import ProblemError
from serving.store.store import Store
from tests.serving.service_world import JSON, running


class Time:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    time = Time()
    buckets = TokenBuckets(rate=2.0, burst=3, monotonic=time)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == pytest.approx(0.5)
    assert buckets.take("b") == 0, "another key has its own"
    time.at = 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    time.at = 100
    assert [buckets.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_a_key_used_too_often_is_told_when_to_come_back(workspace: Path) -> None:
    with running(workspace, requests_per_s=0.001, burst=2) as service:
        statuses = [service.client.get("/v1/models").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        refused = service.client.get("/v1/models")
        assert refused.json()["code"] == "rate_limited"
        assert int(refused.headers["retry-after"]) > 900


@pytest.mark.parametrize("stated", [True, False], ids=["stated-length", "in-chunks"])
def test_a_body_that_is_too_large_is_refused(workspace: Path, stated: bool) -> None:
    with running(workspace, max_body_bytes=1_024) as service:
        large = b'{"x":"' + b"a" * 2_000 + b'"}'
        content: Any = large if stated else iter([large[:900], large[900:]])
        response = service.client.post("/v1/slates", content=content, headers=JSON)
        assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
        assert service.client.post("/v1/slates", json={"member_id": "m", "placement": "home"}).status_code == 200


def test_a_body_that_never_ends_is_given_up() -> None:
    async def scenario() -> None:
        async def drip() -> Any:
            await asyncio.sleep(3_600)

        scope = {"headers": [(b"content-type", b"application/json")]}
        with pytest.raises(ProblemError) as raised:
            await read_body(scope, drip, max_bytes=10, timeout_s=0.001)
        assert raised.value.code == "body_too_slow"

    asyncio.run(scenario())


def test_requests_that_wait_for_a_store_that_stands_still_are_bounded(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = Store.at(f"sqlite:///{tmp_path / 'store.db'}", max_waiting=2)
        may_finish = threading.Event()
        waiting = [asyncio.create_task(store.work_for_request(may_finish.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="2 requests wait"):
            await store.work_for_request(may_finish.wait)
        may_finish.set()
        assert await asyncio.gather(*waiting) == [True, True]
        assert await store.work_for_request(lambda: "again") == "again"
        store.close()

    asyncio.run(scenario())


async def _ask(gate: Gate, path: str) -> int:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    await gate(scope, receive, send)
    return int(sent[0]["status"])


def test_more_at_once_than_allowed_are_shed_but_health_is_answered() -> None:
    async def scenario() -> None:
        may_finish = asyncio.Event()
        n_inside = 0

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            nonlocal n_inside
            n_inside += 1
            if not scope["path"].startswith("/health"):
                await may_finish.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        metrics = Metrics()
        gate = Gate(slow, metrics=metrics, max_in_flight=2)
        inside = [asyncio.create_task(_ask(gate, "/v1/x")) for _ in range(2)]
        while n_inside < 2:
            await asyncio.sleep(0)
        assert await _ask(gate, "/v1/x") == 503
        assert await _ask(gate, "/health/live") == 200
        may_finish.set()
        assert await asyncio.gather(*inside) == [200, 200]
        assert await _ask(gate, "/v1/x") == 200, "it recovers at once"
        assert metrics.registry.get_sample_value("recsys_shed_total", {"reason": "overloaded"}) == 1

    asyncio.run(scenario())
