"""The services that a user's own program runs as well as the deployed functions, built here for both."""

from __future__ import annotations

from google.cloud.firestore import Client

from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.report_store import FirestoreReportStore
from functions.adapters.firestore.summary_store import FirestoreSummaryStore
from functions.adapters.market_calendar import ExchangeCalendar
from functions.adapters.system import SecretIds, SystemClock
from functions.services.kernel.ports import MarketCalendar
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.monitoring.ports import Summariser
from functions.services.monitoring.summarise_decision import SummariseDecision
from functions.services.monitoring.watch_tenant import WatchTenant
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.outside_cycles import OutsideCycles
from functions.services.orchestration.run_cycle import RunCycle

STRATEGY_EVALUATOR = StrategyEvaluator()
"""One per process: it remembers strategies that never returned."""


def run_cycle(db: Client) -> RunCycle:
    return RunCycle(FirestoreCycleStore(db), SystemClock(), SecretIds())


def outside_cycles(db: Client) -> OutsideCycles:
    return OutsideCycles(FirestoreCycleStore(db), SystemClock(), SecretIds())


def summarise_decision(db: Client, summariser: Summariser) -> SummariseDecision:
    return SummariseDecision(FirestoreSummaryStore(db), summariser)


def compute_month(db: Client) -> ComputeMonth:
    return ComputeMonth(ledger_store(db), SystemClock())


def ledger_store(db: Client) -> FirestoreLedgerStore:
    return FirestoreLedgerStore(db)


def watch_tenant(db: Client, calendar: MarketCalendar | None = None) -> WatchTenant:
    """Without a calendar, New York's."""
    market = calendar or ExchangeCalendar("XNYS")
    return WatchTenant(FirestoreReportStore(db), FirestoreAlertStore(db), SystemClock(), lambda: market)
