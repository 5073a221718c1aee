"""A tenant in which everything is stored, and ways to damage what is."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from flask import Flask
from google.cloud.firestore import Client
from werkzeug.test import TestResponse

from functions.adapters.firestore import paths
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.checkpoints import checkpoint_document
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey
from functions.domain.orchestration.given_signals import read_given
from functions.domain.orchestration.position_book import PositionBook
from functions.services.kernel.idempotency import RequestKey
from functions.strategies.maestro_controller import MaestroController
from functions.triggers.api.admission import Admission
from functions.triggers.api.app import build_app
from functions.triggers.api.dependencies import ApiServices, provide
from tests.emulator.api.conftest import Caller, Desk
from tests.members import create_tenant
from tools.emulator_suite import EmulatorSuite

Stored = dict[str, dict[str, Any]]
"""Documents by path."""
PROPOSED = {
    "Up": {"action": "BUY", "ticker": "AAPL", "allocation": 0.3, "confidence": 0.8, "reasoning": "up"},
    "Done": {"action": "BUY", "ticker": "AAPL", "allocation": 0.3, "confidence": 0.6, "reasoning": "done"},
    "Exit": {"action": "SELL", "ticker": "KO", "confidence": 0.9, "reasoning": "down"},
}
POLICY = {"signal_ttl_seconds": 3600}
SECRET = "xoxb-s3cret"
WRONG: tuple[Any, ...] = (SECRET, [{SECRET: 1}], b"\xff\xfe")


def damaged(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a document with one field missing, or wrong, for each field and way; then without any."""
    for name in document:
        yield name, "missing", {other: value for other, value in document.items() if other != name}
        for wrong in WRONG:
            yield name, repr(wrong)[:12], {**document, name: wrong}
    yield "", "empty", {}


@dataclass(frozen=True)
class World:
    """Everything stored, and an admin who asks for it."""

    desk: Desk
    caller: Caller
    stored: Stored
    words: Mapping[str, str]

    def paths_of(self, kind: str) -> list[str]:
        """Return the paths of all documents of a kind, as `tenants/acme/alerts/{id}`."""
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", kind))
        found = [path for path in self.stored if pattern.fullmatch(path)]
        assert found, f"nothing is stored at {kind}"
        return found

    def damage(self, path: str, document: Mapping[str, Any], *, is_changed: bool) -> None:
        """Damage one document; where a request may have changed others, store those again as they were."""
        if is_changed:
            restore(self.desk, self.stored)
        self.desk.db.document(path).set(dict(document))


def a_world(accounts: EmulatorSuite) -> World:
    from functions.triggers.api.wsgi import application as deployed  # noqa: PLC0415 - it reads the emulators' environment

    accounts.clear()
    desk = Desk(accounts.client(), accounts, deployed())
    create_tenant(desk.db, "acme")
    caller = Caller(application(desk), desk.member("admin").token)
    return World(desk, caller, *everything(desk, caller))


def everything(desk: Desk, admin: Caller) -> tuple[Stored, dict[str, str]]:
    """Let a tenant trade a day; return all that is stored, and the words that paths and requests name."""
    db, now = desk.db, datetime.now(UTC)
    opened = PositionBook(opened_at=now, opened_by="ann").with_fill("Exit", "KO", 10.0, 50.0)
    paths.positions(db, "acme").set(opened.to_document(now))
    quotes = {"KO": {"price": 50.0, "history": [49.0, 50.0]}, "AAPL": {"price": 100.0, "history": [99.0, 100.0]}}
    ok(admin("PUT", "market-data", json={"as_of": now.isoformat(), "symbols": quotes}))
    ok(admin("PUT", "account", json={"as_of": now.isoformat(), "equity": 1e5, "buying_power": 1e5, "positions": []}))
    ok(admin("PUT", "policy", json=POLICY, headers={"If-Match": '"0"', "Idempotency-Key": "policy"}))
    switch = {"state": "RUN", "reason": "as ever"}
    ok(admin("PUT", "trading-state", json=switch, headers={"Idempotency-Key": "switch"}))
    ran = ok(admin("POST", "orchestrations", headers={"Idempotency-Key": "cycle"})).get_json()
    signals = ran["signals"]
    words = {name: signals[strategy]["nonce"] for name, strategy in (("entry", "Up"), ("exit", "Exit"))}
    words |= {"redeemed": signals["Done"]["nonce"], "session_id": ran["decision"]["session_id"]}
    ok(admin("POST", f"signals/{words['redeemed']}/redeem", headers={"Idempotency-Key": "redeem"}))
    ok(admin("POST", "fills", json=fill_of(words["redeemed"])))
    paths.alerts(db, "acme").document("a").set(
        {"kind": "INPUTS", "severity": "WARNING", "state": "OPEN", "opened_at": now, "key": "inputs", "title": "t"}
        | {"detail": "d", "fields": {}, "is_event": False, "variant": "", "occurrences": 1}
        | {"acknowledged_at": None, "acknowledged_by": None, "resolved_at": None}
    )
    paths.report(db, "acme", "2020-03-16").set({"text": "a day", "made_at": now})
    start = datetime(2020, 3, 16, tzinfo=UTC)
    paths.strategy_performance(db, "acme").document("ann__Done__2020-03-16").set(
        {"strategy_id": "Done", "uid": "ann", "book": "live", "period": "day", "period_start": start, "fills": 1}
        | {"period_end": start + timedelta(days=1), "pnl": 1.0, "capital_base": 100.0, "unrealized_pnl": 0.0}
        | {"return_fraction": 0.01, "mode": "ACTIVE"}
    )
    lots = {BookKey("ann", "Done", "KO"): Lots(np.array([2.0]), np.array([50.0]), np.array([0.0]))}
    books = checkpoint_document(Checkpoint(start, lots, {"KO": 50.0}))
    paths.checkpoints(db, "acme").document("2020-03-16").set(books)
    paths.market_regime(db).set({"mood": "calm"})
    return snapshot(db), words


def fill_of(nonce: str) -> dict[str, Any]:
    fill = {"strategy_id": "Done", "symbol": "AAPL", "side": "buy", "qty": 1, "price": 100.0, "nonce": nonce}
    return {"fills": [{**fill, "ts": datetime.now(UTC).isoformat(), "broker_fill_id": "b1"}]}


def application(desk: Desk) -> Flask:
    """Return the application with cycles that decide over `PROPOSED`, whatever strategies there are."""

    async def propose(*_: Any) -> Any:
        return read_given(PROPOSED, ())

    def orchestrate(tenant_id: str, key: RequestKey) -> None:
        asyncio.run(MaestroController(desk.db, tenant_id).run(propose, key=key))

    app = build_app(admission=Admission(per_minute=10**9, rationed_per_minute=10**9))
    services: ApiServices = desk.app.extensions["maestro"]
    provide(app, dataclasses.replace(services, orchestrate=orchestrate))
    return app


def snapshot(db: Client) -> Stored:
    """Return every document there is, by path."""
    found: Stored = {}
    waiting = list(db.collections())
    while waiting:
        for reference in waiting.pop().list_documents():
            waiting += reference.collections()
            document = reference.get().to_dict()
            if document is not None:
                found[reference.path] = document
    return found


def restore(desk: Desk, stored: Stored) -> None:
    """Store all documents as they were, and nothing else."""
    desk.emulators.clear()
    batch = desk.db.batch()
    for path, document in stored.items():
        batch.set(desk.db.document(path), dict(document))
    batch.commit()


def ok(answer: TestResponse) -> TestResponse:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer
