"""
A signal's effect on the position: increase, reduce, or none.

BUY and SELL are instructions for a broker; whether they add risk depends on what is held. Rules use the intent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.known_positions import SIZE_ROUNDING, KnownPositions
from functions.domain.orchestration.position_book import NO_QUANTITY
from functions.domain.orchestration.signals import Action, ProposedSignal


class Intent(StrEnum):
    """What a signal does to its strategy's position."""

    ENTRY = "ENTRY"
    """Adds to it, long or short: subject to every rule."""
    EXIT = "EXIT"
    """Reduces it, at most to zero: always passes, also if the position is unknown."""
    FLIP = "FLIP"
    """Would flip it: the exit now, the entry in a later cycle."""
    NOTHING = "NOTHING"
    """HOLD, or there is nothing to exit."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A proposal, judged by the current position."""

    intent: Intent
    action: Action
    """The action at the broker: closing a short is a BUY, whatever the strategy called it."""
    qty: float | None = None
    """The most an exit may trade, units; None for an entry, and if unknown."""
    qty_by_symbol: Mapping[str, float] = field(default_factory=dict)
    """The same by symbol, for an exit that names none."""
    symbol: str = ""
    """The symbol to trade, if the proposal names none and one had to be chosen."""
    is_live: bool = False
    """Whether the exit closes a position that its strategy holds, or may hold, live."""
    reason_code: ReasonCode | None = None
    """Why it is less than proposed."""
    detail: str = ""

    @property
    def is_exit(self) -> bool:
        return self.intent in {Intent.EXIT, Intent.FLIP}

    def to_fields(self) -> dict[str, Any]:
        """Return its fields for an issued signal."""
        fields: dict[str, Any] = {"intent": str(self.intent)}
        if self.is_exit:
            fields["max_qty"] = self.qty
        if self.is_exit and self.action is Action.BUY:
            fields["qty"] = self.qty
        if self.qty_by_symbol:
            fields["max_qty_by_symbol"] = dict(self.qty_by_symbol)
        return fields | ({"ticker": self.symbol} if self.symbol else {})


def judge(
    signal: ProposedSignal,
    positions: KnownPositions,
    *,
    allow_shorts: bool,
    price: float | None,
    buying_power: float | None,
) -> Judgement:
    """
    Judge a proposal.

    Parameters
    ----------
    allow_shorts : bool
        Whether a SELL without a long position may open a short.
    price : float or None
        USD, of the signal's symbol; sizes a covering BUY.
    buying_power : float or None
        USD, the base of a BUY's allocation.
    """
    if signal.action is Action.HOLD:
        return Judgement(Intent.NOTHING, Action.HOLD)
    if not signal.ticker:
        return _leave_everything(signal, positions)
    held = positions.qty(signal.strategy_name, signal.ticker)
    if signal.action is Action.SELL:
        return _judge_sell(signal, positions, held, allow_shorts=allow_shorts)
    if held is None and _shown_short(signal, positions):
        return _cover_unknown(signal, positions)
    if held is None or held > -NO_QUANTITY:
        return Judgement(Intent.ENTRY, Action.BUY)
    return _leave(signal, positions, held, signal.qty or _units(signal.allocation, price, buying_power))


def _judge_sell(
    signal: ProposedSignal, positions: KnownPositions, held: float | None, *, allow_shorts: bool
) -> Judgement:
    name = signal.strategy_name
    may_be_long = not positions.book.is_open or positions.has_open_entry(name, signal.ticker, is_short=False)
    no_short = not (allow_shorts and signal.is_sized)
    is_odd = held is not None and held < 0 and no_short  # more was sold than was bought, as far as is known
    if may_be_long and (held is None or (is_odd and not signal.closes)):
        return _leave_unknown(signal, positions)
    if held is None and signal.closes:
        return _cover_unknown(signal, positions)
    held = held or 0.0
    if held > NO_QUANTITY:
        return _leave(signal, positions, held, signal.qty, allow_shorts=allow_shorts)
    if signal.closes and held < -NO_QUANTITY:
        return _leave(signal, positions, held, None)
    return _sell_more(signal, held, allow_shorts=allow_shorts)


def _units(allocation: float, price: float | None, buying_power: float | None) -> float | None:
    """Return the units that an allocation buys; None if unknown or without buying power: then a cover is whole."""
    return allocation * buying_power / price if price and buying_power else None


def _leave(
    signal: ProposedSignal,
    positions: KnownPositions,
    held: float,
    wanted: float | None,
    *,
    allow_shorts: bool = True,
) -> Judgement:
    """
    Reduce a known position.

    Parameters
    ----------
    held : float
        Signed units, not 0.
    wanted : float or None
        Units that the strategy wants to trade; None: by its allocation, for a SELL a fraction of the position.
    """
    action = Action.SELL if held > 0 else Action.BUY
    leaving = positions.leaving(signal.strategy_name, signal.ticker, held)
    is_flip = wanted is not None and wanted > leaving.whole * (1 + SIZE_ROUNDING)
    if signal.action is Action.SELL:
        part = leaving.whole if is_flip or action is Action.BUY else leaving.whole * signal.allocation
    else:
        part = leaving.whole if wanted is None else min(leaving.whole, wanted)
    left = leaving.left(part)
    if not left:
        if leaving.is_under_way:
            return _under_way(signal)
        return Judgement(Intent.EXIT, action, 0.0, is_live=True)  # a SELL of nothing
    if not is_flip:
        return _sized(Judgement(Intent.EXIT, action, left, is_live=True), positions)
    beyond = f"asks for {wanted:g} {signal.ticker} and holds {held:g}"
    code, detail = ReasonCode.FLIP_EXIT_FIRST, f"{beyond}: the exit first, the entry in a later cycle"
    if not allow_shorts:
        code, detail = ReasonCode.SHORTS_NOT_ALLOWED, f"{beyond}: the exit only"
    intent = Intent.FLIP if allow_shorts else Intent.EXIT
    return Judgement(intent, action, left, is_live=True, reason_code=code, detail=detail)


