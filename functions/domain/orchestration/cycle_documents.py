"""
The documents that a cycle writes: their field names are a contract with users and clients.

The log document is `MaestroDecision.to_firestore_doc`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.joined_ids import joined_id
from functions.domain.kernel.packed_texts import packed, unpacked
from functions.domain.kernel.parsing import stored_json
from functions.domain.kernel.stored_fields import (
    COUNT,
    LIST,
    MAP_OF_MAPS,
    NUMBER,
    NUMBERS,
    TEXT,
    TIME,
    Kinds,
    check_fields,
    word,
)
from functions.domain.kernel.text import EXTRAS_BUDGET, TEXT_BUDGET, cut
from functions.domain.orchestration.buying_power import OF_BUYING_POWER, BuyingPower
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.orchestration.inputs import Account
from functions.domain.orchestration.paper import PAPER_OF, PaperFill, PaperPositions, paper_json
from functions.domain.orchestration.signals import PLAIN_FIELDS, Action
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState

RECENT_SESSIONS = 3
"""Number of sessions remembered, so that a superseded signal differs from one that never existed."""
_COMMON_FIELDS = frozenset({"strategy_name", "session_id", "identity_timestamp", "expires_at", "agent_id"})
"""Fields of a signal that follow from session and name."""


def session_document(decision: MaestroDecision, signals: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """
    Return ``tenants/{t}/sessions/{session_id}``: the issued signals, for redemption.

    The signals are one JSON text, read by `issued_signals`: only the server reads them, a strategy's own fields may
    have any shape, and with 500 strategies it takes a tenth of the time of a map.
    """
    text_limit = TEXT_BUDGET.share(len(signals))
    extras_limit = EXTRAS_BUDGET.share(len(signals))
    issued = {name: _issued_signal(signal, text_limit, extras_limit) for name, signal in signals.items()}
    document = {
        "session_id": decision.session_id,
        "tenant_id": decision.tenant_id,
        "slot": decision.slot,
        "issued_at": decision.timestamp,
        "expires_at": decision.expires_at,
        "signals_json": json.dumps(issued, allow_nan=False, separators=(",", ":")),
    }
    return packed(document)


def issued_signals(session: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the signals of a session document, by strategy. Raises InputError."""
    session = unpacked(session)
    check_fields(session, {"signals_json": TEXT})
    try:
        signals: dict[str, dict[str, Any]] = stored_json(session["signals_json"])
    except ValueError as error:
        raise InputError("signals_json", "the JSON text that a cycle stored", session["signals_json"]) from error
    if not MAP_OF_MAPS.holds(signals):
        raise InputError("signals_json", "signals by strategy", signals)
    for name, signal in signals.items():
        check_fields(signal, _OF_SIGNAL, _OF_SIGNAL_AT_TIMES, f"signals_json.{name}.")
    return signals


def _issued_signal(signal: Mapping[str, Any], text_limit: int, extras_limit: int) -> dict[str, Any]:
    """Return one signal with its text cut; a strategy's own fields that are not JSON, or too long, are dropped."""
    plain = PLAIN_FIELDS | ({"qty"} if _is_cover(signal) else set())
    issued = {name: value for name, value in signal.items() if name in plain}
    for name in ("reasoning", "error"):
        if name in issued:
            issued[name] = cut(issued[name], text_limit)
    extras = {name: value for name, value in signal.items() if name not in plain | _COMMON_FIELDS}
    if not extras:
        return issued
    return issued | (extras if _is_short_json(extras, extras_limit) else {"extras_omitted": True})


def _is_cover(signal: Mapping[str, Any]) -> bool:
    """Return whether ``qty`` comes from Maestro, as for a BUY that closes a short, and not from the strategy."""
    return signal["action"] == Action.BUY and signal.get("max_qty") is not None


def _is_short_json(value: Any, limit_bytes: int) -> bool:
    try:
        return len(json.dumps(value, allow_nan=False)) <= limit_bytes
    except (TypeError, ValueError, RecursionError):
        return False


def modes_document(
    modes: Mapping[str, ModeState], now: datetime, paper: PaperPositions | None = None
) -> dict[str, Any]:
    """Return ``tenants/{t}/state/modes``: every strategy's mode and paper positions."""
    entries = {name: state.to_entry() for name, state in modes.items()}
    strategies_json = json.dumps(entries, separators=(",", ":"))
    return packed({"strategies_json": strategies_json, "paper_json": paper_json(paper or {}), "updated_at": now})


def shadow_documents(
    decision: MaestroDecision, signals: Mapping[str, Mapping[str, Any]], fills: Sequence[PaperFill], uid: str | None
) -> dict[str, dict[str, Any]]:
    """
    Return the records of a cycle's paper fills, ``tenants/{t}/shadow_pnl/{id}``, by an id that repeats keep.

    Parameters
    ----------
    uid : str or None
        Owner of the cycle's modes and paper positions; None: the tenant.
    """
    return {
        shadow_id(decision.session_id, fill.strategy_name, fill.symbol): _shadow_record(
            decision, signals[fill.strategy_name], fill, uid
        )
        for fill in fills
    }


