"""One request to the API: signed, limited in time, tried again where that helps, with an error class for each cause."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_random_exponential

from .errors import NO_ANSWER, UNREADABLE, FieldProblem, Invalid, MaestroApiError, Unavailable, error_of

_RETRIED = frozenset({0, 429, 502, 503, 504})
"""Statuses that may change in a moment; 0 is no answer. Every request of this client can be repeated."""
_SHORTEST_TIMEOUT_SECONDS = 0.1
_backoff = wait_random_exponential(multiplier=0.2, max=5.0)


class Transport:
    """
    Sends requests; threads may share it.

    Parameters
    ----------
    base_url : str
        Everything before ``/v1``.
    timeout_seconds : float
        How long one attempt may stay without an answer.
    retry_seconds : float
        How long a request is tried in all.
    """

    def __init__(self, base_url: str, auth: httpx.Auth, timeout_seconds: float, retry_seconds: float) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._retry_seconds = retry_seconds
        self._http = httpx.Client(auth=auth)

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """
        Send a request and return the JSON of its answer. Raises MaestroApiError.

        Parameters
        ----------
        timeout_seconds : float, optional
            For a request that takes longer than others; it is then tried for as long again.
        parameters
            The query; those that are None are left out.
        """
        timeout = timeout_seconds or self._timeout_seconds
        until = time.monotonic() + max(self._retry_seconds, 2 * (timeout_seconds or 0))
        request = {
            "url": f"{self.base_url}/v1/{path}",
            "params": {name: value for name, value in parameters.items() if value is not None},
            "headers": {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})},
            "content": None if body is None else _encoded(body),
        }
        for attempt in _attempts(until - time.monotonic()):
            with attempt:
                left = max(_SHORTEST_TIMEOUT_SECONDS, until - time.monotonic())
                return self._once(method, request, min(timeout, left))
        raise AssertionError("tenacity gives at least one attempt")

    def _once(self, method: str, request: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
        try:
            response = self._http.request(method, **request, timeout=timeout_seconds)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Unavailable(-1, NO_ANSWER, f"{self.base_url} is not an address of an API: {error}") from error
        except httpx.RequestError as error:
            detail = f"no answer from {self.base_url}: {error or type(error).__name__}"
            raise Unavailable(0, NO_ANSWER, detail) from error
        if not response.is_success:
            raise _error(response)
        try:
            return dict(response.json())
        except (ValueError, TypeError) as error:
            detail = f"{self.base_url} answers {response.status_code} with no JSON: is it the API?"
            raise Unavailable(response.status_code, UNREADABLE, detail) from error


def _encoded(body: Any) -> bytes:
    """Return a body as JSON. Raises Invalid if a number or a text in it is not one in JSON."""
    try:
        return json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError) as error:
        raise Invalid(0, "MALFORMED_REQUEST", f"the body is not JSON: {error}") from error


def _attempts(seconds: float) -> Retrying:
    return Retrying(retry=retry_if_exception(_may_pass), wait=_wait, stop=stop_before_delay(seconds), reraise=True)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and error.status in _RETRIED


def _wait(state: RetryCallState) -> float:
    """Wait as long as the server asks, and a random time more, so that clients do not come back all at once."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, Unavailable) else None
    return _backoff(state) if asked is None else asked + random.uniform(0.0, 0.25)


def _error(response: httpx.Response) -> MaestroApiError:
    """Return the error of a refusal: the API sends a problem document (RFC 9457), a server in between any text."""
    status = response.status_code
    try:
        problem = dict(response.json())
        fields = [FieldProblem(str(one["field"]), str(one["detail"])) for one in problem.get("errors") or ()]
        error = error_of(status, str(problem["reason_code"]), str(problem["detail"]), fields)
    except (ValueError, TypeError, LookupError):
        error = error_of(status, f"HTTP_{status}", f"{response.reason_phrase or 'no reason given'}, without a reason")
    if isinstance(error, Unavailable):
        error.retry_after_seconds = _retry_after_seconds(response.headers.get("Retry-After"))
    return error


def _retry_after_seconds(header: str | None) -> float | None:
    """
    Read a Retry-After header: seconds, or a date.

    >>> _retry_after_seconds("2"), _retry_after_seconds("soon"), _retry_after_seconds(None)
    (2.0, None, None)
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
