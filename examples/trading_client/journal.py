"""
The loop's own record of its trades, written before each step that cannot be taken back.

A crash leaves the last step it began; the next round looks at the broker and continues from there.
"""

from __future__ import annotations

import secrets
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from .models import Fill, Signal, read
from .orders import Order
from .store import Row, Store
from .trades import NOTHING, Claim, Stage, Trade


class Journal:
    """Trades and what each strategy holds, in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        if store.get("client", "id") is None:
            store.write([("client", "id", {"id": secrets.token_hex(8)})])
        self._client_id = str((store.get("client", "id") or {})["id"])

    def idempotency_key(self, nonce: str) -> str:
        """Return the key to redeem a nonce under: the same after a crash, and different for another client."""
        return f"{self._client_id}-{nonce}"

    def trade(self, nonce: str) -> Trade | None:
        stored = self._store.get("trade", nonce)
        return None if stored is None else _trade(stored)

    def open_trades(self) -> list[Trade]:
        trades = (_trade(stored) for stored in self._store.all("trade").values())
        return [trade for trade in trades if trade.stage is not Stage.DONE]

    def watched_trades(self) -> list[Trade]:
        """Return trades that are done, and whose orders may still turn out to have filled something."""
        trades = (_trade(stored) for stored in self._store.all("trade").values())
        return [trade for trade in trades if trade.is_watched]

    def save(self, trade: Trade, fill: Fill | None = None) -> None:
        """Keep a trade and, in the same write, what a fill of it adds to its strategy's holding."""
        rows: list[Row] = [("trade", trade.nonce, _stored(trade))]
        if fill is not None:
            held = self.holdings().get((fill.strategy_id, fill.symbol), 0.0)
            held += fill.qty if fill.side == "buy" else -fill.qty
            holding = {"strategy_id": fill.strategy_id, "symbol": fill.symbol, "qty": held}
            key = f"{fill.strategy_id}/{fill.symbol}"
            rows.append(("holding", key, holding if abs(held) > NOTHING else None))
        self._store.write(rows)

    def note(self, trade: Trade, order: Order) -> Trade:
        """Write down what an order filled, before that is reported: reported again, it is the same fill."""
        trade, fill = trade.after(order)
        self.save(trade, fill)
        return trade

    def holdings(self) -> dict[tuple[str, str], float]:
        """Return the units that each (strategy, symbol) bought and has not sold; below 0 if it sold short."""
        stored = self._store.all("holding").values()
        return {(one["strategy_id"], one["symbol"]): float(one["qty"]) for one in stored}

    def owners(self, symbol: str) -> dict[str, float]:
        """Return the units of a symbol by strategy, below 0 short."""
        return {owner: qty for (owner, held), qty in self.holdings().items() if held == symbol}

    def know_exits(self, signals: Iterable[Signal]) -> None:
        """Keep the exits that Maestro issued last, in place of those it issued before."""
        new = {str(one.nonce): asdict(one) | {"expires_at": one.expires_at.isoformat()} for one in signals}
        old = self._store.all("known_exit")
        if new != old:
            self._store.write([("known_exit", nonce, new.get(nonce)) for nonce in {**old, **new}])

    def known_exits(self) -> list[Signal]:
        return [read(Signal, stored) for stored in self._store.all("known_exit").values()]

    def keep_refused(self, fill: Fill, reason: str) -> None:
        """Keep a fill that the ledger does not take, for an operator to look at."""
        self._store.write([("refused_fill", fill.broker_fill_id, {**_fill(fill), "reason": reason})])

    def refused_fills(self) -> list[Mapping[str, Any]]:
        return list(self._store.all("refused_fill").values())

    def forget(self, before: datetime, kept: Container[str | None]) -> None:
        """Forget trades that are done, and whose signals expired before a time and are no longer the latest."""
        trades = (_trade(stored) for stored in self._store.all("trade").values())
        over = (one for one in trades if one.stage is Stage.DONE and one.expires_at < before and not one.is_watched)
        self._store.write([("trade", one.nonce, None) for one in over if one.nonce not in kept])


def _stored(trade: Trade) -> dict[str, Any]:
    times = {name: at.isoformat() if at else None for name, at in _times(trade).items()}
    return asdict(trade) | times | {"outbox": [_fill(fill) for fill in trade.outbox]}


def _times(trade: Trade) -> dict[str, datetime | None]:
    names = ("expires_at", "lapses_at", "ended_at", "looked_at")
    return {name: getattr(trade, name) for name in names}


def _fill(fill: Fill) -> dict[str, Any]:
    return asdict(fill) | {"ts": fill.ts.isoformat()}


def _trade(stored: Mapping[str, Any]) -> Trade:
    outbox = tuple(read(Fill, fill) for fill in stored["outbox"])
    is_exit = stored.get("is_exit", stored["side"] == "sell")  # files from before 0.2 do not say
    claim = Claim(stored.get("claim", Claim.ASKED))
    stage = Stage(stored["stage"])
    return read(Trade, {**stored, "is_exit": is_exit, "stage": stage, "claim": claim, "outbox": outbox})
