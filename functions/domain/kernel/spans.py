"""Ranges of ids that remain to be processed, so that a later run knows where to continue: pure interval arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.errors import InputError


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """All ids after ``after``, up to and including ``until``, in lexicographic order."""

    after: str = ""
    until: str | None = None
    """None: up to the last id."""

    @property
    def is_empty(self) -> bool:
        return self.until is not None and self.until <= self.after

    def beyond(self, at: str) -> Span:
        """Return the part after an id."""
        return Span(max(self.after, at), self.until)

    def to_map(self) -> dict[str, str | None]:
        return {"after": self.after, "until": self.until}

    @classmethod
    def from_map(cls, stored: Any) -> Span:
        """Read what `to_map` gave. Raises InputError."""
        after, until = (stored.get("after"), stored.get("until")) if isinstance(stored, Mapping) else (None, None)
        if not isinstance(after, str) or not isinstance(until, str | None):
            raise InputError("span", "a map of after and until", stored)
        return cls(after, until)


EVERYTHING = (Span(),)


def without(spans: Sequence[Span], done: Span) -> tuple[Span, ...]:
    """
    Return spans without one that is done; order and repetition do not matter.

    >>> without((Span(),), Span("", "m")), without((Span("a", "f"),), Span("b", "d"))
    ((Span(after='m', until=None),), (Span(after='a', until='b'), Span(after='d', until='f')))
    """
    left = []
    for one in spans:
        before = Span(one.after, done.after if one.until is None else min(one.until, done.after))
        after = None if done.until is None else one.beyond(done.until)
        left += [part for part in (before, after) if part is not None and not part.is_empty]
    return tuple(left)


def next_beyond(spans: Sequence[Span], at: str) -> Span | None:
    """Return the first range after an id, or None at the end."""
    return min(
        (part for one in spans if not (part := one.beyond(at)).is_empty), default=None, key=lambda one: one.after
    )
