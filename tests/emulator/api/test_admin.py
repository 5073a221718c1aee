"""Broker and channels as the API shows them: what helps, and no secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.adapters.firestore import paths
from functions.adapters.firestore.connection_store import FirestoreConnectionStore
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.connection import BrokerConnection
from functions.domain.orchestration.broker_feed import ConnectionStatus, Feed, FeedStatus
from tests.emulator.api.conftest import Caller, Desk

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
CONNECTION = BrokerConnection(
    broker="alpaca",
    is_live=False,
    account_id="904837e3-3b76-47ec-b432-046db621571b",
    account_number="PA3ALX4NGLN0",
    status=ConnectionStatus.CONNECTED,
    connected_at=AT,
    connected_by="ann@example.com",
    tells_amendments=True,
    cursor=ActivityCursor("c1"),
    feed=Feed(slot="s", at=AT, status=FeedStatus.FAILED, detail="the keys were refused", booked=2),
    failing_since=AT,
    told=({"at": AT, "text": "a trade that was not Maestro's"},),
)
SECRET = "T000/B000/sEcReT"


def test_a_viewer_sees_how_the_broker_is_and_never_the_whole_account_number(desk: Desk) -> None:
    viewer = desk.member("viewer")
    assert viewer("GET", "broker").get_json()["status"] == "NONE"
    FirestoreConnectionStore(desk.db).write("acme", CONNECTION, None)
    answer = viewer("GET", "broker")
    shown: dict[str, Any] = answer.get_json()
    assert (shown["status"], shown["broker"], shown["is_live"], shown["account"]) == (
        "CONNECTED",
        "alpaca",
        False,
        "…GLN0",
    )
    assert (shown["feed"]["status"], shown["feed"]["detail"]) == ("FAILED", "the keys were refused")
    assert shown["told"] == [{"at": "2026-01-05T15:00:00Z", "text": "a trade that was not Maestro's"}]
    assert not {"PA3ALX4NGLN0", CONNECTION.account_id} & set(answer.get_data(as_text=True).split('"'))


def test_an_admin_sends_a_channel_a_test_once_and_sees_no_secret(desk: Desk, admin: Caller) -> None:
    ops = {"id": "ops", "type": "slack", "url": f"https://hooks.slack.com/services/{SECRET}"}
    paths.notification_channels(desk.db, "acme").set({"channels": [ops]})
    listed = admin("GET", "channels")
    assert listed.get_json()["items"][0]["host"] == "hooks.slack.com"
    assert SECRET not in listed.get_data(as_text=True)
    first, again = (admin("POST", "channels/ops/tests", headers={"Idempotency-Key": "k1"}).get_json() for _ in range(2))
    assert (first["test_id"], first["status"]) == (again["test_id"], "QUEUED")
    assert admin("GET", f"channels/ops/tests/{first['test_id']}").get_json() == again
    refused = admin("POST", "channels/other/tests", headers={"Idempotency-Key": "k1"})
    assert (refused.status_code, refused.get_json()["reason_code"]) == (404, "NOT_FOUND")
    assert admin("POST", "channels/__x__/tests").status_code == 422
