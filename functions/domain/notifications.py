"""
What people are told: notifications, the channels that take them, and how they read there.

A tenant's channels are the server's alone to read, ``tenants/{t}/config/notifications``, as their addresses are
secrets::

    {"channels": [{"id": "ops", "type": "slack", "url": "https://hooks.slack.com/services/…", "enabled": true,
                   "rules": [{"kinds": ["DAILY_REPORT"], "severities": ["INFO"], "mode": "silent"}]}]}

A channel of type ``fcm`` has a ``topic`` or a ``token`` instead of a ``url``. The first rule that matches decides;
one without ``kinds`` or ``severities`` matches all of them; without a match it is ``on``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from functions.domain.errors import InputError
from functions.domain.inputs import parse_time
from functions.domain.text import cut

Word = TypeVar("Word", bound=StrEnum)
Read = TypeVar("Read")

_TEXT_BYTES, _TITLE_BYTES, _NAME_BYTES, _VALUE_BYTES, _MOST_FIELDS = 15_000, 300, 60, 500, 30
"""Bounds that let any notification fit a queue's task and a document."""
_SLACK_BYTES = 7_500
"""Slack cuts at 40 000 characters, and escaping makes five of one."""
_DISCORD_UNITS = 2_000
"""UTF-16 code units: whichever way Discord counts, it is not more."""
_PUSH_BYTES = 500
"""A push message holds 4 096 bytes, and says the text twice."""
_DOCUMENT_ID = re.compile(r"(?!__)[^/\x00-\x20\ud800-\udfff]{1,256}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")
"""No double underscore: a delivery's id is told apart by it."""
_CHANNEL_FIELDS = ("id", "type", "url", "topic", "token", "enabled", "rules")
_RULE_FIELDS = ("kinds", "severities", "mode")
_SUPPRESS_NOTIFICATIONS = 4096
"""Discord's flag of a message that arrives without a sound."""


class Severity(StrEnum):
    """How soon somebody should look."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class ChannelType(StrEnum):
    """What is at the other end."""

    SLACK = "slack"
    """Slack, or what takes the same, as Mattermost does."""
    DISCORD = "discord"
    WEBHOOK = "webhook"
    """The tenant's own server; what it gets is signed."""
    FCM = "fcm"
    """Phones, through Firebase Cloud Messaging."""


class DeliveryMode(StrEnum):
    """How a channel takes a notification."""

    ON = "on"
    SILENT = "silent"
    """It arrives, and makes no phone ring, where the channel can tell the two apart: Slack's webhooks cannot."""
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An alert or a report, on its way to people; long texts are cut. Raises InputError for a malformed id or time."""

    notification_id: str
    """Stable: the same id is told once to each channel."""
    tenant_id: str
    kind: str
    """What it is about, as rules name it."""
    severity: Severity
    title: str
    text: str
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    """Figures worth their own line."""

    def __post_init__(self) -> None:
        for name in ("notification_id", "tenant_id"):
            value = getattr(self, name)
            if not isinstance(value, str) or not _DOCUMENT_ID.fullmatch(value):
                raise InputError(name, "a document id without spaces, at most 256 characters", _shown(value))
        first = list(self.fields.items())[:_MOST_FIELDS]
        within = {cut(str(name), _NAME_BYTES): cut(str(value), _VALUE_BYTES) for name, value in first}
        cuts = {"kind": _NAME_BYTES, "title": _TITLE_BYTES, "text": _TEXT_BYTES}
        texts = {name: cut(getattr(self, name), limit) for name, limit in cuts.items()}
        for name, value in {**texts, "fields": within, "at": parse_time("at", self.at).astimezone(UTC)}.items():
            object.__setattr__(self, name, value)

    def to_payload(self) -> dict[str, Any]:
        """Return it as JSON, for a task or a receiver."""
        return {
            "id": self.notification_id,
            "tenant_id": self.tenant_id,
            "kind": self.kind,
            "severity": str(self.severity),
            "title": self.title,
            "text": self.text,
            "at": self.at.isoformat(),
            "fields": dict(self.fields),
        }

    @classmethod
    def from_payload(cls, payload: Any) -> Notification:
        """Read what `to_payload` gave. Raises InputError."""
        if not isinstance(payload, Mapping):
            raise InputError("notification", "a map", _shown(payload))
        names = ("id", "tenant_id", "kind", "title", "text")
        notification_id, tenant_id, kind, title, text = (_text(name, payload.get(name)) for name in names)
        fields = payload.get("fields") or {}
        if not isinstance(fields, Mapping):
            raise InputError("fields", "a map of name to text", _shown(fields))
        return cls(
            notification_id=notification_id,
            tenant_id=tenant_id,
            kind=kind,
            severity=_word(Severity, "severity", payload.get("severity")),
            title=title,
            text=text,
            at=parse_time("at", payload.get("at")),
            fields=fields,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """How a channel takes some notifications."""

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
        """Return the mode of the first rule that matches; on without one."""
        if not self.is_enabled:
            return DeliveryMode.OFF
        return next((rule.mode for rule in self.rules if rule.matches(notification)), DeliveryMode.ON)


@dataclass(frozen=True, slots=True)
class Channels:
    """What a tenant's document says: the channels that can be used, and what is wrong with the others."""

    usable: Mapping[str, Channel]
    problems: Mapping[str, InputError]
    """By channel id; by place, as ``channels[2]``, where the id is what is wrong."""


