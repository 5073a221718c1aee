"""The process's clock and source of randomness."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    """`Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SecretIds:
    """`Ids` from the operating system's entropy."""

    def nonce(self) -> str:
        return secrets.token_hex(16)


def jittered_pause(attempt: int) -> None:
    """`Pause`: up to 10 ms, doubling to half a second; random, so that colliding writers do not collide again."""
    time.sleep(random.uniform(0, min(0.5, 0.01 * 2**attempt)))  # noqa: S311 - not a secret
