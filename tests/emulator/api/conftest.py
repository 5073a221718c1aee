"""The API in this process, on the real Firestore and Auth emulators."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from google.cloud.firestore import Client
from werkzeug.test import TestResponse

from functions.strategies.maestro_controller import MaestroController
from tests.members import create_tenant, sign_in
from tools.emulator_suite import EmulatorSuite

BUYING_POWER = 100_000.0
PROPOSED = {
    "Trend": {"action": "BUY", "ticker": "AAPL", "allocation": 0.3, "confidence": 0.8, "reasoning": "up"},
    "Value": {"action": "BUY", "ticker": "MSFT", "allocation": 0.3, "confidence": 0.6, "reasoning": "cheap"},
    "Exit": {"action": "SELL", "ticker": "KO", "confidence": 0.9, "reasoning": "done"},
    "Idle": {"action": "HOLD", "reasoning": "nothing"},
}
Signals = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Caller:
    """A signed-in member, or nobody."""

    app: Flask
    token: str | None

    def __call__(self, method: str, path: str, **request: Any) -> TestResponse:
        headers = dict(request.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.app.test_client().open(f"/v1/{path}", method=method, headers=headers, **request)


@dataclass(frozen=True)
class Desk:
    """A tenant with members."""

    db: Client
    emulators: EmulatorSuite
    app: Flask
    tenant_id: str = "acme"

    def member(self, role: str = "trader") -> Caller:
        return Caller(self.app, sign_in(self.emulators, self.tenant_id, role))

    def cycle(self, proposed: Mapping[str, Any] = PROPOSED, buying_power: float = BUYING_POWER) -> Signals:
        """Run a cycle over given proposals and return its signals."""
        account = {"equity": buying_power, "buying_power": buying_power, "as_of": datetime.now(UTC)}
        controller = MaestroController(self.db, self.tenant_id)
        market_data = {"AAPL": {"price": 100.0}}
        signals, _ = asyncio.run(controller.orchestrate(proposed, market_data=market_data, account_snapshot=account))
        return signals


@pytest.fixture
def desk(db: Client, accounts: EmulatorSuite) -> Desk:
    from functions.triggers.api.wsgi import application  # noqa: PLC0415 - it reads the emulators' environment

    create_tenant(db, "acme")
    return Desk(db, accounts, application())


@pytest.fixture
def trader(desk: Desk) -> Caller:
    return desk.member("trader")


@pytest.fixture
def admin(desk: Desk) -> Caller:
    return desk.member("admin")
