"""A strategy's proposals, validated on entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from functions.domain.kernel.book_names import check_strategy_name
from functions.domain.kernel.errors import SignalError, described, shortened
from functions.domain.kernel.parsing import as_number
from functions.domain.kernel.reasons import ReasonCode


class Action(StrEnum):
    """A signal's action; its intent says whether it is an entry or an exit."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"


ACTION_ALIASES: Mapping[str, Action] = {"WAIT": Action.HOLD, "CLOSE_ALL": Action.SELL}
MAX_REASONING_CHARACTERS = 2000
MAX_TICKER_CHARACTERS = 32
COROUTINE_ANSWER = "evaluate returned a coroutine: declare it async"
STAMPED_FIELDS = frozenset(
    {
        *("strategy_name", "mode", "original_allocation", "weight_multiplier", "sharpe_ratio", "notional"),
        *("reason_code", "reason_codes", "override_reason", "original_action", "error"),
        *("agent_id", "nonce", "session_id", "identity_timestamp", "expires_at"),
        *("intent", "max_qty", "max_qty_by_symbol"),
    }
)
"""Fields that only Maestro writes; a strategy's values under these names are dropped."""
_PROPOSED_FIELDS = frozenset({"action", "ticker", "symbol", "allocation", "confidence", "reasoning", "exit_only"})
PLAIN_FIELDS = _PROPOSED_FIELDS | STAMPED_FIELDS
"""Every field of a signal that has a meaning to Maestro."""


@dataclass(frozen=True, slots=True)
class ProposedSignal:
    """One strategy's proposal for one cycle."""

    strategy_name: str
    action: Action
    ticker: str = ""
    allocation: float = 0.0
    """Fraction of buying power, 0 to 1; for a SELL, of the position."""
    confidence: float = 0.0
    """0 to 1."""
    reasoning: str = ""
    error: str | None = None
    """Why the proposal became HOLD before any rule."""
    reason_code: ReasonCode | None = None
    """The code that goes with ``error``."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """The strategy's own further fields, passed on unchanged."""
    qty: float | None = None
    """Units given besides the allocation: the size of a covering BUY; a SELL of more than is held flips."""
    is_sized: bool = False
    """Whether the strategy gave the allocation: only such a SELL can open a short."""
    closes: bool = False
    """Whether it was CLOSE_ALL: exit the position, long or short."""

    def to_dict(self) -> dict[str, Any]:
        """Return the plain signal, as a strategy would write it."""
        plain: dict[str, Any] = dict(self.extras)
        for name in ("action", "ticker", "allocation", "confidence", "reasoning"):
            plain[name] = getattr(self, name)
        plain["action"] = str(self.action)
        if self.error is not None:
            plain |= {"error": self.error, "reason_code": str(self.reason_code)}
        return plain

    def to_proposal(self) -> dict[str, Any]:
        """Return the fields that `parse_signal` reads as this signal again, if its reasoning was not cut."""
        return {
            **self.extras,
            "action": "CLOSE_ALL" if self.closes else str(self.action),
            "ticker": self.ticker,
            "allocation": self.allocation,
            "exit_only": not self.is_sized,
            "confidence": self.confidence,
            "reasoning": self.reasoning,
        }


def failed_signal(strategy_name: str, error: str, reason_code: ReasonCode) -> ProposedSignal:
    """Return the HOLD for a strategy without a usable answer."""
    error = shortened(error, MAX_REASONING_CHARACTERS)
    return ProposedSignal(strategy_name, Action.HOLD, reasoning=error, error=error, reason_code=reason_code)


def parse_signal(strategy_name: str, proposed: Any) -> ProposedSignal:
    """
    Read what a strategy returned.

    Parameters
    ----------
    proposed : mapping, or an object with ``to_dict()``
        ``symbol`` is read as ``ticker``, WAIT as HOLD, CLOSE_ALL as SELL; a SELL without allocation leaves the
        whole position; one with ``exit_only`` never opens a short. ``qty`` is used if it is a number above 0.

    Raises
    ------
    SignalError
        If it is not a signal; names the field, the limit and the value.
    """
    check_strategy_name(strategy_name, SignalError)
    values = _as_mapping(proposed)
    action = parse_action(values.get("action"))
    default_allocation = {Action.SELL: 1.0, Action.HOLD: 0.0}.get(action)
    reasoning = values.get("reasoning")
    return ProposedSignal(
        strategy_name,
        action,
        _ticker(values, is_required=action is Action.BUY),
        _fraction("allocation", values.get("allocation"), default_allocation),
        _fraction("confidence", values.get("confidence"), 0.0),
        "" if reasoning is None else shortened(str(reasoning), MAX_REASONING_CHARACTERS),
        extras={
            str(name): value
            for name, value in values.items()
            if name not in _PROPOSED_FIELDS and name not in STAMPED_FIELDS
        },
        qty=qty if (qty := as_number(values.get("qty"))) is not None and qty > 0 else None,
        is_sized=values.get("allocation") is not None and values.get("exit_only") is not True,
        closes=_word(values.get("action")) == "CLOSE_ALL",
    )


def read_signal(strategy_name: str, proposed: Any) -> ProposedSignal:
    """
    Read what a strategy returned; a malformed answer becomes HOLD with its error.

    Its values may be objects of the strategy's own classes: exceptions of their ``__str__`` or ``__float__`` are the
    strategy's errors.
    """
    try:
        return parse_signal(strategy_name, proposed)
    except SignalError as error:
        return failed_signal(strategy_name, str(error), ReasonCode.MALFORMED_SIGNAL)
    except Exception as error:  # noqa: BLE001 - the strategy's own code: any exception makes its answer unusable
        return failed_signal(strategy_name, f"its answer cannot be read: {described(error)}", ReasonCode.STRATEGY_ERROR)


def parse_action(value: Any) -> Action:
    """Read an action, its aliases and any case. Raises SignalError."""
    word = _word(value)
    if word in ACTION_ALIASES:
        return ACTION_ALIASES[word]
    if word in Action.__members__:
        return Action[word]
    raise SignalError("action", "one of BUY, SELL, HOLD, WAIT, CLOSE_ALL", value)


def _word(value: Any) -> str:
    word = value.value if isinstance(value, Enum) else value
    return word.strip().upper() if isinstance(word, str) else ""


def _as_mapping(proposed: Any) -> Mapping[str, Any]:
    if not isinstance(proposed, Mapping) and callable(getattr(proposed, "to_dict", None)):
        try:
            proposed = proposed.to_dict()
        except Exception as error:  # the strategy's own code: any exception makes its answer unusable
            raise SignalError("to_dict()", "able to run", f"{type(error).__name__}: {error}") from error
    if not isinstance(proposed, Mapping):
        raise SignalError("signal", "a mapping or an object with to_dict()", proposed)
    return proposed


def _ticker(values: Mapping[str, Any], *, is_required: bool) -> str:
    ticker = values.get("ticker") or values.get("symbol") or ""
    ticker = ticker.strip() if isinstance(ticker, str) else ticker
    is_text = isinstance(ticker, str) and len(ticker) <= MAX_TICKER_CHARACTERS and ticker.isprintable()
    if not is_text or (is_required and not ticker):
        raise SignalError("ticker", f"a symbol of 1 to {MAX_TICKER_CHARACTERS} printable characters", ticker)
    return str(ticker)


def _fraction(name: str, value: Any, default: float | None) -> float:
    value = default if value is None else value
    number = as_number(value)
    if number is None or not 0 <= number <= 1:
        raise SignalError(name, "a number from 0 to 1", value)
    return number
