"""The most strategies a tenant can have: a cycle, redemptions, fills, a sweep, a day and a month of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SecretIds, SystemClock, jittered_pause
from functions.domain.kernel.document_size import MOST_BYTES, stored_bytes
from functions.domain.kernel.packed_texts import PACKED
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.ledger.periods import Period
from functions.domain.monitoring.notifications import Notification
from functions.domain.orchestration.decision import FITTED_BYTES
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.position_book import Holding, PositionBook
from functions.domain.orchestration.signals import ProposedSignal, read_signal
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows
from functions.domain.trading.reported_fills import ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.run_snapshot_task import RunSnapshotTask
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.ledger.take_snapshots import TakeSnapshots
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.orchestration.cycle_request import CycleRequest, CycleResult
from functions.services.orchestration.run_cycle import RunCycle
from functions.services.trading.record_fills import RecordFills
from functions.services.trading.redeem_signals import RedeemSignals
from tests.fakes import FakeClock, FakeQueue

TENANT = "acme"
SYMBOLS = [f"SYM{number}" for number in range(50)]
HELD = 10
"""Symbols that each strategy holds."""


def names_of(length: int) -> list[str]:
    return [f"Strategy{number:04d}".ljust(length, "x") for number in range(MAX_WINDOW_STRATEGIES)]


def set_up(db: Client, names: list[str], mean_return: float) -> None:
    """Write what a tenant of long standing has: full windows, an open book, prices, and an account."""
    now, rng = datetime.now(UTC), np.random.default_rng(20)
    days = tuple(date(2020, 1, 1) + timedelta(days=day) for day in range(MAX_WINDOW_DAYS))
    returns = rng.normal(mean_return, 0.01, (len(names), len(days)))
    windows = PerformanceWindows(tuple(names), days, SessionReturns.plain(returns))
    FirestoreLedgerStore(db).write_windows(TENANT, {None: windows.to_document()})
    quotes = {symbol: {"price": 100.0, "history": [100.0] * 60} for symbol in SYMBOLS}
    paths.market_data(db, TENANT).set({"as_of": now, "symbols": quotes})
    paths.account(db, TENANT).set({"equity": 1e7, "buying_power": 1e7, "as_of": now})
    paths.policy(db, TENANT).set({"SYSTEMIC_SELL_THRESHOLD": 1000, "max_gross_allocation": 10, "market": "24x7"})
    held = {
        (name, symbol): Holding(float(rng.uniform(1, 1e4)), float(rng.uniform(1, 1e3)), symbol)
        for number, name in enumerate(names)
        for symbol in np.roll(SYMBOLS, number)[:HELD].tolist()
    }
    paths.positions(db, TENANT).set(PositionBook(opened_at=now, opened_by="olga", holdings=held).to_document(now))


def cycle(db: Client, names: list[str], proposals: list[dict[str, Any]]) -> CycleResult:
    async def propose(_: CycleInputs, __: Policy) -> list[ProposedSignal]:
        return [read_signal(name, proposals[number % len(proposals)]) for number, name in enumerate(names)]

    run = RunCycle(FirestoreCycleStore(db), SystemClock(), SecretIds(), Calendars())
    result = asyncio.run(run.run(CycleRequest(tenant_id=TENANT, propose=propose)))
    assert result is not None
    assert not result.decision.input_issues
    return result


TALK = {"confidence": 0.9, "reasoning": "why " * 300, "note": "own " * 60}
BUY = {"action": "BUY", "ticker": "SYM1", "allocation": 0.0005, **TALK}
SELL = {"action": "SELL", "ticker": "SYM1", **TALK}
LEAVE = {"action": "CLOSE_ALL", **TALK}
"""From everything: the exit says how much of each symbol."""


@pytest.mark.parametrize(
    ("length", "mean_return", "proposals"),
    [(30, 0.004, [BUY, SELL, LEAVE]), (30, -0.004, [BUY, SELL]), (100, 0.004, [LEAVE])],
    ids=["active", "shadowed", "long names, everything left"],
)
def test_cycles_and_redemptions_fit_whatever_strategies_say(
    own_db: Client, length: int, mean_return: float, proposals: list[dict[str, Any]]
) -> None:
    names = names_of(length)
    set_up(own_db, names, mean_return)
    cycle(own_db, names, proposals)
    result = cycle(own_db, names, proposals)
    log = paths.orchestration_logs(own_db).document(result.decision.session_id).get().to_dict() or {}
    assert len(log["allocation_decisions"]) == len(log["signals"]) == MAX_WINDOW_STRATEGIES
    assert stored_bytes(log) < (MOST_BYTES if length > 30 else FITTED_BYTES + 1000)
    session = paths.session(own_db, TENANT, result.decision.session_id).get().to_dict() or {}
    assert PACKED in session
    assert stored_bytes(session) < MOST_BYTES / 2
    assert log["sizes"]["signals"] == stored_bytes(session)
    redeem = RedeemSignals(FirestoreTradingStore(own_db), SystemClock(), Commits(jittered_pause))
    fills = RecordFills(
        FirestoreTradingStore(own_db), FirestoreEntryLedger(own_db), SystemClock(), Commits(jittered_pause)
    )
    tradable = [one for one in result.signals.values() if one["mode"] != "SHADOW_MODE" and one["action"] != "HOLD"]
    for signal in tradable[:5]:
        redemption = redeem.redeem(TENANT, "ann", signal["nonce"], None, {})
        side = "buy" if signal["action"] == "BUY" else "sell"
        symbol = signal["ticker"] or next(iter(redemption.max_qty_by_symbol))
        fill = ReportedFill(
            strategy_id=signal["strategy_name"],
            symbol=symbol,
            side=side,
            qty=0.5,
            price=100.0,
            ts=datetime.now(UTC),
            nonce=signal["nonce"],
            order_id="o",
        )
        (recorded,) = fills.run(TENANT, "ann", [fill], {}).results
        assert recorded.reason_code is None
    book = PositionBook.from_document(paths.positions(own_db, TENANT).get().to_dict())
    assert book.is_open
    assert len(book.holdings) >= MAX_WINDOW_STRATEGIES * HELD - 5


def test_a_sweep_warns_of_every_limit_that_is_near_and_of_no_other(own_db: Client) -> None:
    names = names_of(30)
    set_up(own_db, names, 0.004)
    cycle(own_db, names, [BUY, SELL])
    told: list[Notification] = []
    sweep = CheckAlerts(FirestoreAlertStore(own_db), SystemClock(), Commits(jittered_pause), Calendars(), told.append)
    sweep.run(TENANT, {})
    near = {one.title for one in told if one.kind == "CAPACITY"}
    assert near == {
        "📏 The number of strategies: 100% of the limit",
        "📏 The number of strategies with a track record, live and on paper: 100% of the limit",
    }
    told.clear()
    sweep.run(TENANT, {})
    assert told == []


def test_a_day_and_a_month(own_db: Client) -> None:
    names = names_of(30)
    opened = datetime(2020, 3, 30, 15, tzinfo=UTC)
    for first in range(0, len(names), 400):
        batch = own_db.batch()
        for name in names[first : first + 400]:
            fill = {"uid": "ann", "strategy_id": name, "symbol": "SYM1", "side": "buy", "qty": 1.0, "price": 100.0}
            fill |= {"ts": opened, "created_at": opened}
            paper = {"timestamp": opened, "strategy_name": name, "symbol": "SYM2", "side": "buy"}
            batch.set(paths.ledger_trades(own_db, TENANT).document(name), fill)
            batch.set(paths.shadow_pnl(own_db, TENANT).document(name), paper | {"qty": 1.0, "price": 100.0})
        batch.commit()
    clock, ledger = FakeClock(datetime(2020, 4, 1, 22, tzinfo=UTC)), FirestoreLedgerStore(own_db)
    calendars = Calendars()
    take, month = TakeSnapshots(ledger, calendars, clock), ComputeMonth(ledger, calendars, clock)
    job = RunSnapshotTask(ledger, ledger, take, month, clock, lambda _: {}, FakeQueue())
    done = job.run(SnapshotTask(TENANT, Period.of_day(date(2020, 3, 31))), {})
    assert (done["status"], done["days"], done["documents"]) == ("DONE", 2, 4 * MAX_WINDOW_STRATEGIES)
    done = job.run(SnapshotTask(TENANT, Period.of_month(2020, 3)), {})
    assert (done["status"], done["documents"]) == ("DONE", 2 * MAX_WINDOW_STRATEGIES)
    state = FirestoreCycleStore(own_db).read(TENANT, None, None)
    windows = PerformanceWindows.from_document(state.windows)
    assert len(windows.strategy_names) == MAX_WINDOW_STRATEGIES
