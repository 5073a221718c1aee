"""
What strategies proposed, and positions that explain what became of it, as far as a decision's log shows.

A log has proposals and decisions, but not the positions held. So positions are made up under which each proposal has
the effect it had: an exit that was issued gets a position to leave, one that had nothing to exit gets none. Sizes of
exits are not on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.position_book import Holding, Order, PositionBook
from functions.domain.orchestration.signals import Action, ProposedSignal

ANY_SYMBOL = "POSITION"
"""Stands for the symbol of an exit that names none."""
SOON = timedelta(hours=1)
"""How long after a decision its exits under way still are."""


@dataclass(slots=True)
class Met:
    """Positions that proposals must have found, collected strategy by strategy."""

    is_open: bool = False
    """Whether the position book was open: only then is it known that a strategy held nothing."""
    held: dict[tuple[str, str], float] = field(default_factory=dict)
    """Signed units by strategy and symbol."""
    leaving: set[tuple[str, str]] = field(default_factory=set)
    prices: dict[str, float] = field(default_factory=dict)

    def positions(self, now: datetime) -> KnownPositions:
        holdings = {(name, canonical_symbol(one)): Holding(qty, 1.0, one) for (name, one), qty in self.held.items()}
        orders = {
            f"{name} {symbol}": Order(
                strategy_id=name, symbol=canonical_symbol(symbol), is_entry=False, lapses_at=now + SOON
            )
            for name, symbol in self.leaving
        }
        if self.is_open:
            return KnownPositions(PositionBook(now, "record", holdings, orders), {}, now)
        listed = [
            {"strategy_id": name, "symbol": symbol, "qty": qty, "avg_entry_price": 1.0}
            for (name, symbol), qty in self.held.items()
        ]
        return KnownPositions(PositionBook(), {"positions": listed}, now)


def proposal_of(
    verdict: Mapping[str, Any],
    logged: Mapping[str, Any],
    codes: tuple[ReasonCode, ...],
    error: str | None,
    met: Met,
) -> ProposedSignal:
    """Return what a strategy proposed, and note the positions that it must have found."""
    name, ticker = verdict["strategy_name"], logged["ticker"]
    action, became = Action(logged.get("original_action") or logged["action"]), Action(logged["action"])
    if error is not None:
        reason = codes[1] if len(codes) > 1 else ReasonCode.STRATEGY_ERROR
        return ProposedSignal(name, Action.HOLD, ticker, error=error, reason_code=reason)
    if ReasonCode.ON_SHADOW_FLATTEN in codes:  # what the strategy itself proposed is not on record
        met.is_open, met.held[name, ticker] = True, 1.0
        return ProposedSignal(name, Action.HOLD)
    asked = verdict["original_allocation"]
    size = float(asked) if 0.0 <= asked <= 1.0 else 1.0
    key, intent = (name, ticker or ANY_SYMBOL), logged.get("intent")
    is_flip = bool({ReasonCode.FLIP_EXIT_FIRST, ReasonCode.SHORTS_NOT_ALLOWED} & set(codes))
    if intent in {Intent.EXIT, Intent.FLIP} or (intent is None and became is Action.SELL):
        return _exit(key, action, became, size, codes, verdict, met, ticker=ticker, is_flip=is_flip)
    if ReasonCode.EXIT_UNDER_WAY in codes:
        met.is_open, met.held[key] = True, 1.0 if action is Action.SELL else -1.0
        met.leaving.add((name, ticker))
        return ProposedSignal(name, action, ticker, size, closes=not ticker)
    is_short = is_sized = False
    if action is Action.SELL:
        met.is_open = True
        is_short = ReasonCode.SHORTS_NOT_ALLOWED in codes
        is_met_by_nothing = intent == Intent.NOTHING or ReasonCode.NOTHING_TO_EXIT in codes
        is_sized = is_short or not is_met_by_nothing  # an entry: it opens a short
    if is_short:
        met.held[key] = -1.0
    return ProposedSignal(name, action, ticker, size, is_sized=is_sized, closes=action is Action.SELL and not ticker)


def _exit(
    key: tuple[str, str],
    action: Action,
    became: Action,
    size: float,
    codes: tuple[ReasonCode, ...],
    verdict: Mapping[str, Any],
    met: Met,
    *,
    ticker: str,
    is_flip: bool,
) -> ProposedSignal:
    """Return an exit, and note the position that it left; one on paper left no live position."""
    name = key[0]
    if not WEIGHTS[AgentMode(verdict["mode"])] and ReasonCode.LIVE_EXIT not in codes:
        return ProposedSignal(name, action, ticker, size, closes=not ticker)
    if became is Action.SELL:
        met.held[key] = 1.0
        return ProposedSignal(name, action, ticker, size, qty=2.0 if is_flip else None, closes=not ticker)
    met.is_open = True
    cost = float(verdict["final_allocation"])  # of a cover: units times price, of a buying power of 1 USD
    units = cost if cost > 0 else 1.0
    met.held[key] = -units
    if cost > 0:
        met.prices[key[1]] = 1.0
    closes = action is Action.SELL
    qty = None if closes else units * (2.0 if is_flip else 1.0)
    return ProposedSignal(name, action, ticker, size, qty=qty, closes=closes)
