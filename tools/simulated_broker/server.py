"""The simulated broker's HTTP server, on this machine only."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.faults import Fault, FaultKind, Faults
from tools.simulated_broker.happenings import Happenings
from tools.simulated_broker.refusals import RefusalError
from tools.simulated_broker.rest import Question, Reply, Rest, read_body

KEY_ID, SECRET = "PKSIMULATED", "simulated-secret"
_A_MINUTE = 60
_WEB_PAGE = b"<!DOCTYPE html><html><body>We are busy.</body></html>"


@dataclass(slots=True)
class SimulatedBroker:
    """A running broker, for scripts."""

    exchange: Exchange
    faults: Faults
    keys: dict[str, str] = field(default_factory=lambda: {KEY_ID: SECRET})
    """Secrets by key id; one that is taken out is revoked."""
    requests: list[Question] = field(default_factory=list)
    answered: list[tuple[Question, Reply]] = field(default_factory=list)
    """Requests with the answers that were whole."""
    requests_left: int | None = None
    """Until the next minute; None: no limit."""
    answers: dict[str, Any] = field(default_factory=dict)
    """Bodies by path, in the place of what the exchange would answer."""
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def happenings(self) -> Happenings:
        return Happenings(self.exchange)

    def asked(self, path: str) -> list[Question]:
        return [one for one in self.requests if one.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer waits 40 ms for the client to acknowledge its headers
    broker: SimulatedBroker
    rest: Rest

    def _do(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        question = Question(self.command, url.path, dict(parse_qsl(url.query)))
        fault = self.broker.faults.next(self.command, url.path)
        try:
            question = Question(self.command, url.path, question.query, read_body(content))
            self.broker.requests.append(question)
            if fault is not None and fault.kind is not FaultKind.LOST:
                self._fail(fault, question)
                return
            reply = self._refused_early() or self._scripted(question) or self.rest.answer(question)
        except RefusalError as refusal:
            reply = Reply(refusal.status, refusal.body)
        if fault is not None:
            self._drop()
            return
        self.broker.answered.append((question, reply))
        self._send(reply)

    do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 (the base class's names)

    def _refused_early(self) -> Reply | None:
        key_id = self.headers.get("APCA-API-KEY-ID", "")
        if self.broker.keys.get(key_id) != self.headers.get("APCA-API-SECRET-KEY"):
            return Reply(401, {"code": 40110000, "message": "request is not authorized"})
        if self.broker.requests_left is not None:
            if self.broker.requests_left <= 0:
                return Reply(429, {"code": 42910000, "message": "rate limit exceeded"})
            self.broker.requests_left -= 1
        return None

    def _scripted(self, question: Question) -> Reply | None:
        body = self.broker.answers.get(question.path)
        return None if body is None else Reply(200, body)

    def _fail(self, fault: Fault, question: Question) -> None:
        refusals = {
            FaultKind.WRONG_KEYS: (401, 40110000, "request is not authorized"),
            FaultKind.FORBIDDEN: (403, 40310000, "forbidden."),
            FaultKind.TOO_MANY: (429, 42910000, "rate limit exceeded"),
            FaultKind.ERROR: (500, 50010000, "internal server error occurred"),
        }
        if fault.kind in refusals:
            status, code, message = refusals[fault.kind]
            self._send(Reply(status, {"code": code, "message": message}), fault)
            return
        odd: dict[FaultKind, Callable[[], None]] = {
            FaultKind.HTML: lambda: self._write(200, _WEB_PAGE, "text/html; charset=utf-8"),
            FaultKind.BAD_GATEWAY: lambda: self._write(502, _WEB_PAGE, "text/html"),
            FaultKind.REDIRECT: lambda: self._write(302, b"", "text/html", Location="http://127.0.0.1:9/elsewhere"),
            FaultKind.DROP: self._drop,
            FaultKind.HANG: self._hang,
            FaultKind.DRIP: self._drip,
            FaultKind.HALF: lambda: self._cut(question, is_told=False),
            FaultKind.CUT: lambda: self._cut(question, is_told=True),
        }
        odd[fault.kind]()

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _hang(self) -> None:
        self.close_connection = True
        self.broker.closing.wait()

    def _drip(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.broker.closing.wait(0.02):
            self.wfile.write(b"X-Drip: 1\r\n")

    def _cut(self, question: Question, *, is_told: bool) -> None:
        content = json.dumps(self.rest.answer(question).body).encode()
        half = content[: len(content) // 2]
        self._write(200, half, "application/json", length=len(half) if is_told else len(content))
        if not is_told:
            self.wfile.flush()
            self._drop()

    def _send(self, reply: Reply, fault: Fault | None = None) -> None:
        if reply.is_stream:
            lines = "".join(f"data: {json.dumps(event)}\n\n" for event in reply.body)
            self._write(reply.status, f": welcome\n\n{lines}".encode(), "text/event-stream")
            return
        content = b"" if reply.body is None else json.dumps(reply.body).encode()
        reset = None if fault is None or fault.until is None else int(fault.until.timestamp())
        self._write(reply.status, content, "application/json; charset=utf-8", reset=reset)

    def _write(
        self,
        status: int,
        content: bytes,
        kind: str,
        *,
        length: int | None = None,
        reset: int | None = None,
        **headers: str,
    ) -> None:
        left = self.broker.requests_left
        now = int(self.broker.exchange.now().timestamp())
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.send_header("X-RateLimit-Limit", "200")
        self.send_header("X-RateLimit-Remaining", str(0 if status == 429 else 199 if left is None else left))
        self.send_header("X-RateLimit-Reset", str(reset or (now // _A_MINUTE + 1) * _A_MINUTE))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 (the base class's signature)
        return format_datetime(self.broker.exchange.now(), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that gave up."""


@contextmanager
def serving(exchange: Exchange, port: int = 0) -> Iterator[SimulatedBroker]:
    """Serve on a port of this machine, a free one if 0, until the block ends."""
    broker = SimulatedBroker(exchange, Faults(exchange.now))
    handler = type("Handler", (_Handler,), {"broker": broker, "rest": Rest(exchange)})
    http = _Quiet(("127.0.0.1", port), handler)
    broker.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield broker
    finally:
        broker.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()
