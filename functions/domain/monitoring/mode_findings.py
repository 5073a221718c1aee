"""Findings in the modes of strategies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.decision import logged_verdicts

Document = Mapping[str, Any]


def mode_conditions(last: Document, new: Sequence[Document]) -> Iterator[Finding]:
    """
    Yield strategies below ACTIVE; a finding is new if an unchecked decision moved it there.

    A strategy that only rose yields none, even in REDUCED: an earlier warning of its fall ends with the promotion.
    """
    fell = {name: verdict for decision in new for name, verdict in _moved(decision, is_up=False)}
    rose = {name for decision in new for name, _ in _moved(decision, is_up=True)} - set(fell)
    for held in logged_verdicts(last):
        mode, name = AgentMode(held["mode"]), held["strategy_name"]
        if mode not in {AgentMode.REDUCED, AgentMode.SHADOW_MODE} or name in rose:
            continue
        move = fell.get(name, held)  # the decision that moved it has the reason; the last one may only keep it there
        verdict = move if move["mode"] == mode else held
        yield Finding(
            f"mode:{name}",
            AlertKind.MODE_DOWN,
            Severity.WARNING,
            f"⚠️ {name} moved to {mode} (Sharpe: {_sharpe(verdict)})",
            str(verdict.get("reasoning", "")),
            is_new=name in fell,
            variant=str(mode),
            fields={"strategy_name": name, "session_id": last["session_id"]},
        )


def promotions(decision: Document) -> Iterator[Finding]:
    for name, verdict in _moved(decision, is_up=True):
        yield Finding(
            f"mode-up:{decision['session_id']}:{name}",
            AlertKind.MODE_UP,
            Severity.INFO,
            f"✅ {name} moved up to {verdict['mode']} (Sharpe: {_sharpe(verdict)})",
            str(verdict.get("reasoning", "")),
            is_event=True,
            fields={"strategy_name": name, "session_id": decision["session_id"]},
        )


def _moved(decision: Document, *, is_up: bool) -> Iterator[tuple[str, Document]]:
    for verdict in logged_verdicts(decision):
        before = verdict.get("previous_mode")
        if before is not None and before != verdict["mode"]:
            rose = WEIGHTS[AgentMode(verdict["mode"])] > WEIGHTS[AgentMode(before)]
            if rose == is_up:
                yield verdict["strategy_name"], verdict


def _sharpe(verdict: Document) -> str:
    sharpe = verdict.get("sharpe_ratio")
    return "n/a" if sharpe is None else f"{sharpe:.2f}"
