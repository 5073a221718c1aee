"""Notifications: what a tenant's document may say, which rule decides, and that nobody is pinged by a strategy."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.domain.kernel.errors import InputError
from functions.domain.monitoring.channels import Channel, DeliveryMode, read_channels
from functions.domain.monitoring.notifications import Notification, Severity

SECRET = "T000/B000/sEcReT-of-the-channel"
URL = f"https://hooks.slack.com/services/{SECRET}"
ON, SILENT, OFF = DeliveryMode.ON, DeliveryMode.SILENT, DeliveryMode.OFF


def notification(**changes: Any) -> Notification:
    fields: dict[str, Any] = {
        "notification_id": "a1",
        "tenant_id": "acme",
        "kind": "SYSTEMIC_RISK",
        "severity": Severity.CRITICAL,
        "title": "Systemic risk",
        "text": "4 strategies sell",
        "at": datetime(2020, 3, 16, 14, 0, tzinfo=UTC),
        "fields": {"strategies": "Trend, Turtle"},
    }
    return Notification(**fields | changes)


def channel(**changes: Any) -> dict[str, Any]:
    return {"id": "ops", "type": "slack", "url": URL} | changes


def one(document: dict[str, Any]) -> Channel:
    channels = read_channels({"channels": [document]})
    assert channels.problems == {}
    return channels.usable[document["id"]]


RULES: list[tuple[list[dict[str, Any]], DeliveryMode]] = [
    ([], ON),
    ([{"mode": "silent"}], SILENT),
    ([{"kinds": ["SYSTEMIC_RISK"], "mode": "off"}], OFF),
    ([{"kinds": ["DAILY_REPORT"], "mode": "off"}], ON),
    ([{"kinds": [], "mode": "off"}], ON),
    ([{"severities": ["CRITICAL", "WARNING"], "mode": "silent"}], SILENT),
    ([{"severities": ["INFO"], "mode": "silent"}], ON),
    ([{"kinds": ["SYSTEMIC_RISK"], "severities": ["INFO"], "mode": "off"}], ON),
    ([{"severities": ["CRITICAL"], "mode": "on"}, {"mode": "off"}], ON),
    ([{"severities": ["INFO"], "mode": "on"}, {"mode": "off"}], OFF),
]


MALFORMED_URLS = (
    "https://xn--/",
    "https://xn--a.example/",
    "https://a.xn--zz\x7f.example/",
    "https://hooks.example:99999/",
    "https://hooks.example:-1/",
    "https://hooks.example:port/",
    "https://hooks.example: 443/",
    "https://@hooks.example/",
    "https://user@hooks.example/",
    "https://:pass@hooks.example/",
    "https://[::1",
    "https://::1/",
    "https://[]/",
    "https://[::1%25eth0]/",
    "https://[v1.x]/",
    "https://[1.2.3.4]/",
    "https://1.2.3/",
    "https://1.2.3.4.5/",
    "https://256.1.1.1/",
    "https://0x7f.1/",
    "https://hooks..example/",
    "https://.hooks.example/",
    "https://-hooks.example/",
    "https://hooks-.example/",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 127 + "example/",
    "https://hooks%2eexample/",
    "https://hooks\\.example/",
    "https://hooks,example/",
    "https://hooks.example /",
    "https://hooks.example/\n",
    "https://hooks.exämple/",
    "https://hooks.example/\ud800",
    "https:///path",
    "https:hooks.example",
    "//hooks.example/",
    "https://",
    "",
)


@pytest.mark.parametrize("url", MALFORMED_URLS)
def test_a_malformed_url_is_a_field_error_before_anything_is_sent(url: str) -> None:
    channels = read_channels({"channels": [channel(url=url)]})
    assert not channels.usable
    assert str(channels.problems["ops"]).startswith("channels[0].url must be an https URL in ASCII with a valid host")
    assert url == "" or url not in str(channels.problems["ops"])


@pytest.mark.parametrize(
    "host",
    [
        "hooks.example",
        "a_b.example.",
        "xn--hks-1la.example",
        "localhost:8443",
        "8.8.8.8",
        "[2606:4700::1111]:8443",
        "1a.b2",
    ],
)
def test_every_host_that_dns_or_ip_knows_is_one(host: str) -> None:
    assert read_channels({"channels": [channel(url=f"https://{host}/hook?x=1")]}).problems == {}


@pytest.mark.parametrize(("rules", "mode"), RULES)
def test_the_first_rule_that_matches_decides(rules: list[dict[str, Any]], mode: DeliveryMode) -> None:
    assert one(channel(rules=rules)).mode_for(notification()) is mode


def test_a_disabled_channel_gets_nothing() -> None:
    assert one(channel(enabled=False, rules=[{"mode": "on"}])).mode_for(notification()) is OFF


MALFORMED: list[tuple[Any, str]] = [
    ("text", "channels[0] must be a map, was 'text'"),
    ({}, "channels[0].id must be letters and digits, joined by single _ or -, at most 64, was None"),
    (channel(id="a__b"), "channels[0].id must be letters and digits, joined by single _ or -, at most 64, was 'a__b'"),
    (channel(id="a/b"), "channels[0].id must be letters and digits"),
    (channel(type="email"), "channels[0].type must be one of slack, discord, webhook, fcm, was 'email'"),
    (channel(type=["slack"]), "channels[0].type must be one of"),
    (channel(enabled="yes"), "channels[0].enabled must be true or false, was 'yes'"),
    (
        channel(rule=[]),
        "channels[0] must be a map of the fields id, type, url, topic, token, enabled, rules, was 'rule'",
    ),
    (channel(url=None), "channels[0].url must be given as the only target of its type, was []"),
    (channel(topic="t"), "channels[0].url must be given as the only target of its type, was ['url', 'topic']"),
    (channel(type="fcm"), "channels[0].topic or token must be given as the only target of its type, was ['url']"),
    (channel(type="fcm", url=None, topic="a b"), "channels[0].topic must be letters, digits and -_.~%, at most 900"),
    (channel(type="fcm", url=None, token=7), "channels[0].token must be a registration token, was <int of 1 char"),
    (
        channel(url=URL.replace("https", "ftp")),
        "channels[0].url must be an https URL in ASCII with a valid host and por",
    ),
    (channel(url=URL.replace("//", "//user:pass@")), "channels[0].url must be an https URL"),
    (channel(url=URL + " x"), "channels[0].url must be an https URL"),
    (channel(url=f"https://[{SECRET}"), "channels[0].url must be an https URL"),
    (channel(url={"a": URL}), "channels[0].url must be an https URL"),
    (channel(rules="off"), "channels[0].rules must be a list of maps, was 'off'"),
    (channel(rules=["off"]), "channels[0].rules[0] must be a map, was 'off'"),
    (channel(rules=[{}]), "channels[0].rules[0].mode must be one of on, silent, off, was None"),
    (
        channel(rules=[{"mode": "on", "kind": []}]),
        "channels[0].rules[0] must be a map of the fields kinds, severities, mode",
    ),
    (channel(rules=[{"mode": "on", "kinds": "X"}]), "channels[0].rules[0].kinds must be a list, was 'X'"),
    (channel(rules=[{"mode": "on", "kinds": [1]}]), "channels[0].rules[0].kinds[0] must be a text, was 1"),
    (channel(rules=[{"mode": "on", "severities": ["LOUD"]}]), "channels[0].rules[0].severities[0] must be one of INFO"),
]


@pytest.mark.parametrize(("entry", "message"), MALFORMED)
def test_a_malformed_channel_is_reported_and_stops_no_other(entry: Any, message: str) -> None:
    good = channel(id="good")
    channels = read_channels({"channels": [entry, good]})
    assert channels.usable == {"good": one(good)}
    (problem,) = channels.problems.values()
    assert str(problem).startswith(message)
    assert SECRET not in str(problem) + repr(problem)


@pytest.mark.parametrize("field", ["id", "type", "enabled", "rules", "unknown"])
def test_an_address_in_the_wrong_field_is_not_shown(field: str) -> None:
    (problem,) = read_channels({"channels": [channel(**{field: URL})]}).problems.values()
    assert SECRET not in str(problem)


def test_an_id_taken_is_refused_whatever_was_wrong_with_the_first() -> None:
    channels = read_channels({"channels": [channel(), channel(), channel(id="b", type="x"), channel(id="b")]})
    assert set(channels.usable) == {"ops"}
    assert set(channels.problems) == {"channels[1]", "b", "channels[3]"}


@pytest.mark.parametrize("document", [None, {}, {"channels": []}])
def test_no_document_means_no_channels(document: Any) -> None:
    channels = read_channels(document)
    assert (channels.usable, channels.problems) == ({}, {})


def test_channels_that_are_no_list_are_reported() -> None:
    assert "channels must be a list of maps" in str(read_channels({"channels": 3}).problems["channels"])


def test_a_channel_shows_its_host_and_never_its_target() -> None:
    slack, phone = one(channel()), one({"id": "p", "type": "fcm", "token": SECRET})
    assert (slack.host, phone.host) == ("hooks.slack.com", "fcm")
    assert SECRET not in repr(slack) + repr(phone)


PAYLOAD = notification().to_payload()
BAD_PAYLOADS: list[tuple[Any, str]] = [
    (None, "notification must be a map"),
    ({}, "id must be a text"),
    (PAYLOAD | {"id": "a/b"}, "notification_id must be a document id"),
    (PAYLOAD | {"id": "__a__"}, "notification_id must be a document id"),
    (PAYLOAD | {"tenant_id": ""}, "tenant_id must be a document id"),
    (PAYLOAD | {"severity": "LOUD"}, "severity must be one of INFO, WARNING, CRITICAL"),
    (PAYLOAD | {"at": "2020-03-16T14:00:00"}, "at must be a time with its zone"),
    (PAYLOAD | {"text": 3}, "text must be a text"),
    (PAYLOAD | {"fields": [1]}, "fields must be a map"),
]


@pytest.mark.parametrize(("payload", "message"), BAD_PAYLOADS)
def test_a_malformed_payload_is_named(payload: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Notification.from_payload(payload)


def test_a_notification_needs_a_zone() -> None:
    with pytest.raises(InputError, match="at must be a time with its zone"):
        dataclasses.replace(notification(), at=datetime(2020, 3, 16))  # noqa: DTZ001 - that is the point
