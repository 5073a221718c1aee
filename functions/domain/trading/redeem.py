"""
Whether a signal may be redeemed: once, by the first client, while it may be traded.

Every rule here is pure. That exactly one of many clients wins, and that reservations never exceed the buying power,
follows from these rules and one property of the store: each commits over the ``state/session`` it read, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.policy import Policy, TradingState
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.orchestration.signals import Action
from functions.domain.track_record.breakers import BreakerState
from functions.domain.trading.exit_sizes import Sizes, sizes_now
from functions.domain.trading.redemption import Redemption, RedemptionStatus, intent_of
from functions.domain.trading.reservations import CurrentSession, Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A client's request to redeem a signal."""

    tenant_id: str
    uid: str
    nonce: str
    idempotency_key: str | None = None
    now: datetime


def redeem(
    claim: Claim,
    signal: Mapping[str, Any],
    expires_at: datetime,
    policy: Policy | None,
    current: CurrentSession,
    book: PositionBook,
    drifts: Drifts = NO_DRIFT,
) -> tuple[Redemption, Reservation]:
    """
    Redeem a signal of the current session.

    Parameters
    ----------
    signal : mapping
        As issued.
    policy : Policy or None
        The tenant's current one; None if it cannot be read.
    book : PositionBook
        The tenant's current one: what an exit may still trade.
    drifts : Drifts, optional
        Current differences between broker and books.

    Raises
    ------
    RefusedError
        If the signal is not a trade, has expired or is halted, if buying power does not cover it, or if nothing is left
        to exit.
    """
    intent, action, mode = intent_of(signal), Action(signal["action"]), str(signal["mode"])
    name = signal["strategy_name"]
    _check_trade(name, action, mode, expires_at, claim.now)
    notional, sizes = 0.0, Sizes()
    if intent is Intent.ENTRY:
        _check_new_exposure(name, action, policy, current.breaker, claim.now)
        _check_drift(signal["ticker"], policy, drifts)
        notional = _covered_notional(signal, current, claim.now)
    else:
        sizes = sizes_now(signal, KnownPositions(book.of(name), {}, claim.now))
    ttl = timedelta(seconds=(policy or Policy()).reservation_ttl_seconds)
    redemption = Redemption(
        nonce=claim.nonce,
        status=RedemptionStatus.RESERVED,
        tenant_id=claim.tenant_id,
        uid=claim.uid,
        session_id=str(current.session_id),
        agent_id=signal["agent_id"],
        strategy_id=name,
        action=action,
        symbol=signal["ticker"],
        mode=mode,
        allocation=float(signal["allocation"]),
        notional=notional,
        redeemed_at=claim.now,
        lapses_at=claim.now + ttl,
        intent=intent,
        max_qty=sizes.qty,
        max_qty_by_symbol=sizes.by_symbol,
        idempotency_key=claim.idempotency_key,
        expires_at=expires_at,
    )
    return redemption, Reservation(notional, redemption.lapses_at)


def _check_trade(name: str, action: Action, mode: str, expires_at: datetime, now: datetime) -> None:
    """Refuse what is no trade, or no longer one."""
    if action is Action.HOLD:
        raise RefusedError(ReasonCode.NOT_REDEEMABLE, f"{name} says HOLD: there is nothing to trade")
    if mode not in {AgentMode.ACTIVE, AgentMode.REDUCED}:
        raise RefusedError(ReasonCode.NOT_REDEEMABLE, f"{name} is in {mode}: trade its signals on paper only")
    if now >= expires_at:
        raise RefusedError(
            ReasonCode.SIGNAL_EXPIRED, f"expired at {expires_at.isoformat()}: ask for the latest signals"
        )


