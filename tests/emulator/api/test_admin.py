"""Broker and channels as the API shows them: what helps, and no secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from functions.adapters.firestore import paths
from functions.adapters.firestore.connection_store import FirestoreConnectionStore
from functions.domain.orchestration.broker_feed import Feed, FeedStatus
from tests.broker_documents import CONNECTION
from tests.emulator.api.conftest import Caller, Desk

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
FAILING = replace(
    CONNECTION,
    account_id="904837e3-3b76-47ec-b432-046db621571b",
    account_number="PA3ALX4NGLN0",
    connected_at=AT,
    connected_by="ann@example.com",
    feed=Feed(slot="s", at=AT, status=FeedStatus.FAILED, detail="the keys were refused", booked=2),
    failing_since=AT,
    told=({"at": AT, "text": "a trade that was not Maestro's"},),
)
SECRET = "T000/B000/sEcReT"


def test_a_viewer_sees_how_the_broker_is_and_never_the_whole_account_number(desk: Desk) -> None:
    viewer = desk.member("viewer")
    assert viewer("GET", "broker").get_json()["status"] == "NONE"
    FirestoreConnectionStore(desk.db).write("acme", FAILING, None)
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
    assert not {"PA3ALX4NGLN0", FAILING.account_id} & set(answer.get_data(as_text=True).split('"'))
    copy = paths.connection(desk.db, "acme").get().to_dict() or {}
    assert (copy["account"], copy["feed"]["detail"]) == ("…GLN0", "the keys were refused")
    assert not {"PA3ALX4NGLN0", FAILING.account_id} & set(map(str, copy.values()))


def test_an_admin_sees_where_notifications_go_and_no_secret(desk: Desk, admin: Caller) -> None:
    ops = {"id": "ops", "type": "slack", "url": f"https://hooks.slack.com/services/{SECRET}"}
    paths.notification_channels(desk.db, "acme").set({"channels": [ops]})
    listed = admin("GET", "channels")
    assert listed.get_json()["items"][0]["host"] == "hooks.slack.com"
    assert SECRET not in listed.get_data(as_text=True)
    test_id = f"test-{'0f' * 16}"
    unknown = {"channel_id": "ops", "test_id": test_id, "status": "QUEUED", "attempts": 0, "detail": None}
    assert admin("GET", f"channels/ops/tests/{test_id}").get_json() == unknown


def test_a_test_that_cannot_be_sent_says_whether_to_try_again(desk: Desk, admin: Caller) -> None:
    ops = {"id": "ops", "type": "slack", "url": "https://hooks.slack.com/services/x"}
    paths.notification_channels(desk.db, "acme").set({"channels": [ops]})
    key = {"Idempotency-Key": "k1"}
    queue_is_away = admin("POST", "channels/ops/tests", headers=key)  # no queue runs beside these tests
    assert (queue_is_away.status_code, queue_is_away.get_json()["reason_code"]) == (503, "STORE_UNAVAILABLE")
    paths.notification_channels(desk.db, "acme").set({"channels": [ops, ops | {"id": "other"}]})
    reused = admin("POST", "channels/other/tests", headers=key)
    assert (reused.status_code, reused.get_json()["reason_code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    missing = admin("POST", "channels/none/tests", headers={"Idempotency-Key": "k2"})
    assert (missing.status_code, missing.get_json()["reason_code"]) == (404, "NOT_FOUND")
    assert admin("POST", "channels/__x__/tests").status_code == 422
