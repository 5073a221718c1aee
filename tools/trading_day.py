"""
A tenant in the middle of a trading day, by today's clock: nine strategies in every mode, half a year of equity, a
book, alerts, a broker that differs. All of it is invented; tests of the dashboard and its pictures use it.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from google.cloud.firestore import Client

from functions import bootstrap
from functions.adapters.firestore import paths
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.connection import BrokerConnection
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.broker_feed import ConnectionStatus, Feed, FeedStatus
from functions.domain.orchestration.drift import Difference, DriftKind, Drifts, Subject
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.day_results import DayResult, DayResults
from functions.domain.track_record.windows import PerformanceWindows
from functions.domain.trading.reported_fills import ReportedFill
from functions.strategies.maestro_controller import MaestroController

Signals = dict[str, dict[str, Any]]
"""What a cycle issued, by strategy."""

SESSIONS = 90
STRATEGIES: dict[str, tuple[float, str, AgentMode]] = {
    "TwelveOneMomentum": (0.0016, "AMD", AgentMode.ACTIVE),
    "VolatilityManaged": (0.0012, "SPY", AgentMode.ACTIVE),
    "OvernightDrift": (0.0014, "QQQ", AgentMode.ACTIVE),
    "TurtleChannel": (0.0006, "MSFT", AgentMode.REDUCED),
    "PairsReversion": (0.0005, "KO", AgentMode.REDUCED),
    "BollingerBreakout": (-0.0022, "AAPL", AgentMode.SHADOW_MODE),
    "RsiMeanReversion": (-0.0006, "HD", AgentMode.SHADOW_MODE),
    "MovingAverageTrend": (-0.0011, "WMT", AgentMode.SHADOW_MODE),
    "GapFade": (0.0, "TSLA", AgentMode.DISABLED),
}
PRICES = {"AMD": 166.85, "SPY": 672.9, "QQQ": 608.3, "MSFT": 502.4, "KO": 71.1, "AAPL": 268.9, "HD": 404.2}
HELD = {
    ("TwelveOneMomentum", "AMD"): (148, 162.1),
    ("VolatilityManaged", "SPY"): (31, 668.42),
    ("PairsReversion", "KO"): (160, 70.92),
    ("TurtleChannel", "MSFT"): (22, 498.2),
    ("BollingerBreakout", "AAPL"): (40, 271.3),
    ("OvernightDrift", "QQQ"): (6, 604.1),
}
FREE = 23_751.0
"""Buying power, USD."""
BUYS = {"TurtleChannel": 0.16, "OvernightDrift": 0.05, "PairsReversion": 0.2, "RsiMeanReversion": 0.2}


def live(db: Client, tenant: str) -> Signals:
    """Let the day happen, through the cycles that write what pages show, and return what the last one issued."""
    now = datetime.now(UTC)
    limits = {"daily_loss_limit": 0.02, "max_drawdown": 0.1, "allow_shorts": True, "max_gross_allocation": 0.8}
    paths.policy(db, tenant).set({**limits, "disabled_strategies": {"GapFade": None}})
    _write_record(db, tenant, now.date())
    book = PositionBook(opened_at=now - timedelta(days=20), opened_by="ann@example.com")
    for (strategy, symbol), (qty, price) in HELD.items():
        book = book.with_fill(strategy, symbol, float(qty), price)
    paths.positions(db, tenant).set(book.to_document(now))
    _feed(db, tenant, now, 108_726.25)
    holds = {name: {"action": "HOLD", "ticker": symbol} for name, (_, symbol, _) in STRATEGIES.items()}
    cycle(db, tenant, holds, equity=108_726.25, buying_power=FREE)
    _begin_earlier(db, tenant, now)
    _feed(db, tenant, now, 109_143.55)
    proposed: dict[str, Any] = {}
    for name, (_, symbol, _) in STRATEGIES.items():
        action = "BUY" if name in BUYS else "HOLD"
        proposed[name] = {"action": action, "ticker": symbol, "allocation": BUYS.get(name, 0.25), "confidence": 0.8}
        proposed[name]["reasoning"] = "as its record says"
    signals, _ = cycle(db, tenant, proposed, equity=109_143.55, buying_power=FREE)
    _raise_alerts(db, tenant, now)
    connect(db, tenant, now)
    return signals


def cycle(
    db: Client,
    tenant: str,
    proposed: Mapping[str, Any],
    prices: Mapping[str, float] = MappingProxyType(PRICES),
    equity: float = 1e5,
    age: timedelta = timedelta(0),
    buying_power: float | None = None,
) -> tuple[Signals, Any]:
    """Run a cycle on an account snapshot of some age, and return its signals and its decision."""
    account = {"equity": equity, "as_of": datetime.now(UTC) - age}
    account["buying_power"] = equity if buying_power is None else buying_power
    controller = MaestroController(db, tenant)
    market_data = {symbol: {"price": price} for symbol, price in prices.items()}
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright has an event loop in the caller's thread
        ran = controller.orchestrate(proposed, market_data=market_data, account_snapshot=account)
        return elsewhere.submit(asyncio.run, ran).result()


def order(db: Client, tenant: str, signals: Signals) -> None:
    """Redeem two of the day's signals: one order is filled in part, one not at all."""
    defaults = bootstrap.policy_defaults()
    for name in ("TurtleChannel", "PairsReversion"):
        bootstrap.redeem_signals().redeem(tenant, "ann", signals[name]["nonce"], None, defaults)
    nonce, at = signals["TurtleChannel"]["nonce"], datetime.now(UTC)
    fill = ReportedFill(
        strategy_id="TurtleChannel", symbol="MSFT", side="buy", qty=5.0, price=502.1, ts=at, nonce=nonce
    )
    bootstrap.record_fills().run(tenant, "ann", [fill], defaults)
    paths.account(db, tenant).update({"positions": _held_by_account(MSFT=27)})


