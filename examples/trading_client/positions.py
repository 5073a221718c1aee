"""Whose a position is: a broker knows symbols only, Maestro also asks for the strategy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .trades import NOTHING


def shared_out(position: float, owners: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """
    Return what each strategy has of a broker's position, and what is unowned; units, below 0 short.

    Where the broker has less than strategies are on record for, each has its part of the position.

    >>> shared_out(10, {"A": 4}), shared_out(5, {"A": 4, "B": 6}), shared_out(-1, {"A": -4})
    (({'A': 4}, 6), ({'A': 2.0, 'B': 3.0}, 0.0), ({'A': -1.0}, 0.0))
    >>> shared_out(6, {"A": 10, "B": -4}), shared_out(0, {"A": 4, "B": -4})
    (({'A': 10, 'B': -4}, 0), ({'A': 4, 'B': -4}, 0))
    """
    rest = position - sum(owners.values())
    missing = sum(abs(qty) for qty in owners.values() if qty * rest < 0)
    if not missing:
        return dict(owners), rest
    taken = min(abs(rest), missing)
    parts = {name: qty * (1 - taken / missing) if qty * rest < 0 else qty for name, qty in owners.items()}
    return parts, rest - math.copysign(taken, rest)


def exit_quantity(side: str, position: float, strategy_id: str, owners: Mapping[str, float]) -> float:
    """
    Return how many units a strategy may sell, or buy back: whatever is not on record as other strategies'.

    No order goes through the zero of the broker's position, which brokers do not take: where strategies hold
    opposite sides, the rest is a later order's.

    >>> exit_quantity("sell", 10, "A", {}), exit_quantity("sell", 10, "A", {"B": 10})
    (10, 0)
    >>> exit_quantity("buy", -10, "A", {"A": -4, "B": -6}), exit_quantity("buy", 10, "A", {"A": 10})
    (4, 0)
    >>> exit_quantity("sell", 6, "A", {"A": 10, "B": -4}), exit_quantity("sell", 0, "A", {"A": 4, "B": -4})
    (6, 4)
    """
    sign = 1 if side == "sell" else -1
    parts, rest = shared_out(position, owners)
    own = max(0, sign * parts.get(strategy_id, 0)) + max(0, sign * rest)
    return min(own, sign * position) if sign * position > 0 else own


def known_quantity(side: str, position: float, strategy_id: str, owners: Mapping[str, float]) -> float:
    """
    Return how many units are on record as a strategy's own and there at the broker, to sell or to buy back.

    >>> known_quantity("sell", 10, "A", {"A": 4}), known_quantity("sell", 3, "A", {"A": 4})
    (4, 3.0)
    >>> known_quantity("sell", 10, "A", {}), known_quantity("sell", 10, "A", {"B": 4})
    (0, 0)
    >>> known_quantity("buy", -10, "A", {"A": -4}), known_quantity("buy", 10, "A", {"A": 10})
    (4, 0)
    >>> known_quantity("sell", 0, "A", {"A": 4, "B": -4}), known_quantity("sell", math.nan, "A", {"A": 4})
    (0, 0)
    """
    if not math.isfinite(position):
        return 0
    sign = 1 if side == "sell" else -1
    parts, _ = shared_out(position, owners)
    return max(0, min(sign * parts.get(strategy_id, 0), sign * position))


def attributed(positions: Mapping[str, float], holdings: Mapping[tuple[str, str], float]) -> list[dict[str, Any]]:
    """
    Return a broker's positions as Maestro takes them: one for each strategy that holds a part, and one for the rest.

    >>> attributed({"SPY": 10.0}, {("Trend", "SPY"): 4.0})
    [{'symbol': 'SPY', 'qty': 4.0, 'strategy_id': 'Trend'}, {'symbol': 'SPY', 'qty': 6.0}]
    >>> attributed({}, {("Trend", "SPY"): 4.0, ("Fade", "SPY"): -4.0})
    [{'symbol': 'SPY', 'qty': 4.0, 'strategy_id': 'Trend'}, {'symbol': 'SPY', 'qty': -4.0, 'strategy_id': 'Fade'}]
    """
    listed: list[dict[str, Any]] = []
    for symbol in dict.fromkeys([*positions, *(held for _, held in holdings)]):
        owners = {name: qty for (name, held), qty in holdings.items() if held == symbol}
        parts, rest = shared_out(positions.get(symbol, 0.0), owners)
        named = [(qty, {"strategy_id": name}) for name, qty in parts.items()] + [(rest, {})]
        listed += [{"symbol": symbol, "qty": qty, **owner} for qty, owner in named if abs(qty) > NOTHING]
    return listed
