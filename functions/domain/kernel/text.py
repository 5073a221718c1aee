"""
Room for text in documents.

A document is limited to 1 MiB, and strategies' text is its only part without a natural limit. So all of a cycle's text
shares a budget: few strategies may explain themselves at length, many only briefly.
"""

from __future__ import annotations

from dataclasses import dataclass

_MARK_BYTES = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that many texts share."""

    total_bytes: int
    most_bytes: int
    """Maximum of one text, even if there are few."""

    def over(self, divisor: int) -> Budget:
        """Return a fraction of the budget, with room for at least the ellipsis of a cut."""
        return Budget(self.total_bytes // divisor, max(_MARK_BYTES, self.most_bytes // divisor))

    def share(self, parts: int) -> int:
        """
        Return the maximum bytes of each of ``parts`` texts.

        >>> Budget(1000, 100).share(5), Budget(1000, 100).share(50)
        (100, 20)
        """
        return max(_MARK_BYTES, min(self.most_bytes, self.total_bytes // max(parts, 1)))


TEXT_BUDGET = Budget(150_000, 1_000)
VERDICT_BUDGET = Budget(300_000, 1_000)
"""Budget of the reasoning about each strategy's verdict."""
EXTRAS_BUDGET = Budget(300_000, 4_096)


def cut(text: str, limit_bytes: int) -> str:
    """
    Return ``text`` in at most ``limit_bytes`` of UTF-8, with an ellipsis if cut.

    >>> cut("abcdefgh", 6), cut("abc", 6)
    ('abc…', 'abc')
    """
    encoded = text.encode("utf-8", errors="replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode()
    return encoded[: limit_bytes - _MARK_BYTES].decode(errors="ignore") + "…"
