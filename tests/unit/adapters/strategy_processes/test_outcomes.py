"""What comes up from strategies is read with distrust; what goes down is plain."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.cloud.firestore import GeoPoint
from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.strategy_processes.inputs import pickled
from functions.adapters.strategy_processes.outcomes import read_outcome
from functions.adapters.strategy_processes.strategy_root import environment_for
from functions.domain.orchestration.signals import Action, parse_signal
from functions.sandbox.limits import Limits
from functions.sandbox.wire import from_plain, plain

LIMITS = Limits(5.0)
GOOD = {"action": "BUY", "ticker": "KO", "allocation": 0.2}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"answer": None},
        {"answer": "no JSON"},
        {"answer": "[1, 2]"},
        {"answer": "[" * 100_000},
        {"answer": json.dumps({"signal": "BUY"})},
        {"answer": json.dumps({"signal": None})},
        {"answer": json.dumps({"signal": {"$time": "never"}})},
        {"answer": json.dumps({"code": "SHARPE_HEALTHY", "error": "x"})},
        {"answer": json.dumps({"code": "no such code", "error": "x"})},
        {"answer": json.dumps({"signal": {**GOOD, "allocation": 7}})},
    ],
)
def test_what_no_strategy_can_have_answered_holds(message: dict[str, Any]) -> None:
    signal = read_outcome("Own", message, LIMITS)
    assert (signal.action, signal.reason_code) == (Action.HOLD, "MALFORMED_SIGNAL")


@pytest.mark.parametrize(
    ("message", "code", "error"),
    [
        ({"late": True}, "STRATEGY_TIMEOUT", "no answer within 5 s"),
        ({"ended": {"exit": 3}}, "STRATEGY_CRASHED", "it ended its process without an answer: exit code 3"),
        ({"ended": {"signal": 11}}, "STRATEGY_CRASHED", "it ended its process without an answer: signal 11 (SIGSEGV)"),
        ({"too_large": True}, "STRATEGY_ANSWER_TOO_LARGE", "its answer exceeds the size limit"),
    ],
)
def test_an_end_without_an_answer_is_told_by_its_reason(message: dict[str, Any], code: str, error: str) -> None:
    signal = read_outcome("Own", message, LIMITS)
    assert (signal.reason_code, signal.error) == (code, error)


@given(
    st.fixed_dictionaries(
        {
            "action": st.sampled_from(["BUY", "SELL", "HOLD", "WAIT", "close_all"]),
            "ticker": st.sampled_from(["KO", "BRK.B"]),
            "confidence": st.floats(0, 1),
            "reasoning": st.text(max_size=2500),
        },
        optional={
            "allocation": st.floats(0, 1),
            "qty": st.floats(0.01, 1e6),
            "stop": st.datetimes(timezones=st.just(UTC)),
        },
    )
)
def test_a_signal_comes_up_as_it_was_given(proposed: dict[str, Any]) -> None:
    if proposed["action"] == "BUY":
        proposed.setdefault("allocation", 0.1)
    given_ = parse_signal("Own", proposed)
    answer = json.dumps({"signal": plain(given_.to_proposal())})
    assert read_outcome("Own", {"answer": answer}, LIMITS) == given_


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["$time", "$pairs"]), inner),
        max_leaves=10,
    )
)
def test_plain_values_come_back_as_they_went(value: Any) -> None:
    assert from_plain(json.loads(json.dumps(plain(value)))) == value


def test_inputs_go_down_without_the_librarys_own_types() -> None:
    at = DatetimeWithNanoseconds(2026, 3, 2, 14, 30, tzinfo=UTC, nanosecond=123_456_789)  # type: ignore[no-untyped-call]
    body = pickled({"as_of": at, "where": GeoPoint(1.0, 2.0)}, {}, None, {"Own": {"positions": []}})
    assert b"google" not in body
    (market, account, regime), own = pickle.loads(body)
    assert market == {"as_of": datetime(2026, 3, 2, 14, 30, 0, 123_456, UTC), "where": (1.0, 2.0)}
    assert type(market["as_of"]) is datetime
    assert (account, regime, own) == ({}, None, {"Own": {"positions": []}})


def test_the_environment_below_is_a_short_list() -> None:
    host = {"PATH": "/bin", "WEBHOOK_SIGNING_KEY": "x", "GOOGLE_APPLICATION_CREDENTIALS": "x", "STRATEGY_KEY": "y"}
    below = environment_for(host)
    assert {"PATH", "STRATEGY_KEY", "OPENBLAS_NUM_THREADS"} <= below.keys()
    assert not {"WEBHOOK_SIGNING_KEY", "GOOGLE_APPLICATION_CREDENTIALS"} & below.keys()
