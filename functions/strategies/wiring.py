"""
Builds the services that users' own programs and the deployed functions share.

What a cycle needs is imported here; the rest where it is built, so that no function's cold start loads what others use.
`functions.settings` imports firebase_functions, which a program without a database need not have.
"""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import TYPE_CHECKING, Literal

from google.cloud.firestore import Client

from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.gemini import DEADLINE_SECONDS, Gemini
from functions.adapters.market_calendar import Calendars, OneCalendar
from functions.adapters.strategy_processes.process_runner import ProcessRunner
from functions.adapters.strategy_processes.strategy_root import StrategyRoot, is_supported
from functions.adapters.strategy_threads import ThreadRunner
from functions.adapters.system import SecretIds, SystemClock
from functions.services.kernel.ports import MarketCalendar, MarketCalendars
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.outside_cycles import OutsideCycles
from functions.services.orchestration.ports import StrategyRunner
from functions.services.orchestration.run_cycle import RunCycle
from functions.strategies.base import BaseStrategy

if TYPE_CHECKING:
    from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
    from functions.services.ledger.month_performance import ComputeMonth
    from functions.services.monitoring.ports import Summariser
    from functions.services.monitoring.summarise_decision import SummariseDecision
    from functions.services.monitoring.watch_tenant import WatchTenant

logger = logging.getLogger("maestro")

STRATEGY_EVALUATOR = StrategyEvaluator()
"""One per process, as it remembers strategies that never returned."""
STRATEGY_ROOT = StrategyRoot()
"""One per process, started when strategies first run in processes of their own."""
CALENDARS: MarketCalendars = Calendars()
"""One per process, as each market's calendar is built once."""
Isolation = Literal["thread", "process"]


def thread_runner(package: str) -> ThreadRunner:
    """Return a runner of a package's strategies in threads, with instances of its own."""
    return ThreadRunner(package, BaseStrategy, STRATEGY_EVALUATOR)


def process_runner(package: str) -> StrategyRunner:
    """Return the shared, stateless runner in processes of their own, if the system supports it."""
    if is_supported():
        return _process_runner(package)
    _warn_of_threads()
    return thread_runner(package)


@cache
def _process_runner(package: str) -> ProcessRunner:
    return ProcessRunner(STRATEGY_ROOT, package)


@cache
def _warn_of_threads() -> None:
    """Log once that strategies are not isolated."""
    logger.warning("Strategies run in threads of this process: %s cannot keep them in processes", sys.platform)


def run_cycle(db: Client) -> RunCycle:
    return RunCycle(FirestoreCycleStore(db), SystemClock(), SecretIds(), CALENDARS)


def deployed_market() -> str:
    """Return the market in the settings, for tenants whose policy names none."""
    from functions.settings import read_settings

    return read_settings().market


def outside_cycles(db: Client) -> OutsideCycles:
    return OutsideCycles(FirestoreCycleStore(db), SystemClock(), SecretIds())


def summarise_decision(db: Client, summariser: Summariser) -> SummariseDecision:
    from functions.adapters.firestore.summary_store import FirestoreSummaryStore
    from functions.services.monitoring.summarise_decision import SummariseDecision

    return SummariseDecision(FirestoreSummaryStore(db), summariser)


def gemini(deadline_seconds: float = DEADLINE_SECONDS) -> Gemini | None:
    """Return the model in the settings; None without AI summaries, with a warning if that looks like a mistake."""
    from functions.settings import read_settings

    ai = read_settings().ai
    if ai is None:
        return None
    if not ai.project:
        logger.warning("AI_SUMMARIES is on, but no project is named: set FIREBASE_PROJECT_ID. Summaries stay text")
        return None
    return Gemini(ai.model, ai.project, ai.region, deadline_seconds, base_url=ai.base_url)


def inline_summaries(
    db: Client, deadline_seconds: float, summariser: Summariser | None = None
) -> SummariseDecision | None:
    """Return the summariser for waiting callers, with the given model or the settings' one; None: no AI summaries."""
    if summariser is not None:
        return summarise_decision(db, summariser)
    model = gemini(deadline_seconds)
    if model is None:
        return None
    model.load_client()
    return summarise_decision(db, model)


def compute_month(db: Client) -> ComputeMonth:
    from functions.services.ledger.month_performance import ComputeMonth

    return ComputeMonth(ledger_store(db), CALENDARS, SystemClock())


def ledger_store(db: Client) -> FirestoreLedgerStore:
    from functions.adapters.firestore.ledger_store import FirestoreLedgerStore

    return FirestoreLedgerStore(db)


def watch_tenant(db: Client, calendar: MarketCalendar | None = None) -> WatchTenant:
    """By default the calendar of the tenant's market."""
    from functions.adapters.firestore.alert_store import FirestoreAlertStore
    from functions.adapters.firestore.report_store import FirestoreReportStore
    from functions.services.monitoring.watch_tenant import WatchTenant

    calendars = CALENDARS if calendar is None else OneCalendar(calendar)
    return WatchTenant(FirestoreReportStore(db), FirestoreAlertStore(db), SystemClock(), calendars)
