"""What the simulated broker does instead of answering, by script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tools.simulated_broker.clock import Now


class FaultKind(StrEnum):
    """What goes wrong."""

    WRONG_KEYS = "wrong keys"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too many requests"
    ERROR = "internal server error"
    BAD_GATEWAY = "bad gateway"
    """A web page with status 502."""
    HTML = "a web page"
    """… with status 200."""
    HANG = "no answer"
    DRIP = "an answer that never ends"
    HALF = "half an answer"
    """The connection ends in the middle."""
    CUT = "cut JSON"
    """… and says that it was all."""
    DROP = "no connection"
    LOST = "the answer is lost"
    """What was asked for is done, and the connection ends."""
    REDIRECT = "redirect"


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, for some requests, a few times or for a while."""

    kind: FaultKind
    path: str = ""
    """Beginning of the paths it concerns."""
    method: str | None = None
    times: int | None = None
    """How often; None: always."""
    until: datetime | None = None
    """By the broker's clock; None: for ever."""
    skips: int = 0
    """How many requests go well before."""


@dataclass(slots=True)
class Faults:
    """The script of faults."""

    now: Now
    script: list[Fault] = field(default_factory=list)

    def add(self, *faults: Fault) -> None:
        self.script += faults

    def clear(self) -> None:
        self.script = []

    def next(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with a request; None if nothing does."""
        for fault in self._for(method, path):
            if fault.skips:
                fault.skips -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    def _for(self, method: str, path: str) -> Sequence[Fault]:
        now = self.now()
        return [
            one
            for one in self.script
            if path.startswith(one.path)
            and one.method in (None, method)
            and one.times != 0
            and (one.until is None or now < one.until)
        ]
