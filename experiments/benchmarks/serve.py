"""One decision over HTTP against a FastAPI endpoint that returns the same bytes and does nothing, turn by turn."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from experiments.benchmarks import chosen
from experiments.benchmarks.http_load import Load, request_bytes, run_load
from experiments.benchmarks.world import workspace_for
from recsys.bundle import Bundle
from recsys.errors import RecsysError
from recsys.report import Report, Table
from serving.commands import create_key
from serving.live import read_pointer
from training.memory import status_mb

PATH = "/v1/slates"
_START_S = 60.0
_END_S = 20.0
_DEFAULTS: dict[str, Any] = {
    "workspace": None, "members": 20_000, "products": 5_000, "requests": 2_000, "rounds": 3, "connections": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """
    A server in a process of its own.

    Attributes:
        process: Of it.
        port: On the loopback.
        start_s: From starting the process to its first ready answer.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    start_s: float

    def memory_mb(self, field: str) -> float:
        """``VmRSS`` or ``VmHWM``, MB (10^6 bytes); NaN where the system does not say."""
        status = Path(f"/proc/{self.process.pid}/status")
        return status_mb(status.read_text(), field) if status.exists() else float("nan")


def run(options: Mapping[str, Any]) -> Report:
    """
    Compare, turn by turn.

    Args:
        options: ``workspace`` (with a published bundle; absent means a made-up one of ``members`` and ``products``),
            ``requests`` a turn, ``rounds``, ``connections`` that are kept open.

    Raises:
        RecsysError: A server did not start, or answered something else than 200.
    """
    asked = chosen("serve", options, _DEFAULTS)
    sizes = {"members": asked["members"], "products": asked["products"]}
    with workspace_for(asked["workspace"], **sizes) as workspace, tempfile.TemporaryDirectory() as folder:
        key = str(create_key(workspace, name="benchmark").facts["key"])
        bodies = _bodies(workspace)
        with _ours(workspace) as ours:
            first = _load(ours, bodies[:50], asked, key)
            body = Path(folder) / "body.json"
            body.write_bytes(first.last_body)
            with _floor(body) as floor:
                turns = [_load(one, bodies, asked, key) for _ in range(asked["rounds"] + 1) for one in (ours, floor)]
                # The first turn of each warms up.
                facts = _facts(turns[2::2], turns[3::2], ours, floor, asked)
    return Report(facts=facts, tables=(_table(facts),), notes=(_NOTE,))


_NOTE = (
    "ours decides, logs every decision to SQLite, checks the key and counts; the floor returns bytes of the same "
    "length from memory. Same machine, same load generator, turn by turn; ratios are medians over the turns."
)


def _facts(
    ours: Sequence[Load], floor: Sequence[Load], server: Server, peer: Server, asked: Mapping[str, Any]
) -> dict[str, Any]:
    pairs = list(zip(ours, floor, strict=True))
    return {
        "benchmark": "serve",
        "made_up": asked["workspace"] is None,
        "requests": asked["requests"],
        "rounds": asked["rounds"],
        "connections": asked["connections"],
        "body_bytes": round(median(one.body_bytes for one in ours)),
        "rps_ratio": median(one.requests_per_s / other.requests_per_s for one, other in pairs),
        "p99_ratio": median(one.quantile_ms(0.99) / other.quantile_ms(0.99) for one, other in pairs),
        **_figures(ours, server),
        "peers": {"fastapi_same_bytes": _figures(floor, peer)},
    }


def _figures(loads: Sequence[Load], server: Server) -> dict[str, float]:
    quantiles = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    figures = {name: median(one.quantile_ms(share) for one in loads) for name, share in quantiles.items()}
    return {
        "requests_per_s": median(one.requests_per_s for one in loads),
        **figures,
        "rss_mb": server.memory_mb("VmRSS"),
        "peak_rss_mb": server.memory_mb("VmHWM"),
        "start_s": server.start_s,
    }


def _table(facts: Mapping[str, Any]) -> Table:
    names = ("requests_per_s", "p50_ms", "p95_ms", "p99_ms", "rss_mb", "start_s")
    peer = facts["peers"]["fastapi_same_bytes"]
    rows = (
        ("recsys serve", *(facts[name] for name in names)),
        ("floor: FastAPI, same bytes", *(peer[name] for name in names)),
        ("ratio", facts["rps_ratio"], None, None, facts["p99_ratio"], None, None),
    )
    return Table(f"{PATH}, {facts['connections']} connections, {facts['body_bytes']:,} bytes", ("server", *names), rows)


def _bodies(workspace: Path) -> list[bytes]:
    ids = Bundle.open(read_pointer(workspace / "serving"), verify=False)["members.ids"]
    step = max(len(ids) // 1_000, 1)
    return [json.dumps({"member_id": one.decode(), "placement": "home"}).encode() for one in ids[::step].tolist()]


def _load(server: Server, bodies: Sequence[bytes], asked: Mapping[str, Any], key: str) -> Load:
    n = asked["requests"]
    requests = [request_bytes(PATH, bodies[at % len(bodies)], port=server.port, key=key) for at in range(n)]
    load = run_load(requests, port=server.port, connections=asked["connections"])
    if load.n_bad:
        raise RecsysError(f"{load.n_bad} of {n} answers were not 200, the last was {load.last_body[:300]!r}")
    return load


@contextmanager
def _ours(workspace: Path) -> Iterator[Server]:
    port = _free_port()
    program = "from recsys.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--workspace", str(workspace), "--port", str(port)]
    # One client stands for many: the limit of a single key is not what is measured.
    with _running(command, port, {"RECSYS_REQUESTS_PER_S": "1e6", "RECSYS_BURST": "1000000"}) as server:
        yield server


@contextmanager
def _floor(body: Path) -> Iterator[Server]:
    port = _free_port()
    floor = str(Path(__file__).with_name("floor_app.py"))
    with _running([sys.executable, floor, str(body), str(port)], port, {}) as server:
        yield server


@contextmanager
def _running(command: Sequence[str], port: int, extra: Mapping[str, str]) -> Iterator[Server]:
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **extra})
        try:
            while not _is_ready(port):
                if process.poll() is not None or time.perf_counter() - started > _START_S:
                    log.seek(0)
                    tail = log.read().decode(errors="replace")[-800:]
                    raise RecsysError(f"the server of the benchmark did not start within {_START_S:g} s: {tail}")
                time.sleep(0.02)
            yield Server(process, port, time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
