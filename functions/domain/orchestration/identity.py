"""The just-in-time identity of every signal of a cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """The identity by which one signal is redeemed, once."""

    agent_id: str
    """``{tenant}_{strategy}``."""
    strategy_name: str
    nonce: str
    """32 hexadecimal digits, unpredictable; doubles as the broker's client order id."""
    timestamp: datetime
    """When it was issued, UTC."""
    session_id: str
    """The cycle it belongs to."""

    def stamp(self) -> dict[str, str]:
        """Return the fields it adds to a signal."""
        return {
            "agent_id": self.agent_id,
            "nonce": self.nonce,
            "session_id": self.session_id,
            "identity_timestamp": self.timestamp.isoformat(),
        }

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON-ready fields, the time in ISO 8601."""
        plain = {name: getattr(self, name) for name in ("agent_id", "strategy_name", "nonce", "session_id")}
        return {**plain, "timestamp": self.timestamp.isoformat()}


def session_id_of(now: datetime, random_hex: str) -> str:
    """
    Return a cycle's session id, ``maestro_{ms}_{16 hex}``.

    >>> session_id_of(datetime(2020, 3, 16, tzinfo=UTC), "0123456789abcdef0123")
    'maestro_1584316800000_0123456789abcdef'
    """
    return f"maestro_{int(now.timestamp() * 1000)}_{random_hex[:16]}"


def new_identity(
    tenant_id: str, strategy_name: str, session_id: str, now: datetime, new_nonce: Callable[[], str]
) -> AgentIdentity:
    """Return a fresh identity; ``new_nonce`` gives 32 random hexadecimal digits."""
    issued = now.astimezone(UTC)
    return AgentIdentity(f"{tenant_id}_{strategy_name}", strategy_name, new_nonce(), issued, session_id)


def shown_nonce(nonce: str | None) -> str:
    """
    Return the part of a nonce that logs may show.

    >>> shown_nonce("0123456789abcdef"), shown_nonce(None)
    ('01234567', 'none')
    """
    return nonce[:8] if nonce else "none"
