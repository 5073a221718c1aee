"""The API's routes that a trading client uses, as methods."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import httpx

from .errors import UNREADABLE, MalformedFill, MalformedFills, Unavailable
from .fill_batches import send_fills
from .models import Decision, Decisions, Fill, FillResult, Policy, Redemption, Signal, Signals, read
from .transport import Transport

T = TypeVar("T")

_CYCLE_SECONDS = 110.0
"""A cycle answers later than anything else."""


class MaestroClient:
    """
    A tenant's Maestro; threads may share it.

    Every method raises `MaestroApiError` or one of its leaves. Each request can be repeated: where a repeat would count
    twice, the same Idempotency-Key goes with every attempt.

    Parameters
    ----------
    api_url : str
        Everything before ``/v1``.
    auth : httpx.Auth
        Gives requests their ID token: a `SignIn`.
    timeout_seconds, retry_seconds : float
        How long one attempt may stay without an answer, and how long a request is tried in all.
    """

    def __init__(
        self, api_url: str, auth: httpx.Auth, *, timeout_seconds: float = 10.0, retry_seconds: float = 30.0
    ) -> None:
        self._transport = Transport(api_url, auth, timeout_seconds, retry_seconds)

    def __repr__(self) -> str:
        return f"MaestroClient({self._transport.base_url!r})"

    def __enter__(self) -> MaestroClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    def latest_signals(self) -> Signals:
        """Return the current session's signals. Raises NotFound before the first cycle."""
        answer = self._transport.send("GET", "signals/latest")
        return _guarded(lambda: read(Signals, answer | {"signals": _signals(answer)}))

    def redeem(self, nonce: str, idempotency_key: str | None = None) -> Redemption:
        """
        Claim a signal before trading it, once.

        A Redemption means: trade it, no other client will. Anything else means: do not.

        Parameters
        ----------
        idempotency_key : str, optional
            A caller that starts again with the same key gets the first answer again.

        Raises
        ------
        Refused, NotFound
            Do not trade it.
        Unavailable
            It is not known to be redeemed: ask again with the same key.
        """
        answer = self._transport.send("POST", f"signals/{nonce}/redeem", headers=_once(idempotency_key))
        return _guarded(lambda: read(Redemption, answer))

    def release(self, nonce: str) -> Redemption:
        """Release what a redeemed signal reserves and will not use; repeating it changes nothing."""
        answer = self._transport.send("POST", f"signals/{nonce}/release")
        return _guarded(lambda: read(Redemption, answer))

    def record_fills(self, fills: Sequence[Fill]) -> list[FillResult]:
        """
        Record fills and return what became of each, in order; sending them again changes nothing.

        Raises
        ------
        MalformedFills
            After all others were recorded: one bad fill keeps no other out of the ledger.
        """
        sent = send_fills(self._transport, fills)
        results = _guarded(lambda: [read(FillResult, one) for one in sent if not isinstance(one, MalformedFill)])
        malformed = [one for one in sent if isinstance(one, MalformedFill)]
        if malformed:
            raise MalformedFills(malformed, results)
        return results

    def put_account(
        self,
        as_of: datetime,
        *,
        equity: float | None,
        buying_power: float | None,
        cash: float | None = None,
        positions: Sequence[Mapping[str, Any]] = (),
        ledger_version: int | None = None,
    ) -> None:
        """
        Replace the account snapshot that cycles decide on, USD. Raises Refused if a newer one is stored.

        Parameters
        ----------
        equity, buying_power, cash : float or None
            As the broker says them, below 0 too; None where it says nothing, never 0.
        ledger_version : int, optional
            As an answer of the API said before the broker was asked: every fill up to there is in the figures.
        """
        body = {"as_of": as_of.isoformat(), "equity": equity, "buying_power": buying_power, "cash": cash}
        body |= {"ledger_version": ledger_version}
        self._transport.send("PUT", "account", body | {"positions": [dict(one) for one in positions]})

    def put_market_data(self, as_of: datetime, symbols: Mapping[str, Mapping[str, Any]]) -> None:
        """
        Replace the market data that cycles decide on. Raises Refused if newer data is stored.

        Parameters
        ----------
        symbols : mapping
            ``price`` and, where known, ``volume`` and ``history``, by symbol: daily closes of the sessions before the
            price's own, oldest first; or, for all symbols alike, with the price itself as the last one.
        """
        body = {"as_of": as_of.isoformat(), "symbols": {name: dict(quote) for name, quote in symbols.items()}}
        self._transport.send("PUT", "market-data", body)

    def run_orchestration(self, idempotency_key: str | None = None) -> tuple[Decision, dict[str, Signal]]:
        """Run a cycle now; its signals replace those of the session before."""
        answer = self._transport.send(
            "POST", "orchestrations", headers=_once(idempotency_key), timeout_seconds=_CYCLE_SECONDS
        )
        return _guarded(lambda: (read(Decision, answer["decision"]), _signals(answer)))

    def decisions(self, limit: int = 20, page_token: str | None = None) -> Decisions:
        """Return decisions, newest first."""
        answer = self._transport.send("GET", "decisions", limit=limit, page_token=page_token)
        return _guarded(
            lambda: Decisions(
                items=tuple(read(Decision, one) for one in answer["items"]), next_page_token=answer["next_page_token"]
            )
        )

    def policy(self) -> Policy:
        """Return the tenant's policy; `put_policy` takes its version."""
        answer = self._transport.send("GET", "policy")
        return _guarded(lambda: read(Policy, answer))

    def put_policy(self, settings: Mapping[str, Any], version: int, idempotency_key: str | None = None) -> Policy:
        """Replace everything the tenant sets. Raises Refused if the policy no longer has this version."""
        headers = _once(idempotency_key) | {"If-Match": f'"{version}"'}
        answer = self._transport.send("PUT", "policy", dict(settings), headers=headers)
        return _guarded(lambda: read(Policy, answer))

    def set_trading_state(
        self, state: str, reason: str, until: datetime | None = None, idempotency_key: str | None = None
    ) -> Policy:
        """Turn the kill switch to RUN, REDUCE_ONLY or HALT, and say why."""
        body = {"state": state, "reason": reason, "until": until.isoformat() if until else None}
        answer = self._transport.send("PUT", "trading-state", body, headers=_once(idempotency_key))
        return _guarded(lambda: read(Policy, answer))


def _once(idempotency_key: str | None) -> dict[str, str]:
    """Return the header that every attempt of one request carries, so that it is done once."""
    return {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}


def _signals(answer: Mapping[str, Any]) -> dict[str, Signal]:
    return {name: read(Signal, signal) for name, signal in answer["signals"].items()}


def _guarded(reading: Callable[[], T]) -> T:
    """Read an answer. Raises Unavailable if it is not what the API's document says."""
    try:
        return reading()
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise Unavailable(200, UNREADABLE, f"the answer is not what was expected: {error}") from error
