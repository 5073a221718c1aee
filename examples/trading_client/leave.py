"""An operator's way out while Maestro is out of reach: leave what this client knows that its strategies hold."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Container
from datetime import datetime, timedelta

from .brokers import Broker
from .journal import Journal
from .models import utc_now
from .sizing import Sizing
from .trades import NOTHING, Claim, Stage, Trade
from .without_maestro import ExitsWithoutMaestro, is_same_position

logger = logging.getLogger("trading_client")

_LIFE = timedelta(minutes=5)
"""How long an order whose submission was not answered is waited for, about as for a signal's."""


def leave_known(
    broker: Broker,
    journal: Journal,
    strategies: Container[str] = (),
    *,
    is_sent: bool,
    now: Callable[[], datetime] = utc_now,
) -> list[Trade]:
    """
    Show or send an exit of every position that is on record as a strategy's own and that the broker still has.

    The fills stay on record and are reported, as fills without a redemption, by the loop's next round. Sent again,
    nothing is sold twice: what an order may still fill is not on sale.

    Parameters
    ----------
    strategies : container of str
        Only theirs; by default those of all strategies.
    is_sent : bool
        Whether the orders are sent.

    Raises
    ------
    BrokerError
        What was sent before stays on record; go on by calling it again.
    """
    sizing = Sizing(broker, journal, adds_to_positions=False)
    exits = ExitsWithoutMaestro(broker, journal, sizing, now)
    at_work = exits.at_work()
    sent: list[Trade] = []
    for (strategy_id, symbol), held in journal.holdings().items():
        if strategies and strategy_id not in strategies:
            continue
        trade = _trade(strategy_id, symbol, held, now())
        others = [one for one in at_work if is_same_position(one, trade)]
        lost = [one for one in others if one.claim is Claim.OPERATOR and broker.find_order(one.nonce) is None]
        trade = lost[0] if lost else trade  # the same order again, should its submission have been cut short
        if len(others) > len(lost):
            logger.warning("%s: no exit: another exit of %s is under way", strategy_id, symbol)
            continue
        qty = sizing.known(trade, [*at_work, *sent])
        if qty <= NOTHING:
            logger.warning("%s: no exit: %g %s on record, none of it free at the broker", strategy_id, held, symbol)
        elif not is_sent:
            logger.info("%s: would %s %g %s", strategy_id, trade.side, qty, symbol)
        elif (done := exits.submitted(trade, qty)) is not None:
            sent.append(done)
    if not is_sent:
        logger.info("Nothing was sent: add --send")
    return sent


def _trade(strategy_id: str, symbol: str, held: float, now: datetime) -> Trade:
    return Trade(
        nonce=f"leave-{secrets.token_hex(8)}",
        strategy_id=strategy_id,
        symbol=symbol,
        side="sell" if held > 0 else "buy",
        is_exit=True,
        expires_at=now + _LIFE,
        stage=Stage.CLAIMED,
        claim=Claim.OPERATOR,
    )
