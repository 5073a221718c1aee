"""
The documents a cycle writes: their field names are a contract with users and clients.

The log document is `MaestroDecision.to_firestore_doc`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.domain.decision import MaestroDecision
from functions.domain.modes import ModeState
from functions.domain.text import EXTRAS_BUDGET, TEXT_BUDGET, cut

_COMMON_FIELDS = frozenset({"strategy_name", "session_id", "identity_timestamp", "expires_at", "agent_id"})
_STORED_FIELDS = frozenset(
    {
        *("action", "ticker", "allocation", "original_allocation", "confidence", "reasoning", "mode", "nonce"),
        *(
            "weight_multiplier",
            "sharpe_ratio",
            "notional",
            "reason_code",
            "override_reason",
            "original_action",
            "error",
        ),
    }
)


def session_document(decision: MaestroDecision, signals: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """
    Return ``tenants/{t}/sessions/{session_id}``: what was issued, for redemption.

    A signal's own further fields go as JSON text, so that any shape fits; where they cannot be written as JSON or
    are too long, ``extras_omitted`` says so.
    """
    text_limit = TEXT_BUDGET.share(len(signals))
    extras_limit = EXTRAS_BUDGET.share(len(signals))
    return {
        "session_id": decision.session_id,
        "tenant_id": decision.tenant_id,
        "slot": decision.slot,
        "issued_at": decision.timestamp,
        "expires_at": decision.expires_at,
        "signals": {name: _issued_signal(signal, text_limit, extras_limit) for name, signal in signals.items()},
    }


def _issued_signal(signal: Mapping[str, Any], text_limit: int, extras_limit: int) -> dict[str, Any]:
    issued = {name: value for name, value in signal.items() if name in _STORED_FIELDS}
    for name in ("reasoning", "error"):
        if name in issued:
            issued[name] = cut(issued[name], text_limit)
    extras = {name: value for name, value in signal.items() if name not in _STORED_FIELDS | _COMMON_FIELDS}
    return issued | _packed_extras(extras, extras_limit)


def _packed_extras(extras: Mapping[str, Any], limit: int) -> dict[str, Any]:
    if not extras:
        return {}
    try:
        text = json.dumps(extras, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return {"extras_omitted": True}
    return {"extras_json": text} if len(text) <= limit else {"extras_omitted": True}


def modes_document(modes: Mapping[str, ModeState], now: datetime) -> dict[str, Any]:
    """Return ``tenants/{t}/state/modes``."""
    return {"strategies": {name: state.to_document() for name, state in modes.items()}, "updated_at": now}


def current_session_document(decision: MaestroDecision, buying_power: float | None) -> dict[str, Any]:
    """Return the fields of ``tenants/{t}/state/session`` that a cycle sets; reservations are not among them."""
    document = {
        "session_id": decision.session_id,
        "issued_at": decision.timestamp,
        "expires_at": decision.expires_at,
        "buying_power": buying_power,
    }
    # A cycle outside the schedule leaves the newest slot in place: it tells late slots that they are late.
    return document if decision.slot is None else document | {"slot": decision.slot}


def slot_document(decision: MaestroDecision) -> dict[str, Any]:
    """Return ``tenants/{t}/cycles/{slot}``."""
    return {"status": "DECIDED", "session_id": decision.session_id, "decided_at": decision.timestamp}
