"""The indexes that the code's queries need."""

from __future__ import annotations

import ast
import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from google.cloud.firestore import Client, FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import FirestoreChangedTenants
from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.policy_store import FirestorePolicyStore
from functions.adapters.firestore.record_store import FirestoreRecordStore
from functions.adapters.firestore.report_store import FirestoreReportStore
from functions.adapters.firestore.tenant_directory import FirestoreTenantDirectory
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.domain.kernel.spans import Span
from tests.docs.test_users_monitoring import watch
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

NOW = datetime(2020, 3, 16, tzinfo=UTC)


def test_every_composite_index_that_the_queries_need_is_declared(own_db: Client, firestore: EmulatorSuite) -> None:
    ledger = FirestoreEntryLedger(own_db)
    ledger.at_instant("acme", NOW)
    ledger.revisions("acme", "0000e0d5.5d3f1a2b.01")
    list(ledger.daily_documents("acme", (NOW - timedelta(days=1)).date(), NOW.date()))
    list(ledger.fills("acme", NOW - timedelta(days=1), NOW))
    list(ledger.untimed_fills("acme"))
    list(ledger.staged("acme", NOW.date()))
    FirestoreBookStore(own_db).reserved_redemptions("acme", NOW)
    FirestoreBookStore(own_db).modes("acme")
    ledger.first_fill_time("acme")
    ledger.earliest_late_fill("acme", NOW, NOW)
    ledger.checkpoint("acme", NOW)
    list(FirestoreTenantDirectory(own_db).enabled_tenants())
    FirestorePolicyStore(own_db).policy_history("acme", 5, 10)
    records = FirestoreRecordStore(own_db)
    records.decisions("acme", 10, None)
    list(records.decisions_since("acme", NOW))
    list(records.decisions_between("acme", NOW - timedelta(days=1), NOW))
    records.performance("acme", {"period": "day"}, 10, None)
    records.performance("acme", {"period": "day", "strategy_id": "Trend"}, 10, None)
    records.alerts("acme", None, 10, None)
    records.alerts("acme", "OPEN", 10, None)
    records.decision_at("acme", NOW)
    records.redemption_of("acme", "session", "Trend")
    records.fills_of("acme", "0f" * 16)
    records.fills_of_session("acme", "session")
    records.fills_between("acme", NOW, NOW + timedelta(days=1))
    records.signals_between("acme", "Trend", NOW, NOW + timedelta(days=1))
    FirestoreAlertStore(own_db).observe("acme", NOW)
    FirestoreAlertStore(own_db).next_lapse("acme", NOW)
    FirestoreChangedTenants(own_db).changed_since(NOW)
    FirestoreTenantDirectory(own_db).page(Span("a", "b"), 10)
    FirestoreReportStore(own_db).alerts_since("acme", NOW, 10)
    asyncio.run(watch(own_db))  # the migration guide's own queries
    ask_as_the_dashboard_does(own_db)
    name = f"projects/{own_db.project}"  # its own: indexUsage counts what any test asked of a project
    url = f"http://{firestore.host('firestore')}/emulator/v1/{name}:indexUsage?database={name}/databases/(default)"
    reports = requests.get(url, timeout=60).json()["reports"]
    needed = {index_key(report["index"], report["index"]["name"].split("/collectionGroups/")[1]) for report in reports}
    composite = {key for key in needed if len(key[1]) > 1}
    declared = json.loads((ROOT / "firestore.indexes.json").read_text())["indexes"]
    assert composite == {index_key(index, index["collectionGroup"]) for index in declared}, "one too few, or too many"


def ask_as_the_dashboard_does(db: Client) -> None:
    """Ask what `dashboard/src/paths.ts` asks: pages of alerts and decisions, and those after one."""
    newest = Query.DESCENDING
    for filters in ({}, {"state": "OPEN"}, {"severity": "INFO"}, {"state": "OPEN", "severity": "INFO"}):
        query: Any = paths.alerts(db, "acme")
        for name, value in filters.items():
            query = query.where(filter=FieldFilter(name, "==", value))
        page = query.order_by("opened_at", direction=newest).order_by("__name__", direction=newest)
        list(page.limit(25).stream())
        list(page.start_after([NOW, paths.alerts(db, "acme").document("a")]).limit(25).stream())
    own = paths.orchestration_logs(db).where(filter=FieldFilter("tenant_id", "==", "acme"))
    between = own.where(filter=FieldFilter("timestamp", ">=", NOW)).where(filter=FieldFilter("timestamp", "<", NOW))
    for query in (own, between):
        page = query.order_by("timestamp", direction=newest).order_by("__name__", direction=newest)
        list(page.limit(25).stream())


def test_every_query_of_the_code_is_asked_above() -> None:
    """A new query has to be added to the test before this one: it is what finds its index."""
    asked = Path(__file__).read_text(encoding="utf-8")
    for module in sorted((ROOT / "functions" / "adapters").rglob("*.py")):
        for function in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                calls = {node.func.attr for node in ast.walk(function) if is_method_call(node)}  # type: ignore[attr-defined]
                if calls & {"where", "order_by", "find_nearest"}:
                    assert f".{function.name}(" in asked, f"{module.name}: {function.name}"


def is_method_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def index_key(index: dict[str, Any], collection: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    used = [field for field in index["fields"] if field["fieldPath"] != "__name__"]
    return collection.split("/", maxsplit=1)[0], tuple((field["fieldPath"], field["order"]) for field in used)
