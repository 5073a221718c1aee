"""
What can go wrong between a trading client and Maestro.

    MaestroApiError        the API, or the sign-in, gave anything but what was asked for
    ├── Refused            409, 410, 412, 423: a rule says no. Do not trade.
    ├── Unauthorized       401, 403: sign in, or have an admin add you
    ├── NotFound           404
    ├── Invalid            every other 4xx: the request is malformed
    │   └── MalformedFills some fills are; all others are in the ledger
    └── Unavailable        429, 5xx, no answer, or one that cannot be read: ask again later
        └── OutOfReach     a round ended there; it says which exits went without Maestro
"""

# ruff: noqa: N818 (they read as what happened)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .models import Fill, FillResult
from .trades import Trade

UNREADABLE = "UNREADABLE_ANSWER"
NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field."""

    field: str
    """Where it is, with dots: ``fills.0.qty``."""
    detail: str


class MaestroApiError(Exception):
    """
    Base of all.

    Parameters
    ----------
    status : int
        Of the HTTP answer; 0 without one.
    reason_code : str
        The stable, machine-readable word.
    errors : sequence of FieldProblem
        Field by field, where fields are malformed.
    """

    def __init__(self, status: int, reason_code: str, detail: str, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(f"{reason_code}: {detail}")
        self.status = status
        self.reason_code = reason_code
        self.detail = detail
        self.errors = tuple(errors)


class Refused(MaestroApiError):
    """A rule says no: do not trade."""


class Unauthorized(MaestroApiError):
    """No user is signed in, or one who may not do this."""


class NotFound(MaestroApiError):
    """What was asked for does not exist."""


class Invalid(MaestroApiError):
    """The request is malformed: sent again, it is refused again."""


class Unavailable(MaestroApiError):
    """It is unknown whether it was done: ask again, with the same Idempotency-Key."""

    def __init__(self, status: int, reason_code: str, detail: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(status, reason_code, detail)
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_out_of_reach(self) -> bool:
        """
        Whether Maestro says neither yes nor no: no answer at all, or 5xx.

        False if it does answer: that it is asked too often (429), or with something this client cannot read.
        """
        return self.status == 0 or self.status >= 500


class OutOfReach(Unavailable):
    """Maestro is out of reach, and the round ended there; ``exits`` is what was sent to the broker without it."""

    def __init__(self, cause: Unavailable, exits: Sequence[Trade]) -> None:
        sent = ", ".join(f"{one.strategy_id} {one.side} {one.symbol}" for one in exits)
        detail = f"{cause.detail}; exits sent without Maestro: {sent}" if exits else cause.detail
        super().__init__(cause.status, cause.reason_code, detail, cause.retry_after_seconds)
        self.exits = tuple(exits)


@dataclass(frozen=True, slots=True)
class MalformedFill:
    """A fill that the ledger does not take."""

    fill: Fill
    detail: str


class MalformedFills(Invalid):
    """Some fills are malformed; ``results`` says what became of the others, in order."""

    def __init__(self, malformed: Sequence[MalformedFill], results: Sequence[FillResult]) -> None:
        more = "" if len(malformed) == 1 else f" (and {len(malformed) - 1} more)"
        super().__init__(422, "MALFORMED_REQUEST", f"{malformed[0].detail}{more}")
        self.malformed = tuple(malformed)
        self.results = tuple(results)


def error_of(status: int, reason_code: str, detail: str, errors: Sequence[FieldProblem] = ()) -> MaestroApiError:
    """
    Return the error for an HTTP status.

    >>> error_of(423, "TRADING_HALTED", "exits only")
    Refused('TRADING_HALTED: exits only')
    """
    if status in {409, 410, 412, 423}:
        return Refused(status, reason_code, detail, errors)
    if status in {401, 403}:
        return Unauthorized(status, reason_code, detail, errors)
    if status == 404:
        return NotFound(status, reason_code, detail, errors)
    if status == 429 or not 400 <= status < 500:
        return Unavailable(status, reason_code, detail)
    return Invalid(status, reason_code, detail, errors)
