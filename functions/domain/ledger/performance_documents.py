"""Performance documents of a day and a month: their field names are a contract with users."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from functions.domain.kernel.book_names import book_of
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.stored_fields import COUNT, NUMBER, TEXT, TEXTS, Kinds, check_fields
from functions.domain.ledger.books import PeriodResult
from functions.domain.ledger.periods import Period
from functions.domain.track_record import statistics
from functions.domain.track_record.daily_returns import COST_SUMS, BaseSource, check_daily, day_of, session_of
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns

SOURCE = "ledger_trades_fifo"
_OF_MONTH: Kinds = {
    **dict.fromkeys(("uid", "strategy_id"), TEXT),
    **dict.fromkeys(("pnl", "realized_pnl", "unrealized_pnl", "fees", "capital_base", "return_fraction"), NUMBER),
    "fills": COUNT,
    "stale_marks": TEXTS,
}
"""Fields of a daily document that a month adds up."""
_LATER_SUMS = ("income", *COST_SUMS)
"""Further ones, which older days lack."""
_OF_RESULT = ("uid", "strategy_id", "realized_pnl", "unrealized_pnl", "pnl", "fees", "fills", *_LATER_SUMS)
_LABELS = {"day": "session", "month": "month"}
"""Field with the period's label, by kind of period."""


def snapshot_document(
    tenant_id: str, result: PeriodResult, period: Period, capital_base: float, computed_at: datetime
) -> dict[str, Any]:
    """Return one (uid, strategy)'s performance document of a period."""
    figures = {name: getattr(result, name) for name in _OF_RESULT}
    return figures | {
        "tenant_id": tenant_id,
        "period": period.kind,
        _LABELS[period.kind]: period.label,
        "period_start": period.start,
        "period_end": period.end,
        "stale_marks": list(result.stale_marks),
        "capital_base": capital_base,
        "return_fraction": result.pnl / capital_base,
        "book": book_of(result.uid),
        "computed_at": computed_at,
        "source": SOURCE,
    }


def day_document(
    tenant_id: str, result: PeriodResult, period: Period, base: tuple[float, BaseSource], computed_at: datetime
) -> dict[str, Any]:
    """
    Return one (uid, strategy)'s performance document of a session, with the inputs of its return.

    Parameters
    ----------
    base : tuple
        The capital base, USD, and its source: `functions.domain.ledger.capital.capital_base`.
    """
    capital, (usd, source) = result.capital, base
    return snapshot_document(tenant_id, result, period, usd, computed_at) | {
        "is_active": capital.is_active,
        "capital_source": str(source),
        "capital_in_use": capital.in_use,
        "capital_long": capital.long,
        "capital_granted": capital.granted,
        "flows": result.flows,
    }


def label_of(document: Mapping[str, Any]) -> str:
    """
    Return the label of a performance document's period.

    Documents from before labels were stored have calendar bounds, UTC.
    """
    if document["period"] == "day":
        return day_of(document).isoformat()
    start: datetime = document["period_start"]
    return str(document.get("month") or f"{start:%Y-%m}")


def mode_at_end(state: ModeState | None, period: Period, before: Mapping[str, Any] | None) -> str | None:
    """
    Return a strategy's mode at the end of a day; None if it is no longer known.

    Parameters
    ----------
    state : ModeState or None
        Its mode now.
    before : mapping or None
        The day's document, if it was computed before: its mode is kept.
    """
    if state is not None and state.since < period.end:
        return str(state.mode)
    return None if before is None else before.get("mode")


def check_day_of_month(document: Mapping[str, Any]) -> None:
    """Raise InputError if a stored daily document lacks a field that a month adds up."""
    check_daily(document, _OF_MONTH)
    check_fields(document, {}, dict.fromkeys(_LATER_SUMS, NUMBER))


def result_of_days(uid: str, strategy_id: str, days: Sequence[Mapping[str, Any]]) -> PeriodResult:
    """Return the sums of one (uid, strategy)'s daily documents, oldest first, at least one."""
    last = days[-1]

    def total(name: str) -> float:
        return math.fsum(day.get(name) or 0.0 for day in days)

    return PeriodResult(
        uid,
        strategy_id,
        realized_pnl=total("realized_pnl"),
        unrealized_pnl=last["unrealized_pnl"],
        pnl=total("pnl"),
        fees=total("fees"),
        fills=sum(day["fills"] for day in days),
        stale_marks=tuple(last["stale_marks"]),
        income=total("income"),
        turnover=total("turnover"),
        trading_fees=total("trading_fees"),
        slippage=total("slippage"),
    )


def month_statistics(days: Sequence[Mapping[str, Any]], policy: Policy) -> dict[str, Any]:
    """
    Return a month's statistics from its daily documents, oldest first; None where undefined.

    The month's return compounds its days, and its capital base is that of its first active day. The Sharpe ratio and
    its probability need as many active days as the policy requires as evidence.
    """
    sessions, year = SessionReturns.of(session_of([day]) for day in days), policy.periods_a_year
    returns, active = sessions.returns, sessions.active_sessions
    excess = sessions.where(active >= policy.min_data_points).excess(policy.risk_free_rate, year)
    figures = {
        "sharpe_ratio": statistics.sharpe_ratio(excess, periods_a_year=year),
        "probabilistic_sharpe_ratio": statistics.probabilistic_sharpe_ratio(
            excess, periods_a_year=year, observations=active
        ),
        "volatility": statistics.volatility(returns, periods_a_year=year),
        "max_drawdown": statistics.max_drawdown(returns),
        "win_rate": statistics.win_rate(returns),
    }
    known: dict[str, Any] = {name: None if math.isnan(figure) else float(figure) for name, figure in figures.items()}
    known |= {"trading_days": len(days), "active_days": int(active)}
    if not days:
        return known
    first = days[int(np.argmax(sessions.is_active))]
    return known | {"return_fraction": float(statistics.total_return(returns)), "capital_base": first["capital_base"]}
