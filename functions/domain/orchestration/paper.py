"""
The shadow book: paper positions of strategies in SHADOW_MODE.

A shadowed strategy continues to trade on paper, at the cycle's prices and live costs, so that its record continues and
it can earn its way back. One position per symbol; what it still holds when it leaves SHADOW_MODE is closed on paper.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.packed_texts import unpacked
from functions.domain.kernel.parsing import as_number, stored_json
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.paper_costs import PaperCosts
from functions.domain.orchestration.risk_rules import RuledSignal
from functions.domain.orchestration.signals import Action

PaperPositions = Mapping[str, Mapping[str, float]]
"""Units held on paper, by strategy and symbol."""
PAPER_OF = "uid"
"""Field of a cycle's shadow record: owner of the paper position; None: the tenant. Users' own records lack it."""
_NOTHING = 1e-9
"""Units; less is rounding, not a position."""


@dataclass(frozen=True, slots=True)
class PaperFill:
    """One trade on paper."""

    strategy_name: str
    action: Action
    symbol: str
    quantity: float
    price: float
    """The cycle's price, USD per unit."""
    fees: float
    """USD; negative for a rebate."""
    slippage: float
    """USD, in addition to the price."""

    @classmethod
    def at_costs(
        cls, strategy_name: str, action: Action, symbol: str, quantity: float, price: float, costs: PaperCosts
    ) -> PaperFill:
        notional = quantity * price
        return cls(strategy_name, action, symbol, quantity, price, costs.fees(notional), costs.slippage(notional))


def trade_on_paper(
    signals: Sequence[RuledSignal],
    held: PaperPositions,
    prices: Mapping[str, float],
    capital_usd: float,
    costs: PaperCosts,
) -> tuple[dict[str, dict[str, float]], list[PaperFill]]:
    """
    Trade a cycle's signals on paper.

    Parameters
    ----------
    signals : sequence
        After the rules: a BUY that a rule held is not traded on paper, either.
    prices : mapping
        USD by symbol; symbols without a price are not traded.
    capital_usd : float
        The base of allocations.
    costs : PaperCosts
        Costs charged to fills.

    Returns
    -------
    tuple
        The new positions, of these strategies and all others, and the fills.
    """
    positions = {name: dict(symbols) for name, symbols in held.items()}
    fills = []
    for signal in signals:
        mine = positions.setdefault(signal.name, {})
        for fill in _fills(signal, mine, prices, capital_usd, costs):
            left = mine.pop(fill.symbol, 0.0) + (fill.quantity if fill.action is Action.BUY else -fill.quantity)
            if left > 0:
                mine[fill.symbol] = left
            fills.append(fill)
    return {name: symbols for name, symbols in positions.items() if symbols}, fills


def _fills(
    signal: RuledSignal,
    mine: Mapping[str, float],
    prices: Mapping[str, float],
    capital_usd: float,
    costs: PaperCosts,
) -> list[PaperFill]:
    """Return one signal's trades; ``mine`` are its strategy's positions."""
    name, ticker, size = signal.name, signal.proposed.ticker, signal.proposed.allocation
    if signal.is_live_exit:
        return []
    if signal.mode is not AgentMode.SHADOW_MODE:
        closing, size = list(mine), 1.0
    elif signal.action is Action.SELL:
        closing = [ticker] if ticker else list(mine)  # CLOSE_ALL names no symbol
    else:
        closing = []
        if signal.action is Action.BUY and ticker in prices and ticker not in mine and size > 0:
            quantity = size * capital_usd / prices[ticker]
            return [PaperFill.at_costs(name, Action.BUY, ticker, quantity, prices[ticker], costs)]
    return [
        PaperFill.at_costs(name, Action.SELL, symbol, mine[symbol] * size, prices[symbol], costs)
        for symbol in closing
        if symbol in mine and symbol in prices and size > 0
    ]


def split_paper(
    held: PaperPositions,
    symbol: str,
    ratio: float,
    records: Iterable[tuple[str, Mapping[str, Any]]],
    uid: str | None,
    ratio_after: Callable[[str, datetime], float],
) -> dict[str, dict[str, float]]:
    """
    Return the paper positions after a split of a canonical symbol.

    Parameters
    ----------
    records : iterable
        (id, shadow record) since the split: trades after it were already at new prices.
    uid : str or None
        Owner of the paper positions.
    ratio_after : callable
        Units now per unit of (symbol, time), by splits already known.
    """
    since: dict[tuple[str, str], float] = {}
    for _, record in records:
        if PAPER_OF not in record or record[PAPER_OF] != uid or canonical_symbol(str(record["symbol"])) != symbol:
            continue
        key = (str(record["strategy_name"]), str(record["symbol"]))
        units = record["qty"] * ratio_after(symbol, record["timestamp"])
        since[key] = since.get(key, 0.0) + (units if record["side"] == "buy" else -units)
    positions = {name: dict(symbols) for name, symbols in held.items()}
    owned = {(name, one) for name, mine in held.items() for one in mine if canonical_symbol(one) == symbol}
    for name, one in sorted(owned | since.keys()):
        traded = since.get((name, one), 0.0)
        mine = positions.setdefault(name, {})
        left = (mine.pop(one, 0.0) - traded) * ratio + traded
        if left > _NOTHING:
            mine[one] = left
    return {name: symbols for name, symbols in positions.items() if symbols}


def prices_of(market_data: Mapping[str, Any]) -> dict[str, float]:
    """Return the price of every symbol of a cycle's market data, wrapped or flat; USD."""
    symbols = market_data.get("symbols", market_data)
    quotes = ((symbol, quote.get("price")) for symbol, quote in symbols.items() if isinstance(quote, Mapping))
    known = ((str(symbol), as_number(price)) for symbol, price in quotes)
    return {symbol: price for symbol, price in known if price is not None and price > 0}


def with_paper_positions(account_snapshot: Mapping[str, Any], held: PaperPositions) -> dict[str, Any]:
    """Return the account for strategies: with their paper positions next to the live ones."""
    live = account_snapshot.get("positions") or ()
    return {**account_snapshot, "positions": [*live, *paper_positions(held)]}


def paper_positions(held: PaperPositions) -> Iterator[dict[str, Any]]:
    """Yield paper positions as positions of an account."""
    for name, symbols in held.items():
        for symbol, quantity in symbols.items():
            yield {"symbol": symbol, "qty": quantity, "strategy_id": name, "book": "shadow"}


def paper_json(positions: PaperPositions) -> str:
    return json.dumps(positions, separators=(",", ":"), sort_keys=True)


def read_paper(document: Mapping[str, Any] | None) -> dict[str, dict[str, float]]:
    """Read the paper positions of the modes document; missing: no positions. Raises InputError if malformed."""
    text = unpacked(document or {}).get("paper_json", "{}")
    try:
        return {
            name: {symbol: float(quantity) for symbol, quantity in symbols.items()}
            for name, symbols in stored_json(text).items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError("modes.paper_json", "units by strategy and symbol", text) from error
