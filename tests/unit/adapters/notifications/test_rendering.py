"""How notifications read in each type of channel, and what cannot ping anybody."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.notifications.rendering import rendered
from functions.domain.monitoring.channels import ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification
from tests.unit.domain.monitoring.test_notifications import ON, SILENT, notification

PINGS = ["<!channel>", "<!here|x>", "<!subteam^S1>", "<@U123>", "<@&42>", "@everyone", "@here", "@channel", "@all"]


@pytest.mark.parametrize("ping", PINGS)
@pytest.mark.parametrize("mode", [ON, SILENT])
def test_what_a_strategy_wrote_pings_nobody(ping: str, mode: DeliveryMode) -> None:
    told = notification(title=ping, text=f"a {ping} b", fields={ping: ping}, kind=ping)
    slack, discord = rendered(ChannelType.SLACK, told, mode), rendered(ChannelType.DISCORD, told, mode)
    assert ping not in slack["text"]
    assert not {"<", ">"} & set(slack["text"])  # Discord has no pings without an @
    assert discord["allowed_mentions"] == {"parse": []}
    for text in (slack["text"], discord["content"]):
        assert all(follower == "\u200b" for at, follower in itertools.pairwise(text) if at == "@")


def test_slack_is_escaped_once() -> None:
    text = rendered(ChannelType.SLACK, notification(text="P&L <5% &amp;", fields={}), ON)["text"]
    assert text == "[CRITICAL] acme: Systemic risk\nP&amp;L &lt;5% &amp;amp;"


def test_each_channel_gets_its_own_form() -> None:
    text = "[CRITICAL] acme: Systemic risk\n4 strategies sell\nstrategies: Trend, Turtle"
    told = notification()
    data = {"id": "a1", "tenant_id": "acme", "kind": "SYSTEMIC_RISK", "severity": "CRITICAL", "title": "Systemic risk"}
    data |= {"text": "4 strategies sell", "at": "2020-03-16T14:00:00+00:00"}
    shown = {"title": "[CRITICAL] Systemic risk", "body": "4 strategies sell"}
    generic = data | {"fields": {"strategies": "Trend, Turtle"}}
    discord = {"content": text, "allowed_mentions": {"parse": []}}
    assert {mode: {kind: rendered(kind, told, mode) for kind in ChannelType} for mode in (ON, SILENT)} == {
        ON: {
            ChannelType.SLACK: {"text": text},
            ChannelType.DISCORD: discord,
            ChannelType.WEBHOOK: generic | {"silent": False},
            ChannelType.FCM: {"data": data, "notification": shown},
        },
        SILENT: {
            ChannelType.SLACK: {"text": text},
            ChannelType.DISCORD: discord | {"flags": 4096},
            ChannelType.WEBHOOK: generic | {"silent": True},
            ChannelType.FCM: {"data": data},
        },
    }


def test_a_link_is_the_last_line_of_a_text_however_long_it_is_and_a_field_of_what_programs_read() -> None:
    url = "https://acme.web.app/strategies/A%20%26%20B?x=1&y=2"
    told = notification(text="long " * 3_000, link=url)
    sent = {kind: rendered(kind, told, ON) for kind in ChannelType}
    assert sent[ChannelType.SLACK]["text"].endswith("\n" + url.replace("&", "&amp;"))
    assert sent[ChannelType.DISCORD]["content"].endswith("\n" + url)
    assert len(sent[ChannelType.DISCORD]["content"]) <= 2_000
    assert (sent[ChannelType.WEBHOOK]["link"], sent[ChannelType.FCM]["data"]["link"]) == (url, url)
    assert Notification.from_payload(told.to_payload()) == told


@given(st.text(alphabet=st.sampled_from("a@<&>é𝄞\ud800\n"), max_size=40), st.integers(1, 3_000))
def test_any_text_fits_and_is_json(piece: str, times: int) -> None:
    text = piece * times
    told = notification(title=text, text=text, kind=text, fields={f"{n}{text}": text for n in range(100)})
    assert len(rendered(ChannelType.DISCORD, told, ON)["content"].encode("utf-16-le")) <= 2 * 2_000
    assert len(rendered(ChannelType.SLACK, told, ON)["text"]) <= 40_000
    assert len(json.dumps(rendered(ChannelType.FCM, told, ON), ensure_ascii=False).encode()) <= 4_096
    assert len(json.dumps(told.to_payload(), ensure_ascii=False).encode()) <= 100_000
    assert Notification.from_payload(json.loads(json.dumps(told.to_payload()))) == told
