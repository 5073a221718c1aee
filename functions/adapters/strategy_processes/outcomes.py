"""Read strategies' outcomes from the sandbox as signals; nothing from there is trusted to be well-formed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from functions.adapters.strategy_processes.loading import ending_in_words
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import (
    MAX_REASONING_CHARACTERS,
    ProposedSignal,
    failed_signal,
    read_signal,
)
from functions.sandbox.limits import Limits
from functions.sandbox.wire import from_plain

_CODES = frozenset(
    {
        ReasonCode.STRATEGY_ERROR,
        ReasonCode.STRATEGY_MEMORY,
        ReasonCode.STRATEGY_ANSWER_TOO_LARGE,
        ReasonCode.MALFORMED_SIGNAL,
    }
)
"""What a strategy's own process may report."""
_WORDS_OF_A_CUT = 40
"""Room for the length that ``shortened`` appends: text cut in the sandbox is not cut again."""


def read_outcome(name: str, message: Mapping[str, Any], limits: Limits) -> ProposedSignal:
    """Return one strategy's signal from its runner's message; anything wrong becomes HOLD."""
    if "late" in message:
        return failed_signal(name, f"no answer within {limits.seconds:g} s", ReasonCode.STRATEGY_TIMEOUT)
    if "too_large" in message:
        return failed_signal(name, "its answer exceeds the size limit", ReasonCode.STRATEGY_ANSWER_TOO_LARGE)
    if "ended" in message:
        text = f"it ended its process without an answer: {ending_in_words(message['ended'])}"
        return failed_signal(name, text, ReasonCode.STRATEGY_CRASHED)
    try:
        return _read_answer(name, json.loads(message["answer"]))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return failed_signal(name, "its process sent a malformed answer", ReasonCode.MALFORMED_SIGNAL)


def ended_its_runner(name: str) -> ProposedSignal:
    """Return the signal of a strategy that ended its cycle's process twice."""
    return failed_signal(name, "it ended the process that runs it", ReasonCode.STRATEGY_CRASHED)


def _read_answer(name: str, answer: Mapping[str, Any]) -> ProposedSignal:
    if "signal" not in answer:
        code = ReasonCode(answer["code"])
        if code not in _CODES:
            raise ValueError(code)
        return failed_signal(name, str(answer["error"]), code)
    proposal = from_plain(answer["signal"])
    reasoning = proposal.pop("reasoning", "")
    signal = read_signal(name, proposal)
    if signal.error is not None:
        return signal
    return replace(signal, reasoning=str(reasoning)[: MAX_REASONING_CHARACTERS + _WORDS_OF_A_CUT])
