"""
One HTTPS connection to Alpaca: signed, with deadlines, within its rate limit, with retries where safe.

Requests use httpx's transport without its client, which would log every address (they contain nonces) and could follow
a redirect with the keys.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpcore
import httpx

from functions.adapters.alpaca.keys import Keys
from functions.adapters.alpaca.rate_limit import RateLimit, date_of
from functions.adapters.alpaca.refusals import described, error_of
from functions.adapters.timed_streams import Deadline, TimedStream
from functions.domain.broker.errors import BrokerError, BrokerUnavailable, MalformedAnswer, RateLimited

_MOST_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.25
_MOST_BYTES = 32_000_000
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that may change a moment later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time limits, seconds."""

    connect: float = 5.0
    read: float = 10.0
    """Between two chunks of an answer."""
    total: float = 25.0
    """For a whole request: all its pages, waits and retries."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer from Alpaca."""

    body: Any
    """Its JSON, or the text of an event stream; None if empty."""
    date: datetime | None
    """By Alpaca's clock."""


class _Failed(Exception):  # noqa: N818 (it never leaves this module)
    """A request failed in a way that may be temporary."""

    def __init__(self, error: BrokerError) -> None:
        self.error = error
        super().__init__(str(error))


class _TimedNetwork(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, self._deadline.left(timeout), local_address, socket_options)
        return TimedStream(stream, self._deadline)


class _TimedTransport(httpx.HTTPTransport):
    """httpx's transport, whose streams keep a deadline; proxies of the environment are not used."""

    def __init__(self, deadline: Deadline, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls)
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=_TimedNetwork(deadline))


class Connection:
    """
    Sends requests to one of Alpaca's hosts; for one thread at a time.

    Parameters
    ----------
    base_url : str
        The host, without a path.
    deadline : Deadline
        Deadline of the current request; the caller sets it.
    pause : callable
        Sleeps for a number of seconds.
    """

    def __init__(
        self,
        base_url: str,
        keys: Keys,
        limits: Limits,
        deadline: Deadline,
        tls: ssl.SSLContext,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._keys = keys
        self._limits = limits
        self._deadline = deadline
        self._pause = pause
        self._rate = RateLimit()
        self._transport = _TimedTransport(deadline, tls)

    def close(self) -> None:
        self._transport.close()

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Send a request, and retry temporary failures while there is time. Raises BrokerError."""
        for attempt in range(_MOST_ATTEMPTS):
            self._wait_for_rate(path)
            try:
                return self._once("GET", path, parameters or {}, None)
            except _Failed as failed:
                wait = self._rate.seconds_left() or _FIRST_PAUSE_SECONDS * 2**attempt
                if attempt + 1 == _MOST_ATTEMPTS or wait >= self._seconds_left():
                    raise failed.error from None
            self._pause(wait)
        raise AssertionError("the last attempt returns or raises")

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Send a request once, without retries. Raises BrokerError; BrokerUnavailable if it may have been done."""
        self._wait_for_rate(path)
        try:
            return self._once(method, path, {}, None if body is None else json.dumps(body).encode())
        except _Failed as failed:
            raise failed.error from None

    def _seconds_left(self) -> float:
        return self._deadline.at - time.monotonic()

    def _wait_for_rate(self, path: str) -> None:
        wait = self._rate.seconds_left()
        if wait is None:
            return
        if wait >= self._seconds_left():
            raise RateLimited(
                f"Alpaca accepts no more requests for this account at the moment ({path})", self._rate.resumes_at
            )
        self._pause(wait)

    def _once(self, method: str, path: str, parameters: Mapping[str, str], content: bytes | None) -> Answer:
        headers = {**self._keys.headers(), "Accept-Encoding": "gzip", "User-Agent": "Maestro"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        extensions = {"timeout": {**dict.fromkeys(("read", "write"), self._limits.read), **self._to_connect()}}
        # The library's errors quote what was sent: `from None` keeps that out of logs.
        try:
            request = httpx.Request(
                method,
                f"{self._base_url}{path}",
                params=parameters or None,
                headers=headers,
                content=content,
                extensions=extensions,
            )
            response = self._transport.handle_request(request)
        except httpx.TimeoutException:
            raise _Failed(BrokerUnavailable(f"Alpaca did not answer {path} in time")) from None
        except httpx.RequestError as error:
            raise _Failed(BrokerUnavailable(f"Alpaca could not be reached ({type(error).__name__})")) from None
        try:
            received = self._received(response, path)
        finally:
            response.close()
        self._rate.note(response.status_code, response.headers)
        return self._judged(method, path, response, received)

    def _to_connect(self) -> Mapping[str, float]:
        return dict.fromkeys(("connect", "pool"), self._limits.connect)

    def _received(self, response: httpx.Response, path: str) -> bytes:
        received = bytearray()
        try:
            for part in response.iter_bytes():
                received += part
                if len(received) > _MOST_BYTES:
                    raise MalformedAnswer(f"Alpaca's answer to {path} does not end within {_MOST_BYTES} bytes")
        except httpx.TimeoutException:
            raise _Failed(BrokerUnavailable(f"Alpaca did not finish its answer to {path} in time")) from None
        except httpx.RequestError:
            raise _Failed(MalformedAnswer(f"Alpaca's answer to {path} broke off half-way")) from None
        return bytes(received)

    def _judged(self, method: str, path: str, response: httpx.Response, received: bytes) -> Answer:
        status = response.status_code
        if 200 <= status < 300:
            return Answer(_content(response, path, received), date_of(response.headers))
        said = self._keys.hidden_in(described(received))
        error = error_of(status, method, path, said, self._rate.resumes_at)
        raise _Failed(error) if status in _PASSING else error


def _content(response: httpx.Response, path: str, received: bytes) -> Any:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if response.status_code == 204 or not received:
        return None
    if kind == "text/event-stream":
        return received.decode(errors="replace")
    try:
        return json.loads(received)
    except (ValueError, RecursionError):
        what = "a web page" if kind == "text/html" else "something"
        raise MalformedAnswer(f"Alpaca answers {path} with {what} that is not JSON") from None


def pages(ask: Callable[[str | None], tuple[Any, str | None]], most: int, what: str) -> Iterator[Any]:
    """
    Yield pages until one names no next page. Raises MalformedAnswer if they do not end.

    Parameters
    ----------
    ask : callable
        Returns a page and the next page's token, given the page's token; None for the first.
    """
    token: str | None = None
    seen: set[str] = set()
    for _ in range(most):
        page, token = ask(token)
        yield page
        if token is None:
            return
        if token in seen:
            raise MalformedAnswer(f"Alpaca's pages of {what} repeat")
        seen.add(token)
    raise MalformedAnswer(f"Alpaca's {what} do not end within {most} pages")
