"""A day with nothing but cron and keys: the deployed functions, a broker that runs, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.firestore import Client
from typer.testing import CliRunner

from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.firestore import paths
from functions.adapters.firestore.connection_store import FirestoreConnectionStore
from functions.domain.kernel.slots import SLOT_PERIOD, slot_of
from tests.samples import name_samples
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite
from tools.maestro import app
from tools.simulated_broker.__main__ import exchange_of
from tools.simulated_broker.server import KEY_ID, SECRET, SimulatedBroker, serving

TENANT = "cron-and-keys"


@pytest.fixture
def broker() -> Iterator[SimulatedBroker]:
    with serving(exchange_of({"KO": 45.0, "PEP": 130.0, "AAPL": 70.0}, Decimal(100_000))) as one:
        yield one
    LocalKeys().delete(TENANT)


def operator(*words: str, typed: str = "") -> str:
    result = CliRunner().invoke(app, list(words), input=typed, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def decision(db: Client, at: datetime) -> dict[str, Any]:
    record = eventually(lambda: paths.cycle_record(db, TENANT, slot_of(at)).get().to_dict())
    log = paths.orchestration_logs(db).document(record["session_id"]).get().to_dict()
    assert log is not None
    return log


def test_keys_and_cron_are_enough_for_cycles_on_current_data_and_a_ledger_that_fills_itself(
    db: Client, emulators: EmulatorSuite, broker: SimulatedBroker
) -> None:
    paths.tenant(db, TENANT).set({"maestro_enabled": True, "status": "active"})
    name_samples(db, TENANT)
    paths.policy(db, TENANT).update({"market": "24x7"})
    said = operator("broker", "connect", TENANT, "--url", broker.url, typed=f"{KEY_ID}\n{SECRET}\n")
    assert "is connected to alpaca PA1 (paper); its position book is open" in said
    assert SECRET not in said + str(paths.broker(db, TENANT).get().to_dict())

    first = datetime.now(UTC)
    emulators.call_scheduled("orchestrate_tick", first)
    log = decision(db, first)
    assert log["input_issues"] == []
    market_data = paths.market_data(db, TENANT).get().to_dict() or {}
    assert {"KO", "PEP", "AAPL"} <= set(market_data["symbols"])
    assert len(market_data["symbols"]["KO"]["history"]) > 250
    assert (paths.account(db, TENANT).get().to_dict() or {})["equity"] == 100_000.0

    broker.happenings.manual_trade("KO", "buy", "10")
    second = first + SLOT_PERIOD
    emulators.call_scheduled("orchestrate_tick", second)
    assert decision(db, second)["input_issues"] == []
    (fill,) = [one.to_dict() or {} for one in paths.ledger_trades(db, TENANT).stream()]
    assert (fill["symbol"], fill["qty"], fill["strategy_id"]) == ("KO", 10.0, "unowned")
    assert (paths.account(db, TENANT).get().to_dict() or {})["ledger_version"] == 1
    assert "buy 10 KO at 45 USD" in operator("broker", "status", TENANT)

    broker.keys.clear()
    third = first + 2 * SLOT_PERIOD
    emulators.call_scheduled("orchestrate_tick", third)
    (issue,) = decision(db, third)["input_issues"]
    assert issue["reason_code"] == "BROKER_FEED"
    assert "broker connect" in issue["detail"]
    said = operator("broker", "disconnect", TENANT)
    assert "is disconnected" in said
    assert "may be missing in the ledger; connecting the account again books it" in said
    assert LocalKeys().read(TENANT) is None
    assert "cut short" not in operator("broker", "status", TENANT)

    store = FirestoreConnectionStore(db)
    connection = store.read(TENANT).value
    assert connection is not None
    store.claim(connection, TENANT)  # as if the command had been stopped before the account was let go
    assert "connecting or disconnecting was cut short" in operator("broker", "status", TENANT)
    operator("broker", "disconnect", TENANT)
    assert store.owner(connection) is None
