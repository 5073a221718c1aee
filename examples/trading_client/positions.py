"""Whose a position is: a broker knows symbols only, Maestro also asks for the strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .trades import NOTHING


def exit_quantity(position: float, own: float, others: float) -> float:
    """
    Return how many units of a broker's position a strategy may sell: whatever is not on record as other strategies'.

    Where the broker has less than all of them are on record for, each has its part of what is there.

    >>> exit_quantity(10, 0, 0), exit_quantity(10, 4, 6), exit_quantity(10, 0, 10), exit_quantity(5, 4, 6)
    (10, 4, 0, 2.0)
    """
    if own + others <= position:
        return position - others
    return max(0.0, position) * own / (own + others)


def attributed(positions: Mapping[str, float], holdings: Mapping[tuple[str, str], float]) -> list[dict[str, Any]]:
    """
    Return a broker's positions as Maestro takes them: one for each strategy that holds a part, and one for the rest.

    >>> attributed({"SPY": 10.0}, {("Trend", "SPY"): 4.0})
    [{'symbol': 'SPY', 'qty': 4.0, 'strategy_id': 'Trend'}, {'symbol': 'SPY', 'qty': 6.0}]
    """
    listed: list[dict[str, Any]] = []
    for symbol, units in positions.items():
        owners = {name: qty for (name, held), qty in holdings.items() if held == symbol}
        on_record = sum(owners.values())
        scale = min(1.0, max(0.0, units) / on_record) if on_record else 1.0
        rest = units - on_record * scale
        parts = [(qty * scale, {"strategy_id": name}) for name, qty in owners.items()] + [(rest, {})]
        listed += [{"symbol": symbol, "qty": qty, **owner} for qty, owner in parts if abs(qty) > NOTHING]
    return listed
