"""
The channels that take a tenant's notifications, validated where they are read.

Only the server may read ``tenants/{t}/config/notifications``, as addresses are secrets::

    {"channels": [{"id": "ops", "type": "slack", "url": "https://hooks.slack.com/services/…", "enabled": true,
                   "rules": [{"kinds": ["DAILY_REPORT"], "severities": ["INFO"], "mode": "silent"}]}]}

A channel of type ``fcm`` has a ``topic`` or a ``token`` instead of a ``url``. The first rule that matches decides;
one without ``kinds`` or ``severities`` matches all; without a match the mode is ``on``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import Hidden, read_each, read_text, read_word, shown
from functions.domain.monitoring.notifications import TEST_KIND, Notification, Severity

_CHANNEL_ID = re.compile(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")
"""No double underscore, which separates the parts of a delivery's id."""

_CHANNEL_FIELDS = ("id", "type", "url", "topic", "token", "enabled", "rules")

_LONGEST_HOST = 253
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_ENCODED = "xn--"
"""Prefix of a label that encodes another script (RFC 5890)."""

_RULE_FIELDS = ("kinds", "severities", "mode")


class ChannelType(StrEnum):
    """The kind of receiver."""

    SLACK = "slack"
    """Slack, or a compatible receiver such as Mattermost."""
    DISCORD = "discord"
    WEBHOOK = "webhook"
    """The tenant's own server; requests are signed."""
    FCM = "fcm"
    """Phones, through Firebase Cloud Messaging."""


