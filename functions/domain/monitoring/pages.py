"""Where on the dashboard people see what an alert is about."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

PAGES: Mapping[str, str] = {
    "SYSTEMIC_RISK": "/decisions/{session_id}",
    "MODE_DOWN": "/strategies/{strategy_name}",
    "MODE_UP": "/strategies/{strategy_name}",
    "STRATEGY_ERROR": "/decisions?strategy={subject}",
    "LOAD_ERROR": "/decisions?strategy={subject}",
    "INPUTS": "/health",
    "BREAKER_TRIPPED": "/",
    "TRADING_STATE": "/",
    "MISSED_CYCLES": "/health",
    "JOB_FAILED": "/health",
    "SKIPPED_DOCUMENTS": "/health",
    "RESERVATION_LAPSED": "/positions",
    "POSITION_BOOK": "/positions",
    "DRIFT": "/positions",
    "POSITIONS_LEFT": "/strategies/{strategy_name}",
    "OVERFILLED": "/positions",
    "MEMBERSHIP_CLOSED": "/admin",
    "DAMAGED_ALERTS": "/admin",
    "BROKER_TOLD": "/admin",
    "CAPACITY": "/admin",
    "SETTING": "/admin",
}
"""By kind of alert; ``subject`` is what its key names after its first colon, the others are its fields."""


def page_of(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """
    Return the path of an alert's page; the first page where what it is about is not named.

    >>> page_of("STRATEGY_ERROR", "strategy-error:A & B", {})
    '/decisions?strategy=A%20%26%20B'
    >>> page_of("MODE_UP", "mode-up:s:Trend", {})
    '/'
    """
    named = {**fields, "subject": key.partition(":")[2]}
    names = {name: quote(str(value), safe="", errors="replace") for name, value in named.items()}
    try:
        return PAGES[kind].format_map(names)
    except KeyError:
        return "/"
