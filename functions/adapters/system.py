"""The process's clock and source of randomness."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


class SystemClock:
    """`Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SecretIds:
    """`Ids` from the operating system's entropy."""

    def nonce(self) -> str:
        return secrets.token_hex(16)