def _sized(exit_: Judgement, positions: KnownPositions) -> Judgement:
    """Return a SELL without its size while the book is closed: the account may be out of date."""
    if positions.book.is_open or exit_.action is Action.BUY:
        return exit_
    return replace(exit_, qty=None, qty_by_symbol={})


def _leave_unknown(signal: ProposedSignal, positions: KnownPositions) -> Judgement:
    """Reduce an unknown position: it passes, limited to what other strategies leave."""
    name = signal.strategy_name
    if positions.exits_under_way(name, signal.ticker):
        return _under_way(signal)
    most = positions.left_by_others(name, signal.ticker)
    qty = None if most is None else most * signal.allocation
    return Judgement(
        Intent.EXIT, Action.SELL, qty, is_live=positions.has_open_entry(name, signal.ticker, is_short=False)
    )


def _shown_short(signal: ProposedSignal, positions: KnownPositions) -> float:
    """Return the account's short that may be the strategy's, units; 0 if there is none."""
    if not positions.has_open_entry(signal.strategy_name, signal.ticker, is_short=True):
        return 0.0
    return positions.short_left_by_others(signal.strategy_name, signal.ticker)


def _cover_unknown(signal: ProposedSignal, positions: KnownPositions) -> Judgement:
    """Cover a short whose opening fill may be unreported: as much as the account shows, if any."""
    if positions.exits_under_way(signal.strategy_name, signal.ticker):
        return _under_way(signal)
    return Judgement(Intent.EXIT, Action.BUY, _shown_short(signal, positions) or None, is_live=True)


def _leave_everything(signal: ProposedSignal, positions: KnownPositions) -> Judgement:
    """Exit all positions: one SELL for the long ones; else the next position without an exit under way."""
    name, held = signal.strategy_name, positions.held(signal.strategy_name)
    longs = [symbol for symbol, qty in held.items() if qty > 0]
    left = {positions.spelled(name, one): part for one in longs if (part := positions.left_to_exit(name, one))}
    if left or not positions.book.is_open:
        return _sized(Judgement(Intent.EXIT, Action.SELL, qty_by_symbol=left, is_live=bool(longs)), positions)
    known = held if signal.closes else longs
    unknown = [symbol for symbol in positions.open_entries(name, is_short=False) if symbol not in known]
    if unknown and not held and not positions.is_leaving(name):
        return Judgement(Intent.EXIT, Action.SELL, is_live=True)
    shorts = [symbol for symbol in held if symbol not in longs] if signal.closes else []
    hidden = [symbol for symbol in positions.open_entries(name, is_short=True) if symbol not in held]
    hidden = hidden if signal.closes else []
    steps = (
        *((_cover_known, symbol) for symbol in shorts),
        *((_leave_unknown, symbol) for symbol in unknown),
        *((_cover_unknown, symbol) for symbol in hidden),
    )
    leaving = [_step(leave, replace(signal, ticker=positions.spelled(name, one)), positions) for leave, one in steps]
    exits = sorted((one for one in leaving if one.is_exit), key=lambda one: one.qty == 0)  # empty ones last
    if exits:
        return exits[0]
    return _under_way(signal) if longs or steps else _nothing(signal)


def _step(
    leave: Callable[[ProposedSignal, KnownPositions], Judgement], signal: ProposedSignal, positions: KnownPositions
) -> Judgement:
    return replace(leave(signal, positions), symbol=signal.ticker)


def _cover_known(signal: ProposedSignal, positions: KnownPositions) -> Judgement:
    left = positions.left_to_exit(signal.strategy_name, signal.ticker)
    return Judgement(Intent.EXIT, Action.BUY, left, is_live=True) if left else _under_way(signal)


def _sell_more(signal: ProposedSignal, held: float, *, allow_shorts: bool) -> Judgement:
    """Judge a SELL without a long position: a short if the strategy gives its size, else nothing."""
    if signal.closes or not signal.is_sized:
        return _nothing(signal)
    if allow_shorts:
        return Judgement(Intent.ENTRY, Action.SELL)
    detail = f"holds {held:g} {signal.ticker}: a SELL would open a short, which the policy's allow_shorts forbids"
    code = ReasonCode.SHORTS_NOT_ALLOWED if held < 0 else ReasonCode.NOTHING_TO_EXIT
    return Judgement(Intent.NOTHING, Action.HOLD, reason_code=code, detail=detail)


def _nothing(signal: ProposedSignal) -> Judgement:
    what = signal.ticker or "position"
    detail = f"{signal.strategy_name} holds no {what}: there is nothing to exit"
    return Judgement(Intent.NOTHING, Action.HOLD, reason_code=ReasonCode.NOTHING_TO_EXIT, detail=detail)


def _under_way(signal: ProposedSignal) -> Judgement:
    detail = f"the exit from {signal.ticker or 'all positions'} is already under way"
    return Judgement(Intent.NOTHING, Action.HOLD, reason_code=ReasonCode.EXIT_UNDER_WAY, detail=detail)
