"""Bring ledger and reservations up to what the broker says of an order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from .brokers import Broker
from .client import MaestroClient
from .errors import MaestroApiError, MalformedFills, NotFound, Refused, Unauthorized, Unavailable
from .journal import Journal
from .models import Fill, FillResult, shown_nonce, utc_now
from .orders import BrokerError, BrokerUnavailable, Order, OrderState
from .trades import Claim, Stage, Trade

logger = logging.getLogger("trading_client")

NOT_OURS = "NOT_YOUR_REDEMPTION"
"""Another user redeemed the signal: what it reserves is theirs to give back."""
GRACE = timedelta(seconds=60)
"""How long after a signal's end an order whose submission was not answered may still turn up."""


@contextmanager
def isolated(what: str) -> Iterator[None]:
    """Log what goes wrong with one thing alone, so that others go on; without API or broker nothing does."""
    try:
        yield
    except (Unavailable, Unauthorized, BrokerUnavailable):
        raise
    except (MaestroApiError, BrokerError) as error:
        logger.error("%s: %s", what, error)


class Settlement:
    """Follows trades to their end. Every step can be repeated."""

    def __init__(
        self, client: MaestroClient, broker: Broker, journal: Journal, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._client = client
        self._broker = broker
        self._journal = journal
        self._now = now

    def follow_all(self) -> list[Trade]:
        """Follow every open trade, and return those that have no order yet."""
        waiting = []
        for trade in self._journal.open_trades():
            with isolated(trade.strategy_id):
                if trade.stage is Stage.RELEASING:
                    self.release(trade)
                elif (order := self._broker.find_order(trade.nonce)) is None:
                    waiting.append(trade)
                else:
                    self.follow(trade, order)
        for trade in self._journal.watched_trades():
            if trade.is_due(self._now()):
                with isolated(trade.strategy_id):
                    self._look_again(trade)
        return waiting

    def _look_again(self, trade: Trade) -> None:
        """Book what an order filled after it was over."""
        order = self._broker.find_order(trade.nonce)
        self._journal.save(replace(trade, looked_at=self._now()))
        if order is not None and not trade.is_settled_by(order):
            logger.warning("%s: order %s filled after it was over", trade.strategy_id, order.order_id)
            self.follow(replace(trade, looked_at=self._now()), order)

    def follow(self, trade: Trade, order: Order) -> None:
        """Report what an order filled, and end its trade when the order has ended."""
        trade = self._report(self._claimed(self._journal.note(trade, order)))
        if trade.is_settled_by(order):
            self._end(trade, order)
        elif not trade.is_exit and trade.lapses_at is not None and self._now() >= trade.lapses_at:
            logger.warning("%s: order %s outlives its reservation: cancelling", trade.strategy_id, order.order_id)
            self._broker.cancel_order(order.order_id)

    def give_up(self, trade: Trade) -> None:
        """End a trade that has no order and will get none."""
        if trade.stage is Stage.SUBMITTED and self._now() < trade.expires_at + GRACE:
            return
        logger.warning("%s: nonce %s... was not traded in time", trade.strategy_id, shown_nonce(trade.nonce))
        self.release(trade)

    def release(self, trade: Trade) -> None:
        """Give back what a trade's reservation still holds, and end it."""
        self._journal.save(replace(trade, stage=Stage.RELEASING))  # from here on nothing is submitted
        if trade.claim is not Claim.OPERATOR:
            self._release(trade)
        self._journal.save(replace(trade, stage=Stage.DONE))

    def _release(self, trade: Trade) -> None:
        try:
            self._client.release(trade.nonce)
        except (NotFound, Refused, Unauthorized) as error:
            if isinstance(error, Unauthorized) and error.reason_code != NOT_OURS:
                raise
            logger.debug("%s: nothing to release (%s)", trade.strategy_id, error.reason_code)

    def _end(self, trade: Trade, order: Order) -> None:
        if order.state is not OrderState.FILLED:
            now = self._now()
            trade = replace(trade, ended_at=trade.ended_at or now, looked_at=trade.looked_at or now)
        if trade.is_complete:
            self._journal.save(replace(trade, stage=Stage.DONE))
            return
        logger.warning("%s: order %s is %s: releasing the rest", trade.strategy_id, order.order_id, order.state)
        self.release(trade)

    def _claimed(self, trade: Trade) -> Trade:
        """Redeem the signal of an order that went without Maestro: no other client shall, and its fills are its own."""
        if trade.claim is not Claim.LATE:
            return trade
        name, nonce = trade.strategy_id, shown_nonce(trade.nonce)
        try:
            redemption = self._client.redeem(trade.nonce, self._journal.idempotency_key(trade.nonce))
        except (Unavailable, Unauthorized):
            raise
        except MaestroApiError as error:
            logger.warning("%s: its exit %s... went without Maestro, and stays without: %s", name, nonce, error)
            trade = replace(trade, claim=Claim.ASKED)
        else:
            logger.info("%s: its exit %s... went without Maestro, and is redeemed now", name, nonce)
            trade = replace(trade, claim=Claim.ASKED, lapses_at=redemption.lapses_at)
        self._journal.save(trade)
        return trade

    def _report(self, trade: Trade) -> Trade:
        """Send fills that the ledger has not answered for."""
        if not trade.outbox:
            return trade
        fills, is_recorded = list(trade.outbox), True
        try:
            results = self._client.record_fills(fills)
        except MalformedFills as error:
            results, is_recorded = list(error.results), False
            for one in error.malformed:
                fills.remove(one.fill)
                self._keep_refused(one.fill, one.detail)
        for fill, result in zip(fills, results, strict=True):
            self._tell(fill, result)
        is_recorded = is_recorded and all(result.status != "REJECTED" for result in results)
        # Where the ledger has not heard that the order is complete, a release ends it.
        trade = replace(trade, outbox=(), is_complete=trade.is_complete and is_recorded)
        self._journal.save(trade)
        return trade

    def _tell(self, fill: Fill, result: FillResult) -> None:
        if result.status == "REJECTED":
            self._keep_refused(fill, str(result.reason_code))
            return
        level = logging.INFO if result.reason_code is None else logging.WARNING
        reason = f" ({result.reason_code})" if result.reason_code else ""
        what = f"{fill.side} {fill.qty:g} {fill.symbol} at {fill.price:g}"
        logger.log(level, "%s: fill %s: %s%s", fill.strategy_id, result.status, what, reason)

    def _keep_refused(self, fill: Fill, reason: str) -> None:
        """Keep a fill that is not in the ledger; it happened all the same, so someone has to look at it."""
        logger.error("%s: the ledger refuses fill %s: %s", fill.strategy_id, fill.broker_fill_id, reason)
        self._journal.keep_refused(fill, reason)
