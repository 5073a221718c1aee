"""The trading loop of the migration guide: take the latest signals, trade what may be traded, report the fills."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from .brokers import Broker
from .client import MaestroClient
from .errors import MaestroApiError, NotFound, OutOfReach, Unauthorized, Unavailable
from .journal import Journal
from .models import Redemption, Signal, Signals, shown_nonce, utc_now
from .orders import Order, OrderRejected
from .positions import attributed
from .settlement import GRACE, Settlement, isolated
from .sizing import Sizing
from .trades import NOTHING, Claim, Stage, Trade
from .without_maestro import ExitsWithoutMaestro

logger = logging.getLogger("trading_client")

WITHDRAWN = "ENTRY_WITHDRAWN"
NO_EXIT_LEFT = frozenset({"NOTHING_TO_EXIT", "EXIT_UNDER_WAY"})
"""Refusals that need no attention: what the signal wanted has happened, or is about to."""
TRADING_MODES = frozenset({"ACTIVE", "REDUCED"})


class TradingLoop:
    """
    Trades one tenant's signals through one broker.

    A signal is redeemed, then ordered under its nonce as client_order_id, then its fills are reported. Wherever a
    crash cuts that short, the next round asks the broker for an order of that nonce first, so nothing is traded twice.

    Parameters
    ----------
    journal : Journal
        Give it a store with a path, so that a client that starts again knows what it began.
    adds_to_positions : bool
        Whether a strategy that holds a symbol enters it again when it says so; Maestro's own paper book does not.
    exits_without_maestro : bool
        Whether exits that Maestro issued are sent while it is out of reach; see `ExitsWithoutMaestro`.
    """

    def __init__(
        self,
        client: MaestroClient,
        broker: Broker,
        journal: Journal,
        *,
        adds_to_positions: bool = False,
        exits_without_maestro: bool = True,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = client
        self._broker = broker
        self._journal = journal
        self._now = now
        self._settlement = Settlement(client, broker, journal, now)
        self._sizing = Sizing(broker, journal, adds_to_positions=adds_to_positions)
        self._without = ExitsWithoutMaestro(broker, journal, self._sizing, now)
        self._exits_without_maestro = exits_without_maestro
        self._said: set[tuple[str, str]] = set()

    def run_once(self, cycle: Callable[[], None] | None = None) -> None:
        """
        Do one round.

        Parameters
        ----------
        cycle : callable, optional
            Asks Maestro for a cycle. It is called once Maestro knows what the account has now, to decide on that.

        Raises
        ------
        OutOfReach
            Maestro is out of reach, and the round ended there; it says which exits were sent without it.
        Unavailable, Unauthorized, BrokerUnavailable
            The round ended early; the next one continues from there.
        """
        with self.exits_if_out_of_reach():
            self._round(cycle)

    @contextmanager
    def exits_if_out_of_reach(self) -> Iterator[None]:
        """Send the exits that are known if the block finds Maestro out of reach. Raises OutOfReach then."""
        try:
            yield
        except OutOfReach:
            raise
        except Unavailable as error:
            if not (self._exits_without_maestro and error.is_out_of_reach):
                raise
            raise OutOfReach(error, self._without.send(error)) from error

    def _round(self, cycle: Callable[[], None] | None) -> None:
        waiting = self._settlement.follow_all()
        latest = self._latest_signals()
        if cycle is not None:
            with isolated("account snapshot"):
                self._publish_account(latest)
            with isolated("cycle"):
                cycle()
            latest = self._latest_signals()
        signals = [] if latest is None else list(latest.signals.values())
        traded = [one for one in sorted(signals, key=lambda one: not one.is_exit) if self._may_trade(one)]
        self._journal.know_exits(one for one in traded if one.is_exit)
        if cycle is None:
            with isolated("account snapshot"):
                self._publish_account(latest)
        for signal in traded:  # exits first: they free buying power
            with isolated(signal.strategy_name):
                self._trade(signal, waiting)
        current = {signal.nonce for signal in signals}
        for trade in waiting:
            if trade.nonce not in current:
                with isolated(trade.strategy_id):
                    self._settlement.give_up(trade)
        self._journal.forget(self._now() - GRACE, current)

    def _publish_account(self, latest: Signals | None) -> None:
        """Send the account as the broker reports it now, with the ledger version that it certainly includes."""
        account = self._broker.account()
        positions = attributed(account.positions, self._journal.holdings())
        self._client.put_account(
            account.as_of,
            equity=account.equity,
            buying_power=account.buying_power,
            cash=account.cash,
            positions=positions,
            ledger_version=None if latest is None else latest.ledger_version,
        )

    def _latest_signals(self) -> Signals | None:
        try:
            return self._client.latest_signals()
        except NotFound as error:
            if error.reason_code != "NOT_FOUND":  # the server that answered is not the API
                raise
            logger.info("No cycle has run yet")
            return None

    def _may_trade(self, signal: Signal) -> bool:
        """Return whether a signal is to be traded, and log what Maestro did to it."""
        name, allocation, original = signal.strategy_name, signal.allocation, signal.original_allocation
        if signal.mode == "SHADOW_MODE":
            self._say(signal, logging.INFO, f"📝 {name}: SHADOW MODE - Paper trading only")
            return False
        if signal.mode not in TRADING_MODES:
            self._say(signal, logging.INFO, f"🚫 {name}: {signal.mode} - Skipping")
            return False
        if signal.override_reason is not None:
            change = f"{signal.original_action or '?'} → {signal.action}"
            self._say(signal, logging.WARNING, f"🚨 {name} overridden by Maestro: {change}")
            self._say(signal, logging.WARNING, f"   Reason: {signal.override_reason}")
        elif signal.is_entry and allocation < original:
            change = f"{original:.1%} → {allocation:.1%}"
            self._say(signal, logging.INFO, f"⚠️ {name} allocation reduced by Maestro: {change}")
        if signal.action not in {"BUY", "SELL"} or not signal.is_of_something:
            return False
        if not (signal.is_entry or signal.is_exit):
            self._say(signal, logging.WARNING, f"{name}: not traded: its intent {signal.intent} is not known here")
            return False
        if not (signal.nonce and signal.ticker):
            reason = f"a {signal.action} without nonce or symbol cannot be redeemed"
            self._say(signal, logging.WARNING, f"{name}: not traded: {reason}, nonce={shown_nonce(signal.nonce)}")
            return False
        return True

    def _say(self, signal: Signal, level: int, message: str) -> None:
        """Log something about a signal, once in its session however many rounds that has."""
        key = (signal.session_id, f"{signal.strategy_name}{message}")
        if key not in self._said:
            self._said = {one for one in self._said if one[0] == signal.session_id} | {key}
            logger.log(level, message)

    def _trade(self, signal: Signal, waiting: Sequence[Trade]) -> None:
        trade = self._journal.trade(str(signal.nonce))
        if trade is not None and trade not in waiting:
            return  # it is over, or was followed in this round already
        trade = trade or Trade.of(signal)
        order = self._broker.find_order(trade.nonce) or self._ordered(trade, signal)
        if order is not None:
            self._settlement.follow(self._journal.trade(trade.nonce) or trade, order)

    def _ordered(self, trade: Trade, signal: Signal) -> Order | None:
        """Redeem a signal and submit its order; None if it is not to be traded."""
        why_not = self._sizing.why_not(trade, signal)
        if why_not is not None:
            self._say(signal, logging.INFO, f"{trade.strategy_id}: not traded: {why_not}")
            return None
        if not trade.is_exit:
            self._broker.last_price(trade.symbol)  # without one nothing is reserved
        self._journal.save(trade)
        redemption = self._redeemed(trade)
        if redemption is None:
            return None
        if self._now() >= trade.expires_at:
            logger.warning("%s: expired at %s before it could be traded", trade.strategy_id, trade.expires_at)
            self._settlement.release(trade)
            return None
        qty = self._sizing.quantity(trade, signal, redemption.notional, redemption.max_qty)
        if qty <= NOTHING:
            logger.info("%s: not traded: nothing of %s is left to %s", trade.strategy_id, trade.symbol, trade.side)
            self._settlement.release(trade)
            return None
        logger.info(f"Executing trade with identity: agent={signal.agent_id}, nonce={shown_nonce(signal.nonce)}...")
        trade = replace(trade, stage=Stage.SUBMITTED, claim=Claim.ASKED, lapses_at=redemption.lapses_at)
        self._journal.save(trade)
        try:
            return self._broker.submit_order(trade.nonce, trade.symbol, trade.side, qty)
        except OrderRejected as error:
            logger.warning("%s: the broker rejected the order: %s", trade.strategy_id, error)
            self._settlement.release(trade)
            return None

    def _redeemed(self, trade: Trade) -> Redemption | None:
        """Redeem a trade's signal; None if Maestro says not to trade it. Raises Unavailable: ask again."""
        try:
            return self._client.redeem(trade.nonce, self._journal.idempotency_key(trade.nonce))
        except (Unavailable, Unauthorized):
            raise
        except MaestroApiError as error:
            level = logging.INFO if error.reason_code in NO_EXIT_LEFT else logging.WARNING
            logger.log(level, "%s: not traded: %s", trade.strategy_id, error)
            if error.reason_code == WITHDRAWN and self._broker.find_order(trade.nonce) is None:
                self._settlement.release(trade)  # it was redeemed; the answer was lost, and it is too late now
                return None
            if trade.stage is Stage.SUBMITTED:  # without Maestro: its order may still turn up
                self._settlement.give_up(trade)
                return None
            self._journal.save(replace(trade, stage=Stage.DONE))
            return None