def shadow_id(session_id: str, strategy_name: str, symbol: str) -> str:
    """Return the id of the record of a cycle's paper fill."""
    return f"{joined_id(session_id, strategy_name)}__{quote(symbol, safe='')}"


def _shadow_record(
    decision: MaestroDecision, signal: Mapping[str, Any], fill: PaperFill, uid: str | None
) -> dict[str, Any]:
    """Return the migration guide's shadow record, with the fields needed to match lots on paper."""
    return {
        "timestamp": decision.timestamp,
        "strategy_name": fill.strategy_name,
        "action": str(fill.action),
        "ticker": fill.symbol,
        "mode": str(AgentMode.SHADOW_MODE),
        "reasoning": cut(signal["reasoning"], TEXT_BUDGET.most_bytes),
        "agent_id": signal["agent_id"],
        "nonce": signal["nonce"],
        "session_id": decision.session_id,
        "sharpe_ratio": signal["sharpe_ratio"],
        "confidence": signal["confidence"],
        "symbol": fill.symbol,
        "side": fill.action.lower(),
        "qty": fill.quantity,
        "price": fill.price,
        "fees": fill.fees,
        "slippage": fill.slippage,
        PAPER_OF: uid,
    }


def own_shadow_record(strategy_name: str, signal: Mapping[str, Any], now: datetime) -> tuple[str, dict[str, Any]]:
    """
    Return id and record of a shadow signal that a user's own code trades on paper.

    With ``qty`` and ``price`` in the signal it is a fill of the shadow book, with the signal's ``fees`` and
    ``slippage``, if given; otherwise it is a note.
    """
    ticker = str(signal.get("ticker") or signal.get("symbol") or "UNKNOWN")
    nonce = signal.get("nonce")
    record = {
        "timestamp": now,
        "strategy_name": strategy_name,
        "action": str(signal.get("action")),
        "ticker": ticker,
        "mode": str(AgentMode.SHADOW_MODE),
        "reasoning": cut(str(signal.get("reasoning", "")), TEXT_BUDGET.most_bytes),
        "agent_id": signal.get("agent_id"),
        "nonce": nonce,
        "session_id": signal.get("session_id"),
        "sharpe_ratio": signal.get("sharpe_ratio"),
        "confidence": signal.get("confidence", 0.0),
        "symbol": ticker,
        "side": str(signal.get("action")).lower(),
        "qty": signal.get("qty"),
        "price": signal.get("price"),
        "fees": signal.get("fees"),
        "slippage": signal.get("slippage"),
    }
    return nonce or f"{strategy_name}__{now.isoformat()}", record


OF_ISSUED: Kinds = {"session_id": TEXT, "tenant_id": TEXT, "issued_at": TIME, "expires_at": TIME}
"""Fields of a session besides its signals."""
_OF_SIGNAL: Kinds = {
    **dict.fromkeys(("ticker", "mode", "nonce", "reasoning", "reason_code"), TEXT),
    **dict.fromkeys(("allocation", "original_allocation", "confidence"), NUMBER),
    "action": word(Action),
}
_OF_SIGNAL_AT_TIMES: Kinds = {
    **dict.fromkeys(("notional", "max_qty", "sharpe_ratio"), NUMBER),
    "max_qty_by_symbol": NUMBERS,
    "intent": TEXT,
}


OF_SESSION: Kinds = {**OF_BUYING_POWER, "recent_sessions": LIST, "slot": TEXT, "ledger_version": COUNT}
"""What a cycle continues from in ``state/session``."""


def current_session_document(
    decision: MaestroDecision,
    account: Account,
    breaker: BreakerState,
    previous: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the fields of ``tenants/{t}/state/session`` that a cycle sets, which excludes reservations."""
    before = previous or {}
    recent = [before.get("session_id"), *(before.get("recent_sessions") or ())]
    document = {
        "session_id": decision.session_id,
        "recent_sessions": [one for one in recent if isinstance(one, str) and one][:RECENT_SESSIONS],
        "issued_at": decision.timestamp,
        "expires_at": decision.expires_at,
        **BuyingPower.from_session(before).followed_by(account).to_fields(),
        "breaker": breaker.to_document(),
    }
    # A cycle outside the schedule keeps the newest slot, by which late slots are recognised.
    return document if decision.slot is None else document | {"slot": decision.slot}


def cycle_document(decision: MaestroDecision) -> dict[str, Any]:
    """Return ``tenants/{t}/cycles/{slot}``."""
    return {"status": "DECIDED", "session_id": decision.session_id, "decided_at": decision.timestamp}
