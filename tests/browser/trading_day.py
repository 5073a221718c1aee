"""A tenant in the middle of a trading day: nine strategies in every mode, half a year of equity, a book, alerts."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.domain.broker.activities import ActivityCursor
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.broker_feed import Feed, FeedStatus
from functions.domain.orchestration.drift import DriftKind, Drifts, Subject
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.day_results import DayResult, DayResults
from functions.domain.track_record.windows import PerformanceWindows
from tests.broker_documents import CONNECTION, DIFFERENCE
from tests.browser.conftest import Dashboard

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
BUYS = {"TurtleChannel": 0.16, "OvernightDrift": 0.05, "PairsReversion": 0.2, "RsiMeanReversion": 0.2}


def live(dashboard: Dashboard) -> None:
    """Let the day happen, through the cycles that write what pages show."""
    now = datetime.now(UTC)
    db, tenant = dashboard.db, dashboard.tenant_id
    limits = {"daily_loss_limit": 0.02, "max_drawdown": 0.1, "allow_shorts": True, "max_gross_allocation": 0.8}
    paths.policy(db, tenant).set({**limits, "disabled_strategies": {"GapFade": None}})
    _write_record(db, tenant, now.date())
    book = PositionBook(opened_at=now - timedelta(days=20), opened_by="ann@example.com")
    for (strategy, symbol), (qty, price) in HELD.items():
        book = book.with_fill(strategy, symbol, float(qty), price)
    paths.positions(db, tenant).set(book.to_document(now))
    _feed(db, tenant, now, 108_726.25)
    dashboard.cycle(
        {name: {"action": "HOLD", "ticker": symbol} for name, (_, symbol, _) in STRATEGIES.items()}, 108_726.25, PRICES
    )
    _begin_earlier(db, tenant, now)
    _feed(db, tenant, now, 109_143.55)
    proposed: dict[str, Any] = {}
    for name, (_, symbol, _) in STRATEGIES.items():
        action = "BUY" if name in BUYS else "HOLD"
        proposed[name] = {"action": action, "ticker": symbol, "allocation": BUYS.get(name, 0.25), "confidence": 0.8}
        proposed[name]["reasoning"] = "as its record says"
    dashboard.cycle(proposed, equity=109_143.55, prices=PRICES)
    _raise_alerts(db, tenant, now)
    connect(db, tenant, now)


def connect(db: Client, tenant: str, now: datetime, *, is_live: bool = False) -> None:
    """Let a broker be read, which differs, and a night be done."""
    feed = Feed(slot=slot_of(now), at=now, status=FeedStatus.OK, detail="6 symbols", booked=0)
    connection = replace(
        CONNECTION,
        is_live=is_live,
        account_id="a1",
        connected_at=now - timedelta(days=20),
        cursor=ActivityCursor(""),
        feed=feed,
    )
    paths.broker(db, tenant).set(connection.to_document())
    paths.connection(db, tenant).set(connection.to_members_document())
    since = now - timedelta(minutes=64)
    lasting = replace(DIFFERENCE, broker=172.0, book=160.0, since=since, read_at=since)
    once = replace(lasting, subject=Subject.ORDERS, symbol="HD", broker=5.0, book=None, kind=DriftKind.UNKNOWN)
    paths.drift(db, tenant).set(Drifts((lasting, replace(once, is_drift=False)), {}, 7).to_document(now))
    yesterday = (now.date() - timedelta(days=1)).isoformat()
    job = {"status": "DONE", "started_at": now - timedelta(hours=16), "ended_at": now - timedelta(hours=16)}
    paths.job(db, tenant, f"day-{yesterday}").set({**job, "error": None, "days": 1, "book_differs": 0})


def _feed(db: Client, tenant: str, now: datetime, equity: float) -> None:
    held = [{"symbol": symbol, "qty": qty} for (_, symbol), (qty, _) in HELD.items()]
    held[2] = {"symbol": "KO", "qty": 172}
    paths.account(db, tenant).set({"as_of": now, "equity": equity, "buying_power": 23_751.0, "positions": held})
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
        (
            "left",
            "POSITIONS_LEFT",
            "WARNING",
            "BollingerBreakout is shadowed and holds 40 AAPL",
            "The policy keeps it.",
        ),
        ("up", "MODE_UP", "INFO", "TurtleChannel promoted to Reduced", "Ratio 1.54 on 30 active days."),
    ):
        alert = {**common, "kind": kind, "severity": severity, "title": title, "detail": detail, "opened_at": now}
        paths.alerts(db, tenant).document(name).set(alert)
