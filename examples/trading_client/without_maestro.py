"""
Exits while Maestro is out of reach: nothing can be redeemed, but a position may still have to be closed.

Without Maestro it is unknown how much an exit may trade, and whether another client trades it. So the client sends only
what is right whatever Maestro would say: an exit that it issued before and that has not expired, of units that this
client's own fills put on record as its strategy's and that the broker still has, under the signal's nonce, which the
broker takes once. It never sends an entry, and never units that may belong to another strategy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from .brokers import Broker
from .errors import Unavailable
from .journal import Journal
from .models import Signal, shown_nonce, utc_now
from .orders import BrokerError, BrokerUnavailable, OrderRejected
from .sizing import Sizing
from .trades import NOTHING, Claim, Stage, Trade

logger = logging.getLogger("trading_client")


class ExitsWithoutMaestro:
    """Sends exits and asks the broker and the client's own record only. Every step can be repeated."""

    def __init__(self, broker: Broker, journal: Journal, sizing: Sizing, now: Callable[[], datetime] = utc_now) -> None:
        self._broker = broker
        self._journal = journal
        self._sizing = sizing
        self._now = now
        self._said: set[str] = set()

    def send(self, why: Unavailable) -> list[Trade]:
        """Send the exits that are known, and return those that are at the broker now and were not before."""
        logger.warning("Maestro is out of reach (%s): no entries, and only exits that it issued before", why)
        sent: list[Trade] = []
        try:
            at_work = self.at_work()
            for signal in self._journal.known_exits():
                trade = self._sent(signal, [*at_work, *sent])
                sent += [] if trade is None else [trade]
        except BrokerUnavailable as error:
            logger.error("The broker is out of reach, too: %s", error)
        return sent

    def at_work(self) -> list[Trade]:
        """Write down what the broker says of open trades, and return the exits that it may still fill."""
        at_work = []
        for trade in self._journal.open_trades():
            if trade.stage is Stage.RELEASING:
                continue
            try:
                order = self._broker.find_order(trade.nonce)
            except BrokerUnavailable:
                raise
            except BrokerError as error:
                logger.error("%s: %s", trade.strategy_id, error)
                at_work.append(trade)
                continue
            is_over = False
            if order is not None:
                is_over = self._journal.note(trade, order).is_settled_by(order)
            may_be_there = order is not None or trade.stage is Stage.SUBMITTED
            if trade.is_exit and may_be_there and not is_over:
                at_work.append(trade)
        return at_work

    def submitted(self, trade: Trade, qty: float) -> Trade | None:
        """Send an exit's order and note what it filled; None if the broker does not take it."""
        trade = replace(trade, stage=Stage.SUBMITTED)
        self._journal.save(trade)
        try:
            order = self._broker.submit_order(trade.nonce, trade.symbol, trade.side, qty)
        except OrderRejected as error:
            logger.warning("%s: the broker rejected the order: %s", trade.strategy_id, error)
            self._journal.save(replace(trade, stage=Stage.RELEASING))  # Maestro hears of it when it is back
            return None
        what = f"{trade.side} {qty:g} {trade.symbol}, order {shown_nonce(trade.nonce)}..."
        logger.warning("%s: sent without Maestro: %s", trade.strategy_id, what)
        return self._journal.note(trade, order)

    def _sent(self, signal: Signal, at_work: Sequence[Trade]) -> Trade | None:
        trade = self._journal.trade(str(signal.nonce)) or Trade.of(signal)
        if trade.stage not in {Stage.CLAIMED, Stage.SUBMITTED}:
            return None
        try:
            if self._broker.find_order(trade.nonce) is not None:
                return None  # it went before
            why_not = self._why_not(trade, signal, at_work)
            qty = 0.0 if why_not else self._sizing.known(trade, at_work, signal)
            if why_not is None and qty <= NOTHING:
                why_not = f"no {trade.symbol} is on record as its own and at the broker"
            if why_not is not None:
                self._say(
                    f"{trade.strategy_id}: exit {shown_nonce(trade.nonce)}... is not sent without Maestro: {why_not}"
                )
                return None
            return self.submitted(trade if trade.lapses_at else replace(trade, claim=Claim.LATE), qty)
        except BrokerUnavailable:
            raise
        except BrokerError as error:
            logger.error("%s: %s", trade.strategy_id, error)
            return None

    def _why_not(self, trade: Trade, signal: Signal, at_work: Sequence[Trade]) -> str | None:
        if self._now() >= trade.expires_at:
            return f"it expired at {trade.expires_at.isoformat()}"
        if signal.intent == "FLIP":
            return "a FLIP is half an entry, and waits"
        if any(is_same_position(one, trade) and one.nonce != trade.nonce for one in at_work):
            return f"another exit of {trade.symbol} is under way"
        return None

    def _say(self, message: str) -> None:
        """Log something once, however many rounds the outage has."""
        if message not in self._said:
            self._said.add(message)
            logger.warning(message)


def is_same_position(one: Trade, other: Trade) -> bool:
    """Return whether two trades are of one strategy in one symbol."""
    return (one.strategy_id, one.symbol) == (other.strategy_id, other.symbol)
