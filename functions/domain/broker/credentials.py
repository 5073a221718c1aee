"""Credentials of an account at a broker; their text is never shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key id and its secret, as the broker gave them."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    base_url: str | None = None
    """A server other than the broker's own, such as a simulated broker; only with keys on this machine."""
