"""Which fills of a strategy, around a decision, came about without a redemption: traded past Maestro."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.fills import Fill

UNREDEEMED_MARGIN = timedelta(minutes=15)
"""After a signal's expiry, as long as a redeemed one has by default: a fill may still come."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LedgerFill:
    """One fill of the ledger, with what it names of a decision."""

    fill: Fill
    nonce: str | None
    """Of the redeemed signal, as its writer says; None where it names none."""
    session_id: str | None

    @property
    def side(self) -> str:
        return "buy" if self.fill.signed_quantity > 0 else "sell"

    def is_of(self, action: str, ticker: str) -> bool:
        """Tell whether it is what a signal asked for; one without a ticker asks for every symbol."""
        is_symbol = not ticker or canonical_symbol(ticker) == self.fill.key.symbol
        return is_symbol and action.lower() == self.side


@dataclass(frozen=True, slots=True)
class UnredeemedFills:
    """A strategy's fills from a decision on, oldest first, that belong to no redemption."""

    until: datetime
    """How far was looked: the signal's expiry, and `UNREDEEMED_MARGIN`."""
    fills: Sequence[LedgerFill] = ()
    of_other_signals: int = 0
    """How many fills of that time belong to other decisions."""

    def of(self, action: str, ticker: str) -> list[LedgerFill]:
        """Return what a signal asked for."""
        return [one for one in self.fills if one.is_of(action, ticker)]


def looked_until(decision: Mapping[str, Any]) -> datetime:
    """Return until when a decision's fills may come."""
    end: datetime = decision.get("expires_at") or decision["timestamp"]
    return end + UNREDEEMED_MARGIN


def unredeemed(
    decision: Mapping[str, Any],
    strategy_name: str,
    redemption: Mapping[str, Any] | None,
    fills: Sequence[LedgerFill],
    redeemed_nonces: Collection[str],
    neighbours: Mapping[datetime, Mapping[str, Any]],
) -> UnredeemedFills:
    """
    Sort a strategy's fills.

    One that names no decision belongs to the last before it whose signal asked for it; one that none asked for, to the
    last before it.

    Parameters
    ----------
    redemption : mapping or None
        Of the decision's signal, if it was redeemed.
    fills : sequence of LedgerFill
        The strategy's: those that name the decision's session, and all of its time.
    redeemed_nonces : collection of str
        Those that the fills name and that somebody redeemed.
    neighbours : mapping
        What the strategy's signal was in the decisions around, by their times.
    """
    session_id, mine = decision["session_id"], None if redemption is None else redemption["nonce"]
    kept, others = [], 0
    for one in sorted(fills, key=lambda one: one.fill.sort_key):
        if one.nonce is not None and one.nonce == mine:
            continue
        is_of_other = one.nonce in redeemed_nonces or one.session_id not in {None, session_id}
        is_named = one.session_id == session_id
        if not is_of_other and (is_named or _is_last_to_ask(decision, strategy_name, one, neighbours)):
            kept.append(one)
        else:
            others += 1
    return UnredeemedFills(looked_until(decision), kept, others)


def _is_last_to_ask(
    decision: Mapping[str, Any],
    strategy_name: str,
    one: LedgerFill,
    neighbours: Mapping[datetime, Mapping[str, Any]],
) -> bool:
    """Tell whether a fill that names no decision belongs to this one."""
    at, span = decision["timestamp"], looked_until(decision) - decision["timestamp"]
    before = {when: signal for when, signal in neighbours.items() if when <= one.fill.at < when + span}
    asked = [when for when, signal in before.items() if one.is_of(signal["action"], signal["ticker"])]
    signal = decision["signals"].get(strategy_name)
    if signal is not None and one.is_of(signal["action"], signal["ticker"]):
        return all(when < at for when in asked)
    return not asked and all(when < at for when in before)


def listed(fills: Sequence[LedgerFill]) -> str:
    """Return fills in words: ``buy 10 KO at 45 USD at 19:57:00 UTC``."""
    shown = [
        f"{one.side} {abs(one.fill.signed_quantity):g} {one.fill.key.spelled} at {one.fill.price:g} USD at "
        f"{one.fill.at:%H:%M:%S} UTC"
        for one in fills[:_SHOWN]
    ]
    more = f" and {len(fills) - _SHOWN} more" if len(fills) > _SHOWN else ""
    return f"{', '.join(shown)}{more}"