def connect(db: Client, tenant: str, now: datetime, *, is_live: bool = False) -> None:
    """Let a broker be read, which differs, and a night be done."""
    feed = Feed(slot=slot_of(now), at=now, status=FeedStatus.OK, detail="6 symbols", booked=0)
    connection = BrokerConnection(
        broker="alpaca",
        is_live=is_live,
        account_id="a1",
        account_number="PA1",
        status=ConnectionStatus.CONNECTED,
        connected_at=now - timedelta(days=20),
        connected_by="ann@example.com",
        tells_amendments=True,
        cursor=ActivityCursor(""),
        feed=feed,
    )
    paths.broker(db, tenant).set(connection.to_document())
    paths.connection(db, tenant).set(connection.to_members_document())
    since = now - timedelta(minutes=64)
    lasting = Difference(
        subject=Subject.POSITION,
        symbol="KO",
        broker=172.0,
        book=160.0,
        kind=DriftKind.MANUAL_TRADE,
        since=since,
        read_at=since,
        is_drift=True,
    )
    once = replace(lasting, subject=Subject.ORDERS, symbol="HD", broker=5.0, book=None, kind=DriftKind.UNKNOWN)
    paths.drift(db, tenant).set(Drifts((lasting, replace(once, is_drift=False)), {}, 7).to_document(now))
    yesterday = (now.date() - timedelta(days=1)).isoformat()
    job = {"status": "DONE", "started_at": now - timedelta(hours=16), "ended_at": now - timedelta(hours=16)}
    paths.job(db, tenant, f"day-{yesterday}").set({**job, "error": None, "days": 1, "book_differs": 0})


def _held_by_account(**others: float) -> list[dict[str, Any]]:
    """Return what the account holds: what strategies hold, and 12 KO that nobody does."""
    held = {symbol: float(qty) for (_, symbol), (qty, _) in HELD.items()} | {"KO": 172.0} | others
    return [{"symbol": symbol, "qty": qty} for symbol, qty in held.items()]


def _feed(db: Client, tenant: str, now: datetime, equity: float) -> None:
    held = _held_by_account()
    paths.account(db, tenant).set({"as_of": now, "equity": equity, "buying_power": FREE, "positions": held})
    symbols = {symbol: {"price": price} for symbol, price in PRICES.items()}
    paths.market_data(db, tenant).set({"as_of": now, "symbols": symbols})


