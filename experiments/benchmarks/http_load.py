"""A load generator that costs little: a closed loop of kept-open connections, each sending the next request at once."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import uvloop
from numpy.typing import NDArray

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Load:
    """
    What a server did under load.

    Attributes:
        seconds: From the first request to the last answer.
        latencies_s: Shape (n_requests,): from sending to the last byte.
        n_bad: Answers that were not 200.
        body_bytes: Mean length of a body.
        last_body: Of the last answer.
    """

    seconds: float
    latencies_s: NDArray[np.float64]
    n_bad: int
    body_bytes: float
    last_body: bytes

    @property
    def requests_per_s(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency that this share of the requests keeps to, milliseconds."""
        return float(np.quantile(self.latencies_s, share)) * 1_000


def request_bytes(path: str, body: bytes, *, port: int, key: str = "") -> bytes:
    """One HTTP/1.1 POST of a JSON body."""
    head = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    head += [f"Authorization: Bearer {key}"] if key else []
    head += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def run_load(requests: Sequence[bytes], *, port: int, connections: int) -> Load:
    """
    Send every request once to a server on this machine.

    Raises:
        ConnectionError: The server closed a connection before all was answered.
    """
    return uvloop.run(_run(requests, port, connections))


async def _run(requests: Sequence[bytes], port: int, connections: int) -> Load:
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    finished: list[asyncio.Future[None]] = [loop.create_future() for _ in range(min(connections, len(requests)))]
    clients = [_Client(waiting, done) for done in finished]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]  # bound now
    started = time.perf_counter()
    for client in clients:
        client.send_next()
    await asyncio.gather(*finished)
    seconds = time.perf_counter() - started
    for client in clients:
        client.close()
    return Load(
        seconds=seconds,
        latencies_s=np.array([latency for client in clients for latency in client.latencies]),
        n_bad=sum(client.n_bad for client in clients),
        body_bytes=sum(client.n_bytes for client in clients) / len(requests),
        last_body=clients[-1].body,
    )


class _Client(asyncio.Protocol):
    def __init__(self, waiting: Iterator[bytes], done: "asyncio.Future[None]") -> None:
        self._waiting, self._done = waiting, done
        self._buffer = bytearray()
        self._sent_at = 0.0
        self.latencies: list[float] = []
        self.n_bad = self.n_bytes = 0
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass

    def send_next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self._done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(_END_OF_HEAD)
        if head_end < 0:
            return
        body_at = head_end + len(_END_OF_HEAD)
        length = _content_length(bytes(self._buffer[:head_end]))
        if len(self._buffer) < body_at + length:
            return
        self.latencies.append(time.perf_counter() - self._sent_at)
        self.n_bad += b" 200 " not in self._buffer[:16]
        self.n_bytes += length
        self.body = bytes(self._buffer[body_at : body_at + length])
        self._buffer.clear()
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed a connection that was in use"))

    def close(self) -> None:
        self._transport.close()


def _content_length(head: bytes) -> int:
    at = head.lower().index(_LENGTH) + len(_LENGTH)
    return int(head[at:].split(b"\r\n", 1)[0])
