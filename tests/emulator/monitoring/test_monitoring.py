"""Alerts, reports and explanations on the emulators: from a decision to what people read."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.notifications.signatures import SIGNATURE_HEADER, channel_secret, is_signed
from functions.domain.monitoring.alerts import alert_id
from functions.domain.orchestration.decision import logged_verdicts
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.reservations import CurrentSession, Overfill
from functions.strategies.maestro_controller import MaestroController
from functions.strategies.maestro_monitoring import MaestroMonitoring
from tests.emulator.api.conftest import Caller
from tests.emulator.tools.command_line import maestro
from tests.members import create_tenant, sign_in
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

BUY = {"action": "BUY", "ticker": "AAPL", "allocation": 0.2, "confidence": 0.8, "reasoning": "up"}
SELL = {"action": "SELL", "ticker": "KO", "confidence": 0.8, "reasoning": "down"}
CALM = {"Trend": BUY, "One": BUY, "Two": BUY, "Three": BUY}
PANIC = {"Trend": BUY, "One": SELL, "Two": SELL, "Three": SELL}
OFF = {"mode": "off"}
OVERFILL = Overfill("f1", "Trend", "KO", "sell", 2.5, datetime.now(UTC))
RISK = "🚨 SYSTEMIC RISK: 3 strategies signal SELL (One, Two, Three). Overrode 1 BUY signal to HOLD."


def cycle(db: Client, proposed: dict[str, Any], tenant_id: str = "acme") -> dict[str, dict[str, Any]]:
    account = {"equity": 1e5, "buying_power": 1e5, "as_of": datetime.now(UTC)}
    controller = MaestroController(db, tenant_id)
    quotes = {"AAPL": {"price": 100.0}}
    return asyncio.run(controller.orchestrate(proposed, market_data=quotes, account_snapshot=account))[0]


def alert(db: Client, key: str, tenant_id: str = "acme") -> dict[str, Any] | None:
    document: dict[str, Any] | None = paths.alerts(db, tenant_id).document(alert_id(key)).get().to_dict()
    return document


def in_state(db: Client, key: str, state: str, tenant_id: str = "acme") -> dict[str, Any]:
    return eventually(lambda: found if (found := alert(db, key, tenant_id)) and found["state"] == state else None)


@pytest.fixture
def tenant(db: Client, emulators: EmulatorSuite) -> Client:
    create_tenant(db, "acme")
    return db


@pytest.fixture
def received(tenant: Client) -> Iterator[list[dict[str, Any]]]:
    """A chat of the tenant's: a real server that remembers what it got."""
    got: list[dict[str, Any]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(json.loads(body) | {"body": body, "signature": self.headers.get(SIGNATURE_HEADER)})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/hook"
    own = {"id": "own", "type": "webhook", "url": url, "rules": [{"kinds": ["SYSTEMIC_RISK"], "mode": "on"}, OFF]}
    ops = {"id": "ops", "type": "slack", "url": url}
    paths.notification_channels(tenant, "acme").set({"channels": [ops, own]})
    yield got
    server.shutdown()


def test_a_decision_alerts_within_seconds_tells_people_once_and_resolves(
    tenant: Client, emulators: EmulatorSuite, received: list[dict[str, Any]]
) -> None:
    started = time.monotonic()
    cycle(tenant, PANIC)
    assert in_state(tenant, "systemic-risk", "OPEN")["title"] == RISK
    assert time.monotonic() - started < 30
    eventually(lambda: len(received) >= 2 or None)
    chat, signed = sorted(received, key=lambda one: one["signature"] is not None)
    assert "SYSTEMIC RISK: 3 strategies signal SELL" in chat["text"]
    assert (signed["kind"], signed["severity"], signed["silent"]) == ("SYSTEMIC_RISK", "CRITICAL", False)
    key = (ROOT / "functions" / ".secret.local").read_text(encoding="utf-8").strip().partition("=")[2]
    secret = channel_secret(key, "acme", "own")
    assert is_signed(secret, signed["signature"], signed["body"], time.time())
    assert not is_signed(secret, signed["signature"], signed["body"] + b" ", time.time())
    sweep = {"tenant_id": "acme", "job": "alerts", "label": "again"}
    for _ in range(2):
        assert emulators.deliver_task("checktenant", sweep).json()["result"] == {"status": "DONE", "changes": 0}
    cycle(tenant, PANIC)
    cycle(tenant, CALM)
    in_state(tenant, "systemic-risk", "RESOLVED")
    assert len([one for one in received if "SYSTEMIC" in one["body"].decode()]) == 2, "once to each channel"


def test_the_sweep_catches_what_the_trigger_missed_and_the_missing_cycle(
    tenant: Client, emulators: EmulatorSuite, received: list[dict[str, Any]]
) -> None:
    old = datetime.now(UTC) - timedelta(days=3)
    verdict = {"strategy_name": "Trend", "mode": "REDUCED", "previous_mode": "ACTIVE", "sharpe_ratio": 0.8}
    missed = {"tenant_id": "acme", "session_id": "s", "timestamp": old, "allocation_decisions": [verdict]}
    paths.orchestration_logs(tenant).document("s").set(missed)
    paths.policy(tenant, "acme").set({"trading_state": "HALT", "trading_state_reason": "drill"})
    paths.job(tenant, "acme", "day-2026-01-05").set({"status": "FAILED", "started_at": old, "error": "x"})
    lapsed = {"status": "RESERVED", "lapses_at": datetime.now(UTC) - timedelta(minutes=1), "nonce": "0f" * 16}
    lapsed |= {"strategy_id": "Trend", "symbol": "KO", "action": "BUY", "notional": 10.0}
    paths.redemption(tenant, "acme", "0f" * 16).set(lapsed)
    emulators.call_scheduled("check_alerts", datetime.now(UTC))
    for key in ("trading-state", "mode:Trend", "job:day", f"lapsed:{'0f' * 16}"):
        in_state(tenant, key, "OPEN")
    eventually(lambda: len(received) >= 4 or None)
    assert not any("0f" * 16 in one["body"].decode() for one in received), "no whole nonces in chats"


def test_what_a_shadowed_strategy_still_holds_and_what_was_overfilled_is_told(
    tenant: Client, emulators: EmulatorSuite
) -> None:
    now, own = datetime.now(UTC), "shadowed"
    create_tenant(tenant, own)
    verdict = {"strategy_name": "Trend", "mode": "SHADOW_MODE", "previous_mode": "SHADOW_MODE", "sharpe_ratio": 0.1}
    log = {"tenant_id": own, "session_id": "s1", "timestamp": now, "allocation_decisions": [verdict]}
    paths.orchestration_logs(tenant).document("s1").set(log)
    book = PositionBook(opened_at=now, opened_by="ann").with_fill("Trend", "KO", 10.0, 50.0)
    paths.positions(tenant, own).set(book.to_document(now))
    paths.current_session(tenant, own).set(CurrentSession().with_overfill(OVERFILL).to_fields(now))
    sweep = {"tenant_id": own, "job": "alerts", "label": "one"}
    assert emulators.deliver_task("checktenant", sweep).json()["result"]["status"] == "DONE"
    left = in_state(tenant, "positions-left:Trend", "OPEN", own)
    assert left["title"] == "📒 Trend is in SHADOW_MODE and still holds 10 KO live"
    over = in_state(tenant, "overfill:f1", "OPEN", own)
    assert over["title"] == "🚧 Trend sold 2.5 KO more than it held, or its exit allowed"

    paths.positions(tenant, own).set(book.with_fill("Trend", "KO", -10.0, 50.0).to_document(now))
    paths.current_session(tenant, own).set({"ledger_version": 2})  # as before there were over-fills
    assert emulators.deliver_task("checktenant", sweep).json()["result"]["status"] == "DONE"
    in_state(tenant, "positions-left:Trend", "RESOLVED", own)
    assert in_state(tenant, "overfill:f1", "OPEN", own) == over, "until somebody takes it on"

    paths.positions(tenant, own).set({"holdings_json": "["})
    paths.current_session(tenant, own).set({"overfills": ["one"]})
    assert emulators.deliver_task("checktenant", sweep).json()["result"] == {"status": "DONE", "changes": 0}


def test_an_alert_is_acknowledged_through_the_api(tenant: Client, emulators: EmulatorSuite) -> None:
    from functions.triggers.api.wsgi import application  # noqa: PLC0415 - it reads the emulators' environment

    own = "acknowledging"  # a check that the test before left under way may still raise alerts of its tenant
    create_tenant(tenant, own)
    trader = Caller(application(), sign_in(emulators, own, "trader"))
    viewer = Caller(application(), sign_in(emulators, own, "viewer"))
    cycle(tenant, PANIC, own)
    in_state(tenant, "systemic-risk", "OPEN", own)
    (listed,) = viewer("GET", "alerts?state=OPEN").get_json()["items"]
    assert (listed["kind"], listed["title"]) == ("SYSTEMIC_RISK", RISK)
    assert viewer("POST", f"alerts/{listed['id']}/ack").status_code == 403
    taken = trader("POST", f"alerts/{listed['id']}/ack").get_json()
    assert taken["state"] == "ACKNOWLEDGED"
    assert trader("POST", f"alerts/{listed['id']}/ack").get_json() == taken
    assert trader("POST", "alerts/unknown/ack").status_code == 404
    assert viewer("GET", "alerts?state=OPEN").get_json()["items"] == []


def test_the_guides_three_functions(tenant: Client) -> None:
    monitoring = MaestroMonitoring(tenant, "acme")
    assert asyncio.run(monitoring.get_orchestration_summary())["total_decisions"] == 0
    paths.policy(tenant, "acme").set({"disabled_strategies": ["Two"]})
    cycle(tenant, CALM)
    paths.policy(tenant, "acme").set({"insufficient_data_mode": "SHADOW_MODE"})
    cycle(tenant, {**PANIC, "Four": SELL})
    cycle(tenant, CALM, "other")
    summary = asyncio.run(monitoring.get_orchestration_summary(hours=24))
    logs = [one.to_dict() or {} for one in paths.orchestration_logs(tenant).stream()]
    mine = [one for one in logs if one["tenant_id"] == "acme"]
    modes = [verdict["mode"] for one in mine for verdict in logged_verdicts(one)]
    assert summary["total_decisions"] == len(mine) == 2
    assert summary["mode_distribution"] == {
        mode: modes.count(mode) for mode in ("ACTIVE", "REDUCED", "SHADOW_MODE", "DISABLED")
    }
    assert summary["strategies_disabled"] == ["Two"]
    assert summary["systemic_risk_events"] == sum(one["systemic_risk_detected"] for one in mine)
    alerts = asyncio.run(monitoring.check_maestro_alerts())
    assert any(line.startswith("🚨 SYSTEMIC RISK: ") for line in alerts)
    assert asyncio.run(monitoring.check_maestro_alerts()) == [], "every line once"
    report = asyncio.run(monitoring.generate_daily_maestro_report())
    for line in ("🎭 MAESTRO DAILY SUMMARY", "Total Orchestration Decisions: 2", "Strategy Mode Distribution:"):
        assert line in report.splitlines()
    with pytest.raises(ValueError, match="hours must be 1 to 168, was 0"):
        asyncio.run(monitoring.get_orchestration_summary(0))


def test_the_daily_report_is_made_at_the_tenants_own_hour_stored_and_told_once(
    tenant: Client, emulators: EmulatorSuite, received: list[dict[str, Any]]
) -> None:
    now = datetime.now(UTC)
    due = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)  # so that it covers what is decided now
    label = due.date().isoformat()
    create_tenant(tenant, "tokyo")
    paths.policy(tenant, "acme").set({"time_zone": "UTC", "report_hour": due.hour})
    paths.policy(tenant, "tokyo").set({"time_zone": "Asia/Tokyo", "report_hour": due.hour})
    day = {"uid": "ann", "strategy_id": "Trend", "period": "day", "pnl": 12.5, "return_fraction": 0.001, "book": "live"}
    for days_ago, pnl in ((3, 5.0), (2, -20.0), (1, 12.5)):
        at = (now - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        paths.strategy_performance(tenant, "acme").document(f"d{days_ago}").set({**day, "pnl": pnl, "period_start": at})
    cycle(tenant, PANIC)
    in_state(tenant, "systemic-risk", "OPEN")
    for hours in range(2):  # asked again an hour later, by the same name
        emulators.call_scheduled("daily_report", due + timedelta(hours=hours))
    report = eventually(lambda: paths.report(tenant, "acme", label).get().to_dict())
    assert (report["covers_from"], report["covers_until"]) == (due - timedelta(days=1), due)
    assert "Total Orchestration Decisions: 1" in report["text"]
    assert "| Trend | +12.50 | +0.10% |" in report["markdown"]
    assert RISK.replace("_", "\\_") in report["markdown"]
    assert report["html"].startswith("<!doctype html>")
    assert "<polyline" in report["picture"]
    assert f"to {due:%Y-%m-%d %H:%M} UTC" in report["markdown"]
    assert list(paths.tenant(tenant, "tokyo").collection("reports").stream()) == [], "its hour was nine hours ago"
    again = {"tenant_id": "acme", "job": "report", "label": label}
    assert emulators.deliver_task("checktenant", again).json()["result"]["status"] == "DONE"
    eventually(lambda: any("DAILY SUMMARY" in one["text"] for one in received) or None)
    assert sum("DAILY SUMMARY" in one["text"] for one in received) == 1


@pytest.mark.parametrize(
    "payload", [{}, {"tenant_id": "a", "job": "tea", "label": "x"}, {"tenant_id": "a", "job": "report", "label": "x"}]
)
def test_a_malformed_task_is_refused(db: Client, emulators: EmulatorSuite, payload: dict[str, str]) -> None:
    assert emulators.deliver_task("checktenant", payload).json()["result"]["status"] == "REFUSED"


def a_trader(emulators: EmulatorSuite) -> Caller:
    from functions.triggers.api.wsgi import application  # noqa: PLC0415 - it reads the emulators' environment

    return Caller(application(), sign_in(emulators, "acme", "trader"))


def explained(trader: Caller, name: str, **asked: str) -> dict[str, Any]:
    answer: dict[str, Any] = trader("GET", "explanations", query_string={"strategy_id": name, **asked}).get_json()
    return answer


def test_why_did_it_not_trade(tenant: Client, emulators: EmulatorSuite) -> None:
    trader = a_trader(emulators)
    why = partial(explained, trader)
    assert why("Trend")["reason_code"] == "NOT_FOUND"
    signals = cycle(tenant, {"Trend": BUY, "Idle": {"action": "HOLD"}, "Bad": {"action": "SHOUT"}})
    before = datetime.now(UTC).isoformat()
    assert why("Trend")["verdict"] == "Trend did not trade: its BUY AAPL was issued, and no client redeemed it."
    assert why("Idle")["verdict"] == "Idle did not trade: it proposed nothing (INSUFFICIENT_DATA)."
    assert "It gave no usable answer: action must be one of" in why("Bad")["steps"][0]
    assert why("Nobody")["detail"].startswith("Nobody is not in that decision, which has Bad, Idle, Trend")
    trader("POST", f"signals/{signals['Trend']['nonce']}/redeem")
    assert "BUY AAPL was redeemed, but has no fill" in why("Trend")["verdict"]
    fill = {"strategy_id": "Trend", "symbol": "AAPL", "side": "buy", "qty": 2, "price": 100.0, "ts": before}
    trader("POST", "fills", json={"fills": [{**fill, "nonce": signals["Trend"]["nonce"], "broker_fill_id": "b"}]})
    assert why("Trend")["verdict"] == "Trend traded: BUY AAPL was redeemed and filled."
    own = cycle(tenant, {"Own": BUY})["Own"]
    filled = {"user_id": "ann", "strategyId": "Own", "symbol": "AAPL", "side": "BUY", "quantity": 2, "price": 100.0}
    paths.ledger_trades(tenant, "acme").document("own").set(
        filled | {"session_id": own["session_id"], "timestamp": datetime.now(UTC)}
    )
    paths.ledger_trades(tenant, "acme").document("bad").set({"session_id": own["session_id"]})
    assert why("Own")["verdict"] == "Own traded: BUY AAPL was filled, and no client redeemed it."
    assert why("Own")["steps"][-1].startswith("Filled without redemption: buy 2 AAPL at 100 USD at ")
    paths.policy(tenant, "acme").set({"trading_state": "HALT"})
    cycle(tenant, {"Trend": BUY})
    held = why("Trend")
    assert held["verdict"] == "Trend did not trade: its BUY was turned into HOLD (TRADING_HALTED)."
    assert held["reason_codes"] == ["INSUFFICIENT_DATA", "TRADING_HALTED"]
    assert why("Trend", at=before)["verdict"] == "Trend traded: BUY AAPL was redeemed and filled."
    told = maestro(tenant, "why", "acme", "Trend").stdout.splitlines()
    assert told[0] == held["verdict"]
    assert [line.split(". ", maxsplit=1)[1] for line in told[2:]] == held["steps"]


def test_why_was_it_traded_without_redemption(tenant: Client, emulators: EmulatorSuite) -> None:
    trader = a_trader(emulators)

    def why(name: str, **asked: str) -> str:
        return str(explained(trader, name, **asked)["verdict"])

    def filled(fill_id: str, name: str, side: str = "buy", **fields: Any) -> None:
        own = {"uid": "ann", "strategy_id": name, "symbol": "AAPL", "side": side, "qty": 2, "price": 100.0}
        paths.ledger_trades(tenant, "acme").document(fill_id).set({**own, "ts": datetime.now(UTC), **fields})

    cycle(tenant, {"Buyer": BUY, "Odd one": BUY, "Idle": {"action": "HOLD"}, "Other": BUY})
    first = datetime.now(UTC).isoformat()
    for fill_id, name in (("a", "Buyer"), ("b", "Idle")):
        filled(fill_id, name)
    filled("c", "Odd one", "sell")
    filled("d", "Other", nonce="0" * 32)
    assert why("Buyer") == "Buyer traded: BUY AAPL was filled, and no client redeemed it."
    assert why("Other") == "Other traded: BUY AAPL was filled, and no client redeemed it."
    assert why("Idle").startswith(
        "Idle traded without Maestro: it proposed nothing (INSUFFICIENT_DATA), but buy 2 AAPL at 100 USD at "
    )
    assert why("Odd one").startswith(
        "Odd one traded without Maestro: its BUY AAPL was issued, and no client redeemed it, but sell 2 AAPL"
    )
    signals = cycle(tenant, {"Buyer": {"action": "HOLD"}, "Odd one": BUY, "Idle": BUY, "Other": BUY})
    for fill_id, name in (("e", "Buyer"), ("f", "Idle")):
        filled(fill_id, name)
    filled("g", "Other", session_id=signals["Other"]["session_id"])
    assert why("Idle") == "Idle traded: BUY AAPL was filled, and no client redeemed it."
    assert why("Idle", at=first).count("buy 2 AAPL") == 1, "the second fill is the second decision's"
    assert why("Buyer") == "Buyer did not trade: it proposed nothing (INSUFFICIENT_DATA).", "the first one asked for it"
    assert why("Buyer", at=first) == "Buyer traded: BUY AAPL was filled, and no client redeemed it."
    assert why("Other") == "Other traded: BUY AAPL was filled, and no client redeemed it."


def test_channels_are_put_whole_and_shown_without_their_secrets(tenant: Client, tmp_path: Path) -> None:
    file = tmp_path / "channels.json"
    silent = {"kinds": ["DAILY_REPORT"], "mode": "silent"}
    ops = {"id": "ops", "type": "slack", "url": "https://hooks.slack.com/services/T/B/secret", "rules": [silent]}
    file.write_text(json.dumps({"channels": [ops]}), encoding="utf-8")
    assert maestro(tenant, "channel", "put", "acme", str(file)).stdout == "tenant acme has 1 channel: ops\n"
    shown = maestro(tenant, "channel", "show", "acme").stdout
    assert "hooks.slack.com" in shown
    assert "silent: DAILY_REPORT" in shown
    assert "secret" not in shown
    file.write_text(json.dumps({"channels": [ops, {"id": "bad", "type": "pigeon"}]}), encoding="utf-8")
    refused = maestro(tenant, "channel", "put", "acme", str(file))
    assert (refused.returncode, "channels[1].type must be" in refused.stderr) == (1, True)
    assert len((paths.notification_channels(tenant, "acme").get().to_dict() or {})["channels"]) == 1
