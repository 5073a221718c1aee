"""How notifications read in each type of channel."""

from __future__ import annotations

from typing import Any

from functions.domain.kernel.text import cut
from functions.domain.monitoring.channels import ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification

_SLACK_BYTES = 7_500
"""Slack cuts at 40 000 characters, and escaping makes five of one."""

_DISCORD_UNITS = 2_000
"""UTF-16 code units: no way in which Discord may count gives more."""

_PUSH_BYTES = 500
"""A push message holds 4 096 bytes, and says the text twice."""

_SUPPRESS_NOTIFICATIONS = 4096
"""Discord's flag of a message that arrives without a sound."""


def rendered(channel_type: ChannelType, notification: Notification, mode: DeliveryMode) -> dict[str, Any]:
    """
    Return what is sent to a channel, as JSON.

    Texts of strategies cannot ping anyone: a zero-width space separates every ``@`` from its name, Slack's control
    characters are escaped, and Discord is also told to ping no one.
    """
    is_silent = mode is DeliveryMode.SILENT
    match channel_type:
        case ChannelType.SLACK:
            text = _without_pings(cut(_as_text(notification), _SLACK_BYTES))
            return {"text": _slack_escaped(_linked(text, notification))}
        case ChannelType.DISCORD:
            room = _DISCORD_UNITS - len(_linked("", notification))
            content = _linked(_cut_units(_without_pings(_as_text(notification)), room), notification)
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
        name: payload[name]
        for name in ("id", "tenant_id", "kind", "severity", "title", "at", "link")
        if name in payload
    }
    return {"data": data} if is_silent else {"notification": said, "data": data}


def _as_text(notification: Notification) -> str:
    head = f"[{notification.severity}] {notification.tenant_id}: {notification.title}"
    figures = [f"{name}: {value}" for name, value in notification.fields.items()]
    return "\n".join(line for line in (head, notification.text, *figures) if line)


def _linked(text: str, notification: Notification) -> str:
    """Return ``text`` with the link as its last line: only the text is cut, and a link's @ is encoded."""
    return f"{text}\n{notification.link}" if notification.link else text


def _without_pings(text: str) -> str:
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