def read_channels(document: Any) -> Channels:
    """Read ``tenants/{t}/config/notifications`` (None: no document, no channels); one malformed stops no other."""
    usable: dict[str, Channel] = {}
    problems: dict[str, InputError] = {}
    entries = () if document is None else document.get("channels", ())
    if not isinstance(entries, list | tuple):
        return Channels({}, {"channels": InputError("channels", "a list of maps", _shown(entries))})
    for index, entry in enumerate(entries):
        place = f"channels[{index}]"
        name = place
        try:
            name = _channel_id(place, entry, taken=usable.keys() | problems.keys())
            usable[name] = _read_channel(place, entry)
        except InputError as error:
            problems[name] = error
    return Channels(usable, problems)


def rendered(channel_type: ChannelType, notification: Notification, mode: DeliveryMode) -> dict[str, Any]:
    """
    Return what a channel is sent, as JSON.

    What strategies wrote can ping nobody: every ``@`` is parted from its name by a space of no width, Slack's control
    characters are escaped, and Discord is told to ping nobody besides.
    """
    is_silent = mode is DeliveryMode.SILENT
    match channel_type:
        case ChannelType.SLACK:
            return {"text": _slack_escaped(_parted(cut(_as_text(notification), _SLACK_BYTES)))}
        case ChannelType.DISCORD:
            content = _cut_units(_parted(_as_text(notification)), _DISCORD_UNITS)
            message = {"content": content, "allowed_mentions": {"parse": []}}
            return message | ({"flags": _SUPPRESS_NOTIFICATIONS} if is_silent else {})
        case ChannelType.WEBHOOK:
            return notification.to_payload() | {"silent": is_silent}
        case ChannelType.FCM:
            return _push(notification, is_silent=is_silent)


def _push(notification: Notification, *, is_silent: bool) -> dict[str, Any]:
    """Return ``data`` for the app and, unless silent, the ``notification`` that the phone itself shows."""
    said = {"title": f"[{notification.severity}] {notification.title}", "body": cut(notification.text, _PUSH_BYTES)}
    payload = notification.to_payload()
    data = {"text": said["body"]} | {
        name: payload[name] for name in ("id", "tenant_id", "kind", "severity", "title", "at")
    }
    return {"data": data} if is_silent else {"notification": said, "data": data}


def _as_text(notification: Notification) -> str:
    head = f"[{notification.severity}] {notification.tenant_id}: {notification.title}"
    figures = [f"{name}: {value}" for name, value in notification.fields.items()]
    return "\n".join(line for line in (head, notification.text, *figures) if line)


def _parted(text: str) -> str:
    """Return ``text`` with nothing in it that pings: @everyone, @here, <@user>, <@&role>."""
    return text.replace("@", "@\u200b")


