"""Notifications to people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import parse_time, read_text, read_word, shown
from functions.domain.kernel.text import cut

_TEXT_BYTES, _TITLE_BYTES, _NAME_BYTES, _VALUE_BYTES, _MOST_FIELDS, _LINK_BYTES = 15_000, 300, 60, 500, 30, 1_200
"""Bounds that let any notification fit a queue's task and a document."""
_DOCUMENT_ID = re.compile(r"(?!__)[^/\x00-\x20\ud800-\udfff]{1,256}")


TEST_KIND = "TEST"
"""What an admin sends to see whether a channel works: rules keep it from no channel."""


class Severity(StrEnum):
    """How soon someone should look."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An alert or a report for people; long texts are cut. Raises InputError for a malformed id or time."""

    notification_id: str
    """Stable: each channel gets the same id once."""
    tenant_id: str
    kind: str
    """Its kind, as rules name it."""
    severity: Severity
    title: str
    text: str
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    """Figures worth their own line."""
    link: str = ""
    """The dashboard's page of what it is about: its path, and its URL once it is queued; empty where there is none."""

    def __post_init__(self) -> None:
        for name in ("notification_id", "tenant_id"):
            value = getattr(self, name)
            if not isinstance(value, str) or not _DOCUMENT_ID.fullmatch(value):
                raise InputError(name, "a document id without spaces, at most 256 characters", shown(value))
        first = list(self.fields.items())[:_MOST_FIELDS]
        within = {cut(str(name), _NAME_BYTES): cut(str(value), _VALUE_BYTES) for name, value in first}
        cuts = {"kind": _NAME_BYTES, "title": _TITLE_BYTES, "text": _TEXT_BYTES, "link": _LINK_BYTES}
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
            **({"link": self.link} if self.link else {}),
        }

    @classmethod
    def from_payload(cls, payload: Any) -> Notification:
        """Read what `to_payload` gave. Raises InputError."""
        if not isinstance(payload, Mapping):
            raise InputError("notification", "a map", shown(payload))
        names = ("id", "tenant_id", "kind", "title", "text")
        notification_id, tenant_id, kind, title, text = (read_text(name, payload.get(name)) for name in names)
        fields = payload.get("fields") or {}
        if not isinstance(fields, Mapping):
            raise InputError("fields", "a map of name to text", shown(fields))
        return cls(
            notification_id=notification_id,
            tenant_id=tenant_id,
            kind=kind,
            severity=read_word(Severity, "severity", payload.get("severity")),
            title=title,
            text=text,
            at=parse_time("at", payload.get("at")),
            fields=fields,
            link=read_text("link", payload.get("link", "")),
        )
