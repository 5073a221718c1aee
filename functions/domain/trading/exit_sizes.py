"""How much an issued exit may still trade when it is redeemed: the book may have changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.signals import Action


@dataclass(frozen=True, slots=True)
class Sizes:
    """The most an exit may trade."""

    qty: float | None = None
    """Units; None: unknown."""
    by_symbol: Mapping[str, float] = field(default_factory=dict)
    """Units by symbol, for an exit that names none."""


def sizes_now(signal: Mapping[str, Any], positions: KnownPositions) -> Sizes:
    """
    Return the most an issued exit may trade now.

    Raises
    ------
    RefusedError
        With NOTHING_TO_EXIT or EXIT_UNDER_WAY, if nothing is left. Unknown positions pass.
    """
    name, symbol = str(signal["strategy_name"]), str(signal["ticker"])
    issued = signal.get("max_qty")
    if not positions.book.is_open:
        return Sizes(issued, signal.get("max_qty_by_symbol") or {})
    if not symbol:
        return _of_everything(name, signal.get("max_qty_by_symbol") or {}, positions)
    left = _left(name, symbol, Action(signal["action"]), positions)
    if left is None:
        return Sizes(issued)
    if left == 0:
        raise _refused(name, symbol, positions)
    return Sizes(left if issued is None else min(left, issued))


def _left(name: str, symbol: str, action: Action, positions: KnownPositions) -> float | None:
    """Return the units left to sell, or to buy back; None: unknown."""
    held = positions.qty(name, symbol)
    if held is None:
        return None
    if action is Action.SELL and held < 0 and positions.has_open_entry(name, symbol, is_short=False):
        return None  # more was sold than the entry's reported fills bought: some fills are not reported
    is_other_side = held < 0 if action is Action.SELL else held > 0
    return 0.0 if is_other_side else positions.left_to_exit(name, symbol)


def _of_everything(name: str, issued: Mapping[str, float], positions: KnownPositions) -> Sizes:
    left = {symbol: _left(name, symbol, Action.SELL, positions) for symbol in issued}
    sizes = {
        symbol: issued[symbol] if most is None else min(issued[symbol], most)
        for symbol, most in left.items()
        if most != 0
    }
    if issued and not sizes:
        raise _refused(name, "", positions)
    return Sizes(None, sizes)


def _refused(name: str, symbol: str, positions: KnownPositions) -> RefusedError:
    what = symbol or "position"
    if positions.exits_under_way(name, symbol):
        return RefusedError(ReasonCode.EXIT_UNDER_WAY, f"an exit of {name} from its {what} is already under way")
    return RefusedError(ReasonCode.NOTHING_TO_EXIT, f"{name} no longer holds {what}: there is nothing to exit")
