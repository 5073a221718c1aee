"""docs/scaling.md counts what happens, and multiplies right."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore_alert_store import FirestoreAlertStore
from functions.adapters.firestore_ledger_store import PAGE_SIZE
from functions.adapters.firestore_trading_store import FirestoreTradingStore
from functions.adapters.market_calendar import AlwaysOpen
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.windows import MAX_WINDOW_DAYS, MAX_WINDOW_STRATEGIES
from functions.services.check_alerts import CheckAlerts
from functions.services.enqueue_cycles import SLOT_PERIOD, slot_of
from functions.services.optimistic import Commits
from functions.services.record_fills import RecordFills, ReportedFill
from functions.services.redeem_signals import RedeemSignals
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.2, "confidence": 0.8, "reasoning": "up"}


class Bill:
    """Firestore's RPC client, counting what is charged: documents looked up, found by queries, and written."""

    def __init__(self, db: Client) -> None:
        self._db, self._api = db, db._firestore_api
        self.documents: Counter[str] = Counter()

    def __enter__(self) -> Bill:
        self._db._firestore_api_internal = self
        return self

    def __exit__(self, *_: object) -> None:
        self._db._firestore_api_internal = self._api

    @property
    def counts(self) -> tuple[int, int]:
        return self.documents["read"], self.documents["written"]

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._api, name)

        def counted(request: Any, **options: Any) -> Any:
            self.documents["read"] += len(request.get("documents", ()))
            self.documents["written"] += len(request.get("writes", ()))
            answer = call(request=request, **options)
            return self._found(answer) if name == "run_query" else answer

        return counted

    def _found(self, answers: Iterator[Any]) -> Iterator[Any]:
        found = 0
        for answer in answers:
            found += bool(answer.document.name)
            yield answer
        self.documents["read"] += max(1, found)  # a query that finds nothing is charged as one


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its own heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    _, _, *rows = re.findall(r"^\|(.+)\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def number(cell: str) -> float:
    return float(re.sub(r"[^\d.]", "", cell))


def told(event: str) -> tuple[int, int]:
    (row,) = [row for row in table("One of each") if row[0] == event]
    return int(row[1]), int(row[2])


def test_what_one_of_each_reads_and_writes(own_db: Client) -> None:
    now, defaults = datetime.now(UTC), MaestroController.policy_defaults()
    account = {"equity": 1e5, "buying_power": 1e5, "as_of": now}
    loader, controller = StrategyLoader(own_db, "acme"), MaestroController(own_db, "acme")
    commits, store = Commits(jittered_pause), FirestoreTradingStore(own_db)
    alerts = CheckAlerts(FirestoreAlertStore(own_db), SystemClock(), commits, AlwaysOpen, lambda _: 0)
    before = now - timedelta(minutes=5)
    asyncio.run(loader.orchestrate_slot(slot_of(before), before))  # the first one writes every mode
    alerts.run("acme", defaults)
    with Bill(own_db) as cycle:
        asyncio.run(loader.orchestrate_slot(slot_of(now), now))
    with Bill(own_db) as decided:
        alerts.run("acme", defaults, is_sweep=False)
    with Bill(own_db) as swept:
        alerts.run("acme", defaults)
    quotes = {"KO": {"price": 50.0}}
    signals, _ = asyncio.run(controller.orchestrate({"Trend": BUY}, market_data=quotes, account_snapshot=account))
    nonce = signals["Trend"]["nonce"]
    with Bill(own_db) as redemption:
        RedeemSignals(store, SystemClock(), commits).redeem("acme", "ann", nonce, "key", defaults)
    fill = ReportedFill(
        strategy_id="Trend", symbol="KO", side="buy", qty=1.0, price=50.0, ts=now, nonce=nonce, broker_fill_id="b1"
    )
    with Bill(own_db) as filled:
        RecordFills(store, SystemClock(), commits).run("acme", "ann", [fill])
    bills = {
        "cycle": cycle,
        "alerts, after a decision": decided,
        "alerts, swept": swept,
        "redemption": redemption,
        "fill": filled,
    }
    assert {name: bill.counts for name, bill in bills.items()} == {name: told(name) for name in bills}


def test_a_months_figures_are_products_of_the_first_table() -> None:
    *events, total = table("A tenant's month")
    for name, count, *cells in events:
        reads, writes = told(name)
        assert [number(cell) for cell in cells[:2]] == [number(count) * reads, number(count) * writes], name
        assert number(cells[2]) == number(count), "each is one invocation"
        assert number(cells[3]) in {0, number(count)}
    sums = [sum(number(row[column]) for row in events) for column in range(2, 6)]
    assert [number(cell) for cell in total[2:]] == sums


def test_the_dollars_are_the_months_figures_by_price() -> None:
    *rows, total = table("In dollars")
    (month,) = [row for row in table("A tenant's month") if row[0] == "all"]
    reads, writes, invocations, tasks = (number(cell) for cell in month[2:])
    seconds = invocations * 0.5
    amounts = {"reads": reads, "writes": writes, "invocations": invocations, "tasks": tasks}
    amounts |= {"CPU seconds": seconds, "GiB seconds": seconds * 0.5}
    for name, amount, unit, price, usd in rows:
        assert number(amount) == pytest.approx(amounts[name], abs=0.51), name
        assert number(usd) == pytest.approx(amounts[name] / number(unit) * number(price), abs=5e-5), name
    assert number(total[-1]) == pytest.approx(sum(number(row[-1]) for row in rows), abs=5e-5)


def test_the_limits_are_those_of_the_code() -> None:
    source = (ROOT / "functions/triggers/tasks.py").read_text(encoding="utf-8")
    first = re.search(r"max_concurrent_dispatches=(\d+), max_dispatches_per_second=(\d+)", source)
    assert first is not None
    at_once, a_second = int(first[1]), int(first[2])
    assert f"{at_once} at once and {a_second} a second" in PAGE
    period = int(SLOT_PERIOD.total_seconds())
    for tenants in (int(at_once / 0.5) * period, a_second * period, 500 * period):
        assert f"{tenants:,} tenants" in PAGE
    size = MAX_WINDOW_STRATEGIES * MAX_WINDOW_DAYS * 8
    assert f"{MAX_WINDOW_STRATEGIES:,} strategies of {MAX_WINDOW_DAYS} days are {size:,} bytes" in PAGE
    assert f"{PAGE_SIZE:,} fills in memory" in PAGE
