"""The Makefile's own checks: a taken port is refused, and another's service is not taken for the demo."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MAKEFILE = (Path(__file__).resolve().parent.parent / "Makefile").read_text()


def script(name: str) -> str:
    found = re.search(rf"^define {name}\n(.*?)^endef", MAKEFILE, flags=re.MULTILINE | re.DOTALL)
    assert found
    return found[1].replace("$$", "$")


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", script(name), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)


def recipe(target: str) -> str:
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, flags=re.MULTILINE)
    assert found
    return found[1]


class Stranger(BaseHTTPRequestHandler):
    """A service of somebody else with the same bundle, which knows the key ``known`` only."""

    def do_GET(self) -> None:
        known = self.path == "/health/ready" or self.headers.get("Authorization") == "Bearer known"
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"bundle_id": "abcd" * 16}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def waited(
    tmp_path: Path, url: str, *, key: str, pid: int, bundle: str = "abcd" * 4
) -> subprocess.CompletedProcess[str]:
    for name, text in {"pid": str(pid), "key": key, "current": bundle}.items():
        (tmp_path / name).write_text(text + "\n")
    return run("WAIT", url, tmp_path / "pid", tmp_path / "key", tmp_path / "current")


def test_a_taken_port_is_refused_with_the_line_that_helps(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run("PORT_FREE", port, tmp_path / "serve.pid", "demo-serve")
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert f"make demo-serve PORT={port + 1}" in refused.stderr
    assert run("PORT_FREE", port, tmp_path / "serve.pid", "demo").returncode == 0


@pytest.mark.parametrize("target", ["demo", "demo-serve"])
def test_the_port_is_looked_at_before_the_running_demo_is_stopped(target: str) -> None:
    steps = recipe(target)
    assert steps.index("PORT_FREE") < steps.index("demo-stop")
    assert not re.search(rf"^{target}:.*demo-stop.*##", MAKEFILE, flags=re.MULTILINE)


def test_another_service_with_the_same_bundle_is_not_the_demo(tmp_path: Path, url: str, alive: int) -> None:
    assert waited(tmp_path, url, key="known", pid=alive).returncode == 0
    stranger = waited(tmp_path, url, key="ours", pid=alive)
    assert stranger.returncode == 1
    assert "another service" in stranger.stderr


def test_an_answer_after_our_process_ended_is_not_ours(tmp_path: Path, url: str) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = waited(tmp_path, url, key="known", pid=ended.pid)
    assert gone.returncode == 1
    assert "ended" in gone.stderr


def test_an_answer_from_another_bundle_is_not_the_demo(tmp_path: Path, url: str, alive: int) -> None:
    wrong = waited(tmp_path, url, key="known", pid=alive, bundle="0000")
    assert wrong.returncode == 1
    assert "0000" in wrong.stderr


@pytest.fixture
def alive() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process.pid
    process.kill()
    process.wait()