def _write_record(db: Client, tenant: str, today: date) -> None:
    """Write windows and results, as a night does."""
    chance = random.Random(7)
    days = [today - timedelta(days=SESSIONS - at) for at in range(SESSIONS)]
    market = [chance.gauss(0.0002, 0.006) for _ in days]
    returns, cells, raw = [], {}, dict.fromkeys(days, 0.0)
    for name, (drift, _, mode) in STRATEGIES.items():
        first = {"OvernightDrift": SESSIONS - 3, "GapFade": SESSIONS}.get(name, 0)
        share = chance.uniform(0.1, 0.9)
        for at in range(first, SESSIONS):
            value = drift * 1.6 + share * market[at] + chance.gauss(0, 0.0045)
            returns.append((name, days[at], value))
            was = (
                AgentMode.ACTIVE if at < 40 else AgentMode.REDUCED if at < 70 and mode is not AgentMode.ACTIVE else mode
            )
            is_live = was is not AgentMode.SHADOW_MODE
            raw[days[at]] += value * 20_000
            cells[name, days[at]] = DayResult(value * 20_000 if is_live else math.nan, was)
    windows = PerformanceWindows.from_daily_returns(returns)
    paths.windows(db, tenant, None).set(windows.to_document())
    paths.results(db, tenant).set(DayResults.of_cells(cells, raw).to_document(windows))


def _begin_earlier(db: Client, tenant: str, now: datetime) -> None:
    """Give the account a past: its equity since January, a deposit, and yesterday's prices."""
    chance = random.Random(11)
    equity, benchmark = 100_000.0, 600.0
    history: list[tuple[str, float, float, float]] = []
    for at in range(220, 0, -1):
        flows = 5_000.0 if at == 80 else 0.0
        slump = -0.004 if 165 < at < 178 else 0.0
        equity = equity * (1 + chance.gauss(0.0002 + slump, 0.0028)) + flows
        benchmark *= 1 + chance.gauss(0.0005, 0.007)
        history.append(((now.date() - timedelta(days=at)).isoformat(), round(equity, 2), flows, round(benchmark, 2)))
    wanted, last = 108_726.25, history[-1][1]
    same = PRICES["SPY"] / history[-1][3]
    history = [(day, round(usd * wanted / last, 2), flows, round(spy * same, 2)) for day, usd, flows, spy in history]
    reference = paths.cockpit(db, tenant)
    stored = reference.get().to_dict() or {}
    marks = json.loads(stored["marks_json"])
    moved = {"AMD": 164.7, "SPY": 669.8, "KO": 71.36, "MSFT": 499.8, "AAPL": 269.47, "QQQ": 606.24}
    marks = {symbol: [PRICES[symbol], moved[symbol], True] for symbol in marks}
    earlier = {"history_json": json.dumps(history), "marks_json": json.dumps(marks), "cycles": 78, "proposed": 3}
    base = {"base_equity": wanted, "base_equity_as_of": now - timedelta(hours=18), "base_at": now - timedelta(hours=18)}
    reference.update({**earlier, **base, "changed": 2})


def _raise_alerts(db: Client, tenant: str, now: datetime) -> None:
    common = {"key": "k", "variant": "", "fields": {}, "members": [], "is_event": True, "occurrences": 1}
    common |= {"acknowledged_at": None, "acknowledged_by": None, "resolved_at": None, "state": "OPEN"}
    for name, kind, severity, title, detail in (
        ("books", "POSITION_BOOK", "WARNING", "KO: account 172, books 160", "12 units that no strategy holds."),
        ("up", "MODE_UP", "INFO", "TurtleChannel promoted to Reduced", "Ratio 1.54 on 30 active days."),
    ):
        alert = {**common, "kind": kind, "severity": severity, "title": title, "detail": detail, "opened_at": now}
        paths.alerts(db, tenant).document(name).set(alert)
