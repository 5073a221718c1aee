"""
Connections that end at a deadline, even if bytes keep dripping.

Timeouts of HTTP libraries restart with every byte: a server that sends one per second never times out.
"""

from __future__ import annotations

import ssl
import time
from typing import Any

import httpcore


class Deadline:
    """When the current request must be finished, by the monotonic clock; it can be reset for the next one."""

    def __init__(self, at: float) -> None:
        self.at = at

    def left(self, timeout: float | None = None) -> float:
        """Return the seconds left for one step. Raises httpcore.ReadTimeout if there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for the whole request is over")
        return left if timeout is None else min(left, timeout)


class TimedStream(httpcore.NetworkStream):
    """A stream that ends at a deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
