"""
Differences between broker and books: ``state/drift``.

Reconciliation maintains it; cycles and redemptions use it to hold entries. A difference seen once may be a fill in
transit; one that lasts is drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import parse_time, stored_json
from functions.domain.kernel.policy import OnDrift, Policy
from functions.domain.kernel.stored_fields import COUNT, DAY, MAP, NUMBER, TEXT, TIME, Kinds, check_fields
from functions.domain.kernel.symbols import canonical_symbol

MOST_DIFFERENCES = 2_000
"""Maximum number stored; drift is kept first."""


class Subject(StrEnum):
    """What is compared."""

    POSITION = "position"
    """Units held."""
    ORDERS = "orders"
    """Units in open orders without a signal from Maestro."""
    RESERVATION = "reservation"
    """USD reserved for orders that are not open at the broker."""
    CASH = "cash"
    """USD."""


class DriftKind(StrEnum):
    """The likely cause of a difference; a guess to help investigate."""

    MISSED_FILL = "missed fill"
    MANUAL_TRADE = "manual trade"
    SPLIT = "split"
    RENAMING = "renaming"
    FEE = "fee"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure that differs between broker and books; None is unknown, never 0."""

    subject: Subject
    symbol: str
    """Canonical; empty for cash."""
    broker: float | None
    """Signed units, or USD for reservations and cash."""
    book: float | None
    """The same; for positions, of all strategies plus what is booked as unowned."""
    kind: DriftKind
    since: datetime
    """Time of the first read with the same difference."""
    read_at: datetime
    """Time of the first read with both figures."""
    is_drift: bool = False
    """Whether it was present in two reads between which nothing happened to its symbol."""
    price: float | None = None
    """The broker's price, USD per unit, at that read."""

    @property
    def key(self) -> tuple[str, str]:
        return self.subject, self.symbol

    @property
    def amount(self) -> float | None:
        """The broker's figure less the books'; None if either is unknown."""
        return None if self.broker is None or self.book is None else self.broker - self.book

    @property
    def holds_entries(self) -> bool:
        """Whether it holds entries if the policy says so; a reservation lapses by itself."""
        return self.is_drift and self.subject is not Subject.RESERVATION

    def __str__(self) -> str:
        figures = f"broker {_figure(self.broker)}, books {_figure(self.book)}"
        return f"{self.symbol or 'account'} {self.subject}: {figures}, likely {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CashKnown:
    """The broker's cash when it last agreed with the ledger."""

    usd: float
    as_of: datetime
    ledger_version: int
    """The ledger's version at that time."""
    compared_on: str
    """The last UTC day of a comparison, whatever its result."""


@dataclass(frozen=True)
class Drifts:
    """All differences, as of the last new read."""

    differences: tuple[Difference, ...] = ()
    """Seen once or lasting, sorted by subject and symbol."""
    unowned: Mapping[str, float] = field(default_factory=dict)
    """What the ledger has booked as unowned, signed units by canonical symbol."""
    ledger_version: int | None = None
    """The ledger's version of that count; None: not counted."""
    unknown_because: str | None = None
    """Why nothing can be compared now; None if it can."""
    cash: CashKnown | None = None
    """The start of comparing cash; None: not started."""

    @property
    def lasting(self) -> list[Difference]:
        return [one for one in self.differences if one.is_drift]

    def reason_to_hold(self, symbol: str, policy: Policy) -> str | None:
        """Return why an entry in a symbol, any spelling, is held; None if it is not."""
        if policy.on_drift is OnDrift.WARN:
            return None
        is_halt, canonical = policy.on_drift is OnDrift.HALT, canonical_symbol(symbol)
        found = next((one for one in self._holding if is_halt or one.symbol == canonical), None)
        return None if found is None else f"broker and books differ since {found.since:%Y-%m-%d %H:%M} UTC: {found}"

    @cached_property
    def _holding(self) -> list[Difference]:
        return [one for one in self.differences if one.holds_entries]

    def to_document(self, now: datetime) -> dict[str, Any]:
        """Return ``state/drift``."""
        kept = sorted(self.differences, key=lambda one: not one.is_drift)[:MOST_DIFFERENCES]
        return {
            "differences_json": _json([_entry(one) for one in sorted(kept, key=lambda one: one.key)]),
            "unowned_json": _json(dict(sorted(self.unowned.items()))),
            "ledger_version": self.ledger_version,
            "unknown_because": self.unknown_because,
            "cash": None if self.cash is None else asdict(self.cash),
            "updated_at": now,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Drifts:
        """Read the stored document; a missing one has no differences. Raises InputError if malformed."""
        if document is None:
            return cls()
        check_fields(document, _OF_DRIFT, {"cash": MAP}, or_null={"ledger_version": COUNT, "unknown_because": TEXT})
        known = document.get("cash")
        if known is not None:
            check_fields(known, _OF_CASH, inside="cash.", is_closed=True)
        try:
            name = "differences_json"
            differences = tuple(_read(one) for one in stored_json(document[name]))
            name = "unowned_json"
            unowned = {str(symbol): float(qty) for symbol, qty in stored_json(document[name]).items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(name, "a value that reconciliation stored", document[name]) from error
        words = document["ledger_version"], document["unknown_because"]
        return cls(differences, unowned, *words, None if known is None else CashKnown(**known))


NO_DRIFT = Drifts()
_OF_CASH: Kinds = {"usd": NUMBER, "as_of": TIME, "ledger_version": COUNT, "compared_on": DAY}
_TIMES = ("since", "read_at")
_OF_DRIFT: Kinds = {"differences_json": TEXT, "unowned_json": TEXT, "updated_at": TIME}


def sorted_differences(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(differences, key=lambda one: one.key))


def _entry(one: Difference) -> dict[str, Any]:
    times = {name: getattr(one, name).isoformat() for name in _TIMES}
    return {name: getattr(one, name) for name in Difference.__slots__} | times


def _read(entry: Mapping[str, Any]) -> Difference:
    words: dict[str, Any] = {"subject": Subject(entry["subject"]), "kind": DriftKind(entry["kind"])}
    figures: dict[str, Any] = {
        name: None if entry[name] is None else float(entry[name]) for name in ("broker", "book", "price")
    }
    times: dict[str, Any] = {name: parse_time(name, entry[name]) for name in _TIMES}
    is_drift = entry["is_drift"]
    if not isinstance(is_drift, bool):
        raise ValueError("is_drift is true or false")
    return Difference(symbol=str(entry["symbol"]), is_drift=is_drift, **words, **figures, **times)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _figure(value: float | None) -> str:
    """
    Return a figure as readable text.

    >>> _figure(1234567.25), _figure(-0.00012), _figure(0.0), _figure(None)
    ('1,234,567.25', '-0.00012', '0', 'unknown')
    """
    return "unknown" if value is None else f"{value:,.8f}".rstrip("0").rstrip(".")