def _check_new_exposure(name: str, action: Action, policy: Policy | None, breaker: BreakerState, now: datetime) -> None:
    """Refuse an entry that policy or breaker forbid now; both may have changed since the signal was issued."""
    if policy is None:
        raise RefusedError(ReasonCode.MALFORMED_POLICY, "the policy cannot be read: no new exposure until it is fixed")
    state = policy.at(now).trading_state
    if state is TradingState.HALT:
        raise RefusedError(ReasonCode.TRADING_HALTED, "trading is halted: exits only")
    if state is TradingState.REDUCE_ONLY:
        raise RefusedError(ReasonCode.REDUCE_ONLY, "trading state is REDUCE_ONLY: exits only")
    if breaker.is_tripped(now) and breaker.reason_code is not None:
        raise RefusedError(breaker.reason_code, f"{breaker.detail}: exits only")
    if action is Action.SELL and not policy.allow_shorts:
        raise RefusedError(ReasonCode.SHORTS_NOT_ALLOWED, f"{name} would open a short: allow_shorts is off")
    until = policy.disabled_strategies.get(name, now)
    if until is None or until > now:
        raise RefusedError(ReasonCode.DISABLED_BY_POLICY, f"{name} was disabled since the signal was issued")


def _check_drift(symbol: str, policy: Policy | None, drifts: Drifts) -> None:
    """Refuse an entry that is held until broker and books agree."""
    why = drifts.reason_to_hold(symbol, policy or Policy())
    if why is not None:
        raise RefusedError(ReasonCode.BOOK_DRIFT, f"{why}: exits only")


def _covered_notional(signal: Mapping[str, Any], current: CurrentSession, now: datetime) -> float:
    notional = signal.get("notional")
    if notional is None or current.buying_power.usd is None:
        raise RefusedError(ReasonCode.BUYING_POWER_UNKNOWN, "no account snapshot states buying_power: send one")
    if not current.has_room_for(notional, now):
        left = max(0.0, current.buying_power.usd - current.held(now))
        raise RefusedError(
            ReasonCode.INSUFFICIENT_BUYING_POWER,
            f"the signal needs {notional:.2f} USD, {left:.2f} USD of buying power are left",
        )
    return float(notional)


def check_repeat(
    redemption: Redemption,
    claim: Claim,
    policy: Policy | None,
    breaker: BreakerState,
    drifts: Drifts = NO_DRIFT,
) -> Redemption:
    """
    Return the first answer to the same request; refuse others, as a nonce is redeemed once.

    A released redemption is refused. So is an entry that was withdrawn since, being halted, expired or lapsed:
    ENTRY_WITHDRAWN says what is held and how to release it. An exit is never withdrawn.

    Raises
    ------
    RefusedError
    """
    is_same = claim.idempotency_key is not None and claim.idempotency_key == redemption.idempotency_key
    is_released = redemption.status is RedemptionStatus.RELEASED
    if not is_same or claim.uid != redemption.uid or is_released:
        raise RefusedError(
            ReasonCode.ALREADY_REDEEMED,
            f"nonce {shown_nonce(claim.nonce)}… was redeemed at {redemption.redeemed_at.isoformat()}"
            f"{' and released' if is_released else ''}: do not trade it",
        )
    why = None if not redemption.is_entry else _withdrawn(redemption, policy, breaker, drifts, claim.now)
    if why is not None:
        held = 0.0 if claim.now >= redemption.lapses_at else redemption.unfilled
        raise RefusedError(
            ReasonCode.ENTRY_WITHDRAWN,
            f"you redeemed {redemption.action} {redemption.symbol}, but {why}: if no order was sent, send none and "
            f"release it; it holds {held:.2f} USD until {redemption.lapses_at.isoformat()}",
        )
    return replace(redemption, status=RedemptionStatus.RESERVED, **_UNTOUCHED)


def _withdrawn(
    redemption: Redemption, policy: Policy | None, breaker: BreakerState, drifts: Drifts, now: datetime
) -> str | None:
    """Return why a redeemed entry must no longer be traded; None if it may be."""
    if now >= redemption.lapses_at:
        return f"it lapsed at {redemption.lapses_at.isoformat()}"
    if redemption.expires_at is not None and now >= redemption.expires_at:
        return f"it expired at {redemption.expires_at.isoformat()}"
    try:
        _check_new_exposure(redemption.strategy_id, redemption.action, policy, breaker, now)
        _check_drift(redemption.symbol, policy, drifts)
    except RefusedError as refused:
        return refused.detail
    return None


_UNTOUCHED: Mapping[str, Any] = {
    "filled_qty": 0.0,
    "filled_notional": 0.0,
    "fills": 0,
    "filled_at": None,
    "released_at": None,
}
"""Fields of a redemption at creation."""
