"""``state/cockpit`` as it is stored, and read again by the next cycle."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import stored_json
from functions.domain.kernel.stored_fields import COUNT, DAY, NUMBER, TEXT, TIME, Kinds, check_fields
from functions.domain.orchestration.cockpit import Cockpit, CycleSeen, Mark, Past

_COUNTS = ("cycles", "proposed", "changed")
_AS_IS = ("day", "as_of", "base_at", "equity", "equity_as_of", "base_equity", "base_equity_as_of", "flows", *_COUNTS)
_BENCHMARK: Kinds = {"benchmark": TEXT, "benchmark_price": NUMBER}
"""Missing in documents from before the cockpit had a benchmark."""
_ALWAYS: Kinds = {
    "day": DAY,
    **dict.fromkeys(("as_of", "base_at"), TIME),
    **dict.fromkeys(_COUNTS, COUNT),
    **dict.fromkeys(("history_json", "marks_json", "strategies_json", "day_json"), TEXT),
    "flows": NUMBER,
}
_OR_NULL: Kinds = {
    **dict.fromkeys(("equity", "base_equity"), NUMBER),
    **dict.fromkeys(("equity_as_of", "base_equity_as_of"), TIME),
}


def read_cockpit(document: Mapping[str, Any] | None) -> Cockpit | None:
    """Read what the last cycle stored; None without one. Raises InputError if it is damaged."""
    if document is None:
        return None
    check_fields(document, _ALWAYS, _BENCHMARK, or_null=_OR_NULL)
    texts = {}
    try:
        for name in ("history", "marks", "strategies", "day"):
            texts[name] = stored_json(document[f"{name}_json"])
        return Cockpit(
            **{name: document[name] for name in _AS_IS},
            benchmark=document.get("benchmark"),
            benchmark_price=document.get("benchmark_price"),
            history=_history(texts["history"]),
            marks={symbol: Mark(*one) for symbol, one in texts["marks"].items()},
            last_signals={name: one["last"] for name, one in texts["strategies"].items() if one["last"]},
            entries=tuple(texts["day"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError("cockpit", "what a cycle stored", str(error)) from error


def cockpit_document(cockpit: Cockpit, seen: CycleSeen) -> dict[str, Any]:
    """Return ``tenants/{t}/state/cockpit``."""
    policy, breaker = seen.policy, seen.breaker
    return {
        **{name: getattr(cockpit, name) for name in (*_AS_IS, *_BENCHMARK)},
        "session_id": seen.decision.session_id,
        "buying_power": seen.account.buying_power,
        "peak": breaker.peak,
        "day_start": breaker.day_start,
        "max_drawdown": policy.max_drawdown,
        "daily_loss_limit": policy.daily_loss_limit,
        "tripped_until": breaker.tripped_until,
        "tripped_by": None if breaker.reason_code is None else str(breaker.reason_code),
        "thresholds": [policy.sharpe_threshold_shadow, policy.sharpe_threshold_reduce],
        "min_data_points": policy.min_data_points,
        "max_input_age_seconds": policy.max_input_age_seconds,
        "on_drift": str(policy.on_drift),
        "history_json": _text(cockpit.history),
        "marks_json": _text({symbol: [m.price, m.base, m.is_held] for symbol, m in cockpit.marks.items()}),
        "strategies_json": _text(_strategies(cockpit, seen)),
        "day_json": _text(cockpit.entries),
    }


def _strategies(cockpit: Cockpit, seen: CycleSeen) -> dict[str, dict[str, Any]]:
    """Return what is known of each strategy besides its verdict, by name."""
    in_use = _in_use(seen)
    found = {}
    for name in (verdict.strategy_name for verdict in seen.decision.verdicts):
        state = seen.modes[name] if name in seen.modes else seen.standing[name].state
        found[name] = {
            "since": state.since.isoformat(),
            "until": None if state.until is None else state.until.isoformat(),
            "in_use": in_use.get(name, 0.0 if seen.book.is_open else None),
            "error": seen.standing[name].sharpe_error,
            "last": cockpit.last_signals.get(name),
        }
    return found


def _in_use(seen: CycleSeen) -> dict[str, float | None]:
    """Return what strategies' positions are worth, longs and shorts added up, USD; None without a price of one."""
    worth: dict[str, float | None] = defaultdict(float)
    for (name, symbol), one in seen.book.holdings.items() if seen.book.is_open else ():
        price, so_far = seen.prices.get(symbol), worth[name]
        worth[name] = None if price is None or so_far is None else so_far + abs(one.qty) * price
    return worth


def _history(entries: Sequence[Sequence[Any]]) -> tuple[Past, ...]:
    """Read the sessions that are over; those stored before the cockpit had a benchmark lack its price."""
    history = tuple((day, usd, flows, price[0] if price else None) for day, usd, flows, *price in entries)
    figures = (one for _, usd, flows, price in history for one in (usd, flows, 0 if price is None else price))
    if not all(map(math.isfinite, figures)):
        raise ValueError("not all figures of the sessions before today's are finite")
    if not all(isinstance(day, str) for day, *_ in history):  # the next session is compared with them
        raise ValueError("not all days of the sessions before today's are texts")
    return history


def _text(value: Any) -> str:
    """Return JSON with infinite figures as unknown: what only pages show must not make a cycle fail."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return _text(json.loads(json.dumps(value), parse_constant=lambda _: None))