def _slack_escaped(text: str) -> str:
    """
    Return ``text`` without control sequences, as Slack's manual tells.

    >>> _slack_escaped("<!channel> a & b")
    '&lt;!channel&gt; a &amp; b'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut_units(text: str, limit: int) -> str:
    """Return ``text`` in at most ``limit`` UTF-16 code units, marked where cut."""
    encoded = text.encode("utf-16-le")
    return text if len(encoded) <= 2 * limit else encoded[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


def _channel_id(place: str, entry: Any, taken: set[str]) -> str:
    if not isinstance(entry, Mapping):
        raise InputError(place, "a map", _shown(entry))
    channel_id = entry.get("id")
    if not isinstance(channel_id, str) or len(channel_id) > 64 or not _CHANNEL_ID.fullmatch(channel_id):
        raise InputError(f"{place}.id", "letters and digits, joined by single _ or -, at most 64", _shown(channel_id))
    if channel_id in taken:
        raise InputError(f"{place}.id", "another than those before it", channel_id)
    return channel_id


def _read_channel(place: str, entry: Mapping[str, Any]) -> Channel:
    """Read a channel whose id is known to be right."""
    _refuse_others(place, entry, _CHANNEL_FIELDS)
    channel_type = _word(ChannelType, f"{place}.type", entry.get("type"))
    is_enabled = entry.get("enabled", True)
    if not isinstance(is_enabled, bool):
        raise InputError(f"{place}.enabled", "true or false", _shown(is_enabled))
    allowed = ("topic", "token") if channel_type is ChannelType.FCM else ("url",)
    given = [name for name in ("url", "topic", "token") if entry.get(name) is not None]
    if len(given) != 1 or given[0] not in allowed:
        raise InputError(f"{place}.{' or '.join(allowed)}", "the one target of its type", given)
    limit, is_target = _TARGETS[given[0]]
    target = entry[given[0]]
    if not isinstance(target, str) or not is_target(target):
        raise InputError(f"{place}.{given[0]}", limit, _Hidden(target))
    rules = entry.get("rules", ())
    if not isinstance(rules, list | tuple):
        raise InputError(f"{place}.rules", "a list of maps", _shown(rules))
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
        raise InputError(place, "a map", _shown(rule))
    _refuse_others(place, rule, _RULE_FIELDS)
    kinds, severities = rule.get("kinds"), rule.get("severities")
    return Rule(
        None if kinds is None else _each(f"{place}.kinds", kinds, _text),
        None if severities is None else _each(f"{place}.severities", severities, partial(_word, Severity)),
        _word(DeliveryMode, f"{place}.mode", rule.get("mode")),
    )


def _each(name: str, values: Any, read: Callable[[str, Any], Read]) -> frozenset[Read]:
    if not isinstance(values, list | tuple):
        raise InputError(name, "a list", _shown(values))
    return frozenset(read(f"{name}[{index}]", value) for index, value in enumerate(values))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(name, "a text", _shown(value))
    return value


def _word(kind: type[Word], name: str, value: Any) -> Word:
    words = [str(word) for word in kind]
    if value not in words:  # a list: the value may be unhashable
        raise InputError(name, "one of " + ", ".join(words), _shown(value))
    return kind(value)


def _refuse_others(place: str, entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse a misspelt field, which would otherwise mean: everything, at all times."""
    for name in entry:
        if name not in known:
            raise InputError(place, "of the fields " + ", ".join(known), _shown(name))


def _is_url(text: str) -> bool:
    """Tell whether a text looks like a URL; what may be connected to is for the sender to say."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_clean = len(text) <= 2048 and text.isascii() and text.isprintable() and " " not in text
    return is_clean and parts.scheme in {"https", "http"} and bool(parts.hostname) and "@" not in parts.netloc


def _matching(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


_TARGETS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "url": ("an https URL in ASCII, without user or password", _is_url),
    "topic": ("letters, digits and -_.~%, at most 900", _matching(r"[A-Za-z0-9\-_.~%]{1,900}")),
    "token": ("a registration token", _matching(r"[\x21-\x7e]{1,4096}")),
}


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Stands in an error for a value that nobody should read there."""

    value: Any = field(repr=False)

    def __repr__(self) -> str:
        return f"<{type(self.value).__name__} of {len(str(self.value))} characters, not shown>"


def _shown(value: Any) -> Any:
    """Return a value if it is a word or a number; else, as somebody may have put an address there, not what it says."""
    is_harmless = value is None or isinstance(value, bool | int | float)
    is_word = isinstance(value, str) and re.fullmatch(r"[\w .\-]{0,20}", value) is not None
    return value if is_harmless or is_word else _Hidden(value)
