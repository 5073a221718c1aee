"""Signed webhooks at a real server, judged by Standard Webhooks' own library as docs/monitoring.md says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from functions.adapters.notifications import signatures
from functions.adapters.notifications.signatures import SIGNATURE_HEADER, channel_secret, is_signed
from functions.adapters.notifications.webhooks import WebhookSender
from functions.domain.monitoring.channels import Channel, ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification, Severity
from functions.services.monitoring.delivery_errors import PermanentFailure
from tests.docs.blocks import blocks, run_blocks
from tests.fakes import FakeClock
from tests.servers.notifications.test_webhooks import Target, running
from tools.prerequisites import ROOT

KEY = "the deployment's own key"
CHANGING = '["the newer key", "the deployment\'s own key"]'
SECRET = channel_secret(KEY, "acme", "ops")
TOLD = Notification(
    notification_id="a-é.1",
    tenant_id="acme",
    kind="SYSTEMIC_RISK",
    severity=Severity.CRITICAL,
    title="Systemic risk – ≥ 4",
    text="4 strategies sell",
    at=datetime(2020, 3, 16, tzinfo=UTC),
)


@pytest.fixture
def target() -> Iterator[Target]:
    with running(Target()) as server:
        yield server


def sent(
    target: Target, *, key: str = KEY, told: Notification = TOLD, channel: str = "ops", ago: timedelta = timedelta()
) -> tuple[dict[str, str], bytes]:
    """Send a notification some time ago, and return headers and body as they came."""
    to = Channel(
        channel_id=channel, type=ChannelType.WEBHOOK, target_name="url", target=f"http://127.0.0.1:{target.port}/200/x"
    )
    clock = FakeClock()
    clock.time = datetime.now(UTC) - ago
    WebhookSender(key, clock, allow_local=True).send(to, told, DeliveryMode.ON)
    _, headers, body = target.requests[-1]
    return headers, body


def test_the_documented_snippet_reads_what_is_sent(target: Target) -> None:
    headers, body = sent(target)
    snippet = [block for block in blocks(ROOT / "docs" / "monitoring.md") if "standardwebhooks" in block.code]
    names: dict[str, Any] = {"secret": SECRET, "body": body, "headers": headers}
    run_blocks(snippet, names)
    assert names["notification"] == TOLD.to_payload() | {"silent": False}


def test_a_changed_body_id_or_time_another_secret_and_an_old_attempt_are_refused(target: Target) -> None:
    headers, body = sent(target)
    as_of_another = {"webhook-id": "msg_another", "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)}
    attacks: list[tuple[str, dict[str, str], bytes]] = [
        (SECRET, headers, body.replace(b"4 strat", b"3 strat")),
        *((SECRET, headers | {name: value}, body) for name, value in as_of_another.items()),
        (channel_secret(KEY, "acme", "dev"), headers, body),
        (channel_secret(KEY, "other", "ops"), headers, body),
        (SECRET, *sent(target, ago=timedelta(minutes=6))),
        (SECRET, *sent(target, ago=timedelta(minutes=-6))),
    ]
    for secret, others, text in attacks:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(text, others)


def test_a_secret_of_before_is_the_same_key_and_its_header_is_sent_still(target: Target) -> None:
    before = signatures.key_of(SECRET).decode()
    assert before == "a9243b1b7b03bd104d1f7c1170d19e60d140d5d75e7a3788ce7a27c759713eb8"
    headers, body = sent(target)
    assert Webhook(before.encode()).verify(body, headers)["id"] == TOLD.notification_id
    now = float(headers["webhook-timestamp"])
    assert all(is_signed(spelling, headers[SIGNATURE_HEADER], body, now) for spelling in (before, SECRET))


def test_an_id_is_of_every_attempt_the_same_and_of_no_other_notification_channel_or_tenant(target: Target) -> None:
    def told(tenant_id: str = "acme", notification_id: str = "a-é.1") -> Notification:
        return Notification.from_payload(TOLD.to_payload() | {"tenant_id": tenant_id, "id": notification_id})

    first, _ = sent(target, ago=timedelta(minutes=2))
    again, body = sent(target)
    assert Webhook(SECRET).verify(body, again)
    assert int(again["webhook-timestamp"]) - int(first["webhook-timestamp"]) in range(119, 130)
    others = [sent(target, told=told("other")), sent(target, told=told("acme", "b")), sent(target, channel="dev")]
    ids = [first["webhook-id"], again["webhook-id"], *(headers["webhook-id"] for headers, _ in others)]
    assert len(set(ids)) == 4
    assert ids[0] == ids[1]
    assert "." not in "".join(ids)


def test_while_keys_change_receivers_of_either_take_it_and_no_third(target: Target) -> None:
    headers, body = sent(target, key=CHANGING)
    newer = channel_secret("the newer key", "acme", "ops")
    for secret in (newer, SECRET):
        assert Webhook(secret).verify(body, headers)
    assert is_signed(SECRET, headers[SIGNATURE_HEADER], body, float(headers["webhook-timestamp"]))
    with pytest.raises(WebhookVerificationError):
        Webhook(channel_secret(CHANGING, "acme", "ops")).verify(body, headers)


@pytest.mark.parametrize("keys", ['["a", "b"', '["a", ""]', '["a", 1]'])
def test_a_list_of_keys_that_is_none_sends_nothing_and_says_no_key(keys: str, target: Target) -> None:
    with pytest.raises(PermanentFailure, match="WEBHOOK_SIGNING_KEY begins like a JSON list") as refused:
        sent(target, key=keys)
    assert keys not in str(refused.value)
    assert target.requests == []
