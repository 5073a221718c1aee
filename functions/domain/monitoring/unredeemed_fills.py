"""A strategy's fills around a decision that have no redemption: traded without Maestro."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.fills import Fill

UNREDEEMED_MARGIN = timedelta(minutes=15)
"""Time after a signal's expiry in which fills may still arrive: the default life of a reservation."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LedgerFill:
    """One fill of the ledger, with its references to a decision."""

    fill: Fill
    nonce: str | None
    """Nonce of the redeemed signal, as its writer gave it; None if missing."""
    session_id: str | None

    @property
    def side(self) -> str:
        return "buy" if self.fill.signed_quantity > 0 else "sell"

    def is_of(self, action: str, ticker: str) -> bool:
        """Return whether it matches a signal; a signal without a ticker matches every symbol."""
        is_symbol = not ticker or canonical_symbol(ticker) == self.fill.key.symbol
        return is_symbol and action.lower() == self.side


@dataclass(frozen=True, slots=True)
class UnredeemedFills:
    """A strategy's fills from a decision on, oldest first, that have no redemption."""

    until: datetime
    """End of the search: the signal's expiry plus `UNREDEEMED_MARGIN`."""
    fills: Sequence[LedgerFill] = ()
    of_other_signals: int = 0
    """Number of fills in that time that belong to other decisions."""

    def of(self, action: str, ticker: str) -> list[LedgerFill]:
        """Return what a signal wanted to trade."""
        return [one for one in self.fills if one.is_of(action, ticker)]


def looked_until(decision: Mapping[str, Any]) -> datetime:
    """Return how long a decision's fills may arrive."""
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

    A fill without a decision belongs to the last earlier decision with a matching signal, else to the last earlier
    decision.

    Parameters
    ----------
    redemption : mapping or None
        Of the decision's signal, if it was redeemed.
    fills : sequence of LedgerFill
        The strategy's fills that name the decision's session, and all in its time.
    redeemed_nonces : collection of str
        Nonces of the fills that were redeemed.
    neighbours : mapping
        The strategy's signals in neighbouring decisions, by time.
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
    """Return whether a fill without a decision belongs to this one."""
    at, span = decision["timestamp"], looked_until(decision) - decision["timestamp"]
    before = {when: signal for when, signal in neighbours.items() if when <= one.fill.at < when + span}
    asked = [when for when, signal in before.items() if one.is_of(signal["action"], signal["ticker"])]
    signal = decision["signals"].get(strategy_name)
    if signal is not None and one.is_of(signal["action"], signal["ticker"]):
        return all(when < at for when in asked)
    return not asked and all(when < at for when in before)


def listed(fills: Sequence[LedgerFill]) -> str:
    """Return fills as text: ``buy 10 KO at 45 USD at 19:57:00 UTC``."""
    shown = [
        f"{one.side} {abs(one.fill.signed_quantity):g} {one.fill.key.spelled} at {one.fill.price:g} USD at "
        f"{one.fill.at:%H:%M:%S} UTC"
        for one in fills[:_SHOWN]
    ]
    more = f" and {len(fills) - _SHOWN} more" if len(fills) > _SHOWN else ""
    return f"{', '.join(shown)}{more}"