class DeliveryMode(StrEnum):
    """How a channel delivers a notification."""

    ON = "on"
    SILENT = "silent"
    """It arrives without sound, if the channel supports that: Slack's webhooks do not."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a channel delivers some notifications."""

    kinds: frozenset[str] | None
    """None: all."""
    severities: frozenset[Severity] | None
    """None: all."""
    mode: DeliveryMode

    def matches(self, notification: Notification) -> bool:
        is_kind = self.kinds is None or notification.kind in self.kinds
        return is_kind and (self.severities is None or notification.severity in self.severities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where a tenant's notifications go; its target is a secret."""

    channel_id: str
    type: ChannelType
    target_name: str
    """``url``, ``topic`` or ``token``."""
    target: str = field(repr=False)
    is_enabled: bool = True
    rules: Sequence[Rule] = ()

    @property
    def host(self) -> str:
        """What logs may say about the target."""
        return (urlsplit(self.target).hostname or "") if self.target_name == "url" else str(self.type)

    def mode_for(self, notification: Notification) -> DeliveryMode:
        """Return the mode of the first rule that matches; on without one, and for a test."""
        if not self.is_enabled:
            return DeliveryMode.OFF
        if notification.kind == TEST_KIND:
            return DeliveryMode.ON
        return next((rule.mode for rule in self.rules if rule.matches(notification)), DeliveryMode.ON)


@dataclass(frozen=True, slots=True)
class Channels:
    """A tenant's channels: the usable ones, and what is wrong with the others."""

    usable: Mapping[str, Channel]
    problems: Mapping[str, InputError]
    """By channel id, or by position like ``channels[2]`` if the id is wrong."""


def read_channels(document: Any) -> Channels:
    """Read ``tenants/{t}/config/notifications`` (None: no channels); a malformed channel stops no other."""
    usable: dict[str, Channel] = {}
    problems: dict[str, InputError] = {}
    entries = () if document is None else document.get("channels", ())
    if not isinstance(entries, list | tuple):
        return Channels({}, {"channels": InputError("channels", "a list of maps", shown(entries))})
    for index, entry in enumerate(entries):
        place = f"channels[{index}]"
        name = place
        try:
            name = _channel_id(place, entry, taken=usable.keys() | problems.keys())
            usable[name] = _read_channel(place, entry)
        except InputError as error:
            problems[name] = error
    return Channels(usable, problems)


def _channel_id(place: str, entry: Any, taken: set[str]) -> str:
    if not isinstance(entry, Mapping):
        raise InputError(place, "a map", shown(entry))
    channel_id = entry.get("id")
    if not isinstance(channel_id, str) or len(channel_id) > 64 or not _CHANNEL_ID.fullmatch(channel_id):
        raise InputError(f"{place}.id", "letters and digits, joined by single _ or -, at most 64", shown(channel_id))
    if channel_id in taken:
        raise InputError(f"{place}.id", "different from the ids before it", channel_id)
    return channel_id


def _read_channel(place: str, entry: Mapping[str, Any]) -> Channel:
    """Read a channel with a valid id."""
    _refuse_others(place, entry, _CHANNEL_FIELDS)
    channel_type = read_word(ChannelType, f"{place}.type", entry.get("type"))
    is_enabled = entry.get("enabled", True)
    if not isinstance(is_enabled, bool):
        raise InputError(f"{place}.enabled", "true or false", shown(is_enabled))
    allowed = ("topic", "token") if channel_type is ChannelType.FCM else ("url",)
    given = [name for name in ("url", "topic", "token") if entry.get(name) is not None]
    if len(given) != 1 or given[0] not in allowed:
        raise InputError(f"{place}.{' or '.join(allowed)}", "given as the only target of its type", given)
    limit, is_target = _TARGETS[given[0]]
    target = entry[given[0]]
    if not isinstance(target, str) or not is_target(target):
        raise InputError(f"{place}.{given[0]}", limit, Hidden(target))
    rules = entry.get("rules", ())
    if not isinstance(rules, list | tuple):
        raise InputError(f"{place}.rules", "a list of maps", shown(rules))
    return Channel(
        channel_id=entry["id"],
        type=channel_type,
        target_name=given[0],
        target=target,
        is_enabled=is_enabled,
        rules=tuple(_read_rule(f"{place}.rules[{index}]", rule) for index, rule in enumerate(rules)),
    )


def _read_rule(place: str, rule: Any) -> Rule:
    if not isinstance(rule, Mapping):
        raise InputError(place, "a map", shown(rule))
    _refuse_others(place, rule, _RULE_FIELDS)
    kinds, severities = rule.get("kinds"), rule.get("severities")
    return Rule(
        None if kinds is None else read_each(f"{place}.kinds", kinds, read_text),
        None if severities is None else read_each(f"{place}.severities", severities, partial(read_word, Severity)),
        read_word(DeliveryMode, f"{place}.mode", rule.get("mode")),
    )


def _refuse_others(place: str, entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse unknown fields: a misspelt one would match everything."""
    for name in entry:
        if name not in known:
            raise InputError(place, "a map of the fields " + ", ".join(known), shown(name))


def _is_url(text: str) -> bool:
    """Return whether a text looks like a URL; the sender checks whether it may connect."""
    if len(text) > 2048 or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises if it is not a number, or too large
    except ValueError:
        return False
    is_bracketed = parts.netloc.startswith("[")
    is_host = _is_host(parts.hostname or "") and is_bracketed == (":" in (parts.hostname or ""))
    return parts.scheme in {"https", "http"} and "@" not in parts.netloc and is_host


def _is_host(name: str) -> bool:
    """Return whether a host is an IP address or a valid DNS name."""
    labels = name.removesuffix(".").split(".")
    if ":" in name or labels[-1].isdigit():  # as in browsers: a name that ends in a number is an address or invalid
        try:
            ip_address(name)
        except ValueError:
            return False
        return "%" not in name
    return len(name) <= _LONGEST_HOST and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if not label.lower().startswith(_ENCODED):
        return True
    try:
        decoded = label[len(_ENCODED) :].encode().decode("punycode")
    except UnicodeError:
        return False
    return decoded.isprintable() and not decoded.isascii()


def _matching(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


_TARGETS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "url": ("an https URL in ASCII with a valid host and port, without user or password", _is_url),
    "topic": ("letters, digits and -_.~%, at most 900", _matching(r"[A-Za-z0-9\-_.~%]{1,900}")),
    "token": ("a registration token", _matching(r"[\x21-\x7e]{1,4096}")),
}
