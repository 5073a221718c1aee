"""What strategies may return, and what becomes of everything else."""

from __future__ import annotations

import enum
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import SignalError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import MAX_REASONING_CHARACTERS, Action, parse_signal, read_signal

BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.4}


class Word(enum.Enum):
    SELL = "SELL"


class WithToDict:
    def to_dict(self) -> dict[str, Any]:
        return {**BUY, "symbol": "PEP", "ticker": None}


class Broken:
    def to_dict(self) -> dict[str, Any]:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("proposed", "action", "ticker", "allocation"),
    [
        (BUY, Action.BUY, "KO", 0.4),
        (WithToDict(), Action.BUY, "PEP", 0.4),
        ({"action": " buy ", "symbol": "KO", "allocation": "0.25"}, Action.BUY, "KO", 0.25),
        ({"action": "WAIT"}, Action.HOLD, "", 0.0),
        ({"action": "CLOSE_ALL"}, Action.SELL, "", 1.0),
        ({"action": Word.SELL, "ticker": "KO"}, Action.SELL, "KO", 1.0),
        ({"action": "SELL", "ticker": "KO", "allocation": 0.5}, Action.SELL, "KO", 0.5),
        ({"action": "SELL", "ticker": " KO "}, Action.SELL, "KO", 1.0),
        ({"action": "SELL", "ticker": "  "}, Action.SELL, "", 1.0),
    ],
)
def test_accepted(proposed: Any, action: Action, ticker: str, allocation: float) -> None:
    signal = parse_signal("A", proposed)
    assert (signal.action, signal.ticker, signal.allocation) == (action, ticker, allocation)


@pytest.mark.parametrize(
    ("proposed", "message"),
    [
        (None, "signal must be a mapping or an object with to_dict(), was None"),
        (42, "signal must be a mapping or an object with to_dict(), was 42"),
        (Broken(), "to_dict() must be able to run, was 'RuntimeError: no'"),
        ({}, "action must be one of BUY, SELL, HOLD, WAIT, CLOSE_ALL, was None"),
        ({**BUY, "action": "YOLO"}, "action must be one of BUY, SELL, HOLD, WAIT, CLOSE_ALL, was 'YOLO'"),
        ({**BUY, "allocation": math.nan}, "allocation must be a number from 0 to 1, was nan"),
        ({**BUY, "allocation": math.inf}, "allocation must be a number from 0 to 1, was inf"),
        ({**BUY, "allocation": -0.1}, "allocation must be a number from 0 to 1, was -0.1"),
        ({**BUY, "allocation": 1.01}, "allocation must be a number from 0 to 1, was 1.01"),
        ({**BUY, "allocation": True}, "allocation must be a number from 0 to 1, was True"),
        ({**BUY, "allocation": None}, "allocation must be a number from 0 to 1, was None"),
        ({**BUY, "confidence": "high"}, "confidence must be a number from 0 to 1, was 'high'"),
        ({**BUY, "ticker": " "}, "ticker must be a symbol of 1 to 32 printable characters, was ''"),
        ({**BUY, "ticker": ""}, "ticker must be a symbol of 1 to 32 printable characters, was ''"),
        ({**BUY, "ticker": "K" * 33}, f"ticker must be a symbol of 1 to 32 printable characters, was '{'K' * 33}'"),
        ({**BUY, "ticker": "\ud800"}, "ticker must be a symbol of 1 to 32 printable characters, was '\\ud800'"),
    ],
)
def test_refused_by_field_limit_and_value(proposed: Any, message: str) -> None:
    with pytest.raises(SignalError) as caught:
        parse_signal("A", proposed)
    assert str(caught.value) == message
    held = read_signal("A", proposed)
    assert (held.action, held.error, held.reason_code) == (Action.HOLD, message, ReasonCode.MALFORMED_SIGNAL)


def test_ten_megabytes_of_reasoning_are_cut_and_say_so() -> None:
    signal = parse_signal("A", {**BUY, "reasoning": "x" * 10_000_000})
    assert signal.reasoning == "x" * MAX_REASONING_CHARACTERS + "… (10000000 characters)"


def test_a_strategys_own_fields_are_kept_but_maestros_cannot_be_forged() -> None:
    forged = {"nonce": "f" * 32, "mode": "ACTIVE", "override_reason": "trust me", "error": None}
    signal = parse_signal("A", {**BUY, "stop_price": 41.5, **forged})
    assert signal.extras == {"stop_price": 41.5}
    assert signal.to_dict()["stop_price"] == 41.5


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("action", "ticker", "symbol", "allocation", "confidence", "reasoning"), anything)
)


@given(anything | fields | fields.map(lambda values: {**values, "action": "BUY"}))
def test_whatever_comes_in_a_usable_signal_comes_out(proposed: Any) -> None:
    signal = read_signal("A", proposed)
    assert 0 <= signal.allocation <= 1
    assert 0 <= signal.confidence <= 1
    assert (signal.error is None) == (signal.reason_code is None)
