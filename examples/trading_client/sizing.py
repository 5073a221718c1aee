"""How many units a signal trades: an entry what its buying power pays for, an exit what its strategy still has."""

from __future__ import annotations

from collections.abc import Sequence

from .brokers import Broker
from .journal import Journal
from .models import Signal
from .positions import exit_quantity, known_quantity
from .trades import NOTHING, Stage, Trade


class Sizing:
    """
    Sizes of orders, by what broker and journal say now.

    Parameters
    ----------
    adds_to_positions : bool
        Whether a strategy that holds a symbol enters it again.
    """

    def __init__(self, broker: Broker, journal: Journal, *, adds_to_positions: bool) -> None:
        self._broker = broker
        self._journal = journal
        self._adds_to_positions = adds_to_positions

    def why_not(self, trade: Trade, signal: Signal) -> str | None:
        """Say why a signal is not worth redeeming; None if it is."""
        symbol, is_sale = trade.symbol, trade.side == "sell"
        if trade.is_exit:
            is_worth = self.quantity(trade, signal, 0.0, signal.max_qty) > NOTHING
            return None if is_worth else f"no {symbol} to {'sell' if is_sale else 'buy back'}"
        if not self._adds_to_positions and self._holds_or_enters(trade):
            return f"it holds {symbol} already, or has an order open"
        if is_sale and self.quantity(trade, signal, signal.notional or 0.0, None) <= NOTHING:
            return f"the broker lends no {symbol} to sell short, or not so small a quantity"
        return None

    def quantity(self, trade: Trade, signal: Signal, notional: float, most: float | None) -> float:
        """
        Return the units to order; 0 for nothing.

        Parameters
        ----------
        notional : float
            Buying power of an entry, USD.
        most : float or None
            The most that Maestro lets an exit trade, units; None where it does not know.
        """
        if not trade.is_exit:
            qty = notional / self._broker.last_price(trade.symbol)
            return qty if trade.side == "buy" else self._broker.shortable(trade.symbol, qty)
        own = self._left(trade.side, trade)
        return own * signal.exit_fraction if most is None else min(own, most)

    def known(self, trade: Trade, at_work: Sequence[Trade], signal: Signal | None = None) -> float:
        """
        Return the units that an exit may trade without Maestro; 0 for none.

        Those that its strategy has on record and the broker still has, and no more than a signal lets it: what no
        strategy has on record may belong to any. Exits at work hold those of their units that the broker has not free.
        """
        leaving = {one.strategy_id for one in at_work if one.symbol == trade.symbol} - {trade.strategy_id}
        owners = {name: qty for name, qty in self._journal.owners(trade.symbol).items() if name not in leaving}
        own = known_quantity(trade.side, self._broker.position(trade.symbol), trade.strategy_id, owners)
        if signal is None:
            return own
        return own * signal.exit_fraction if signal.max_qty is None else min(own, signal.max_qty)

    def _left(self, side: str, trade: Trade) -> float:
        owners = self._journal.owners(trade.symbol)
        return exit_quantity(side, self._broker.position(trade.symbol), trade.strategy_id, owners)

    def _holds_or_enters(self, trade: Trade) -> bool:
        own = self._journal.owners(trade.symbol).get(trade.strategy_id, 0.0)
        if abs(own) > NOTHING and self._left("sell" if own > 0 else "buy", trade) > NOTHING:
            return True
        entries = [one for one in self._journal.open_trades() if one.stage is Stage.SUBMITTED and not one.is_exit]
        wanted = (trade.strategy_id, trade.symbol)
        return any((one.strategy_id, one.symbol) == wanted and one.nonce != trade.nonce for one in entries)
