"""What opens an account at a broker, which shows itself nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key id and its secret, as the broker gave them."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    base_url: str | None = None
    """Another server than the broker's own, such as a simulated broker's; of keys on this machine only."""
