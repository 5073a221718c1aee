"""Who gets the model's summary, who keeps the text, and that a failure is one warning."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions import bootstrap
from functions.adapters import gemini
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.domain.kernel.errors import StoreUnavailable
from functions.domain.kernel.policy import Policy
from functions.domain.monitoring.ai_failure import FAILED
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.monitoring.ports import Answer, SummaryFailed
from functions.services.monitoring.summarise_decision import SummariseDecision
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.run_cycle import RunCycle
from functions.settings import read_settings
from functions.strategies import loader, wiring
from functions.strategies.maestro_controller import MaestroController
from tests.fakes import FakeClock, FakeCycleStore
from tools.lab.engine.simulated import CountedIds

TEXT = "Maestro weighed 0 strategies."


class Log:
    """`SummaryStore` of one decision."""

    def __init__(self, document: Document | None = None, *, is_down: bool = False) -> None:
        self.document = document
        self.is_down = is_down

    def read_decision(self, session_id: str) -> Versioned[Document | None]:
        if self.is_down:
            raise StoreUnavailable("reading failed")
        return Versioned(self.document, None if self.document is None else Version(1))

    def write_summary(self, session_id: str, fields: Document, version: Version | None) -> None:
        assert self.document is not None
        self.document = {**self.document, **fields}


class Model:
    def __init__(self, says: str | Callable[[], str] = "A calm day.") -> None:
        self.says = says
        self.asked = 0

    def ask(self, _: object) -> Answer:
        self.asked += 1
        return Answer(self.says if isinstance(self.says, str) else self.says(), "a-model", 1, 1)


def refuse() -> str:
    raise SummaryFailed("Vertex AI answered 503")


def fail_late() -> str:
    time.sleep(0.3)
    return refuse()


@pytest.fixture
def decision() -> MaestroDecision:
    async def propose(inputs: CycleInputs, policy: Policy) -> list[ProposedSignal]:
        return []

    cycle = RunCycle(FakeCycleStore(), FakeClock(), CountedIds(), OneCalendar(AlwaysOpen()))
    result = asyncio.run(cycle.run(CycleRequest(tenant_id="acme", propose=propose)))
    assert result is not None
    return replace(result.decision, ai_summary=TEXT)


def within(log: Log, model: Model, decision: MaestroDecision, seconds: float = 30.0) -> MaestroDecision:
    async def wait() -> MaestroDecision:
        return await SummariseDecision(log, model).run_within(seconds, decision)

    return asyncio.run(wait())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("is_logged", [True, False])
def test_a_caller_gets_the_models_summary_and_the_log_keeps_it(decision: MaestroDecision, is_logged: bool) -> None:
    log, model = Log(decision.to_firestore_doc() if is_logged else None), Model()
    summarised = within(log, model, decision)
    assert (summarised.ai_summary, summarised.ai_summary_source) == ("A calm day.", "gemini")
    if is_logged:
        assert within(log, model, decision).ai_summary == "A calm day."
        assert (log.document or {})["ai_summary_model"] == "a-model"
    assert within(log, model, summarised) == summarised
    assert model.asked == 1


@pytest.mark.parametrize(
    ("says", "is_down", "seconds", "reason"),
    [
        (refuse, False, 30.0, "Vertex AI answered 503"),
        ("``` \n", False, 30.0, "the answer is empty"),
        ("Fine.", True, 30.0, "reading failed"),
        (fail_late, False, 0.1, "no answer within 0.1 s"),
    ],
)
def test_a_failure_is_the_text_and_one_warning(
    decision: MaestroDecision,
    caplog: pytest.LogCaptureFixture,
    says: str | Callable[[], str],
    is_down: bool,
    seconds: float,
    reason: str,
) -> None:
    log = Log(decision.to_firestore_doc(), is_down=is_down)
    assert within(log, Model(says), decision, seconds) == decision  # closing the loop waits for the late one
    assert warnings(caplog) == [f"{FAILED}: {reason}"]
    assert (log.document or {})["ai_summary"] == TEXT


# Through the controller


class Controller(MaestroController):
    """What summarises needs no database here."""

    def __init__(self) -> None:
        self._db = None  # type: ignore[assignment]


def summary(decision: MaestroDecision) -> str:
    return asyncio.run(Controller().generate_ai_summary(decision))


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AI_SUMMARIES", "FIREBASE_PROJECT_ID", "GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("says", "expected"), [("A calm day.", "A calm day."), (refuse, TEXT)])
def test_the_controller_gives_the_models_summary_or_the_text(
    decision: MaestroDecision,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    says: str | Callable[[], str],
    expected: str,
) -> None:
    summarise = SummariseDecision(Log(decision.to_firestore_doc()), Model(says))
    monkeypatch.setattr(wiring, "inline_summaries", lambda *_: summarise)
    assert summary(decision) == expected
    assert len(warnings(caplog)) == (expected == TEXT)


def test_without_summaries_the_controller_gives_the_text_and_says_nothing(
    decision: MaestroDecision, no_settings: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert summary(decision) == TEXT
    assert not warnings(caplog)


# By the settings


def test_without_a_project_one_warning_says_what_to_set(
    no_settings: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert wiring.gemini() is None
    assert not warnings(caplog)
    no_settings.setenv("AI_SUMMARIES", "on")
    assert wiring.gemini() is None
    (said,) = warnings(caplog)
    assert "set FIREBASE_PROJECT_ID" in said
    no_settings.setenv("FIREBASE_PROJECT_ID", "demo-maestro")
    assert isinstance(wiring.gemini(), gemini.Gemini)
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(("is_emulated", "url"), [("true", "http://127.0.0.1:1"), ("false", None)])
def test_another_server_is_asked_in_the_emulator_only(
    no_settings: pytest.MonkeyPatch, is_emulated: str, url: str | None
) -> None:
    no_settings.setenv("AI_SUMMARIES", "on")
    no_settings.setenv("AI_BASE_URL", "http://127.0.0.1:1")
    no_settings.setenv("FUNCTIONS_EMULATOR", is_emulated)
    ai = read_settings().ai
    assert ai is not None
    assert ai.base_url == url


def test_the_deployed_loaders_ask_no_model_as_a_trigger_does(no_settings: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    no_settings.setattr(loader, "StrategyLoader", lambda *_, **named: given.update(named))
    no_settings.setattr(bootstrap, "firestore_client", lambda: None)
    no_settings.setattr(bootstrap, "settings", read_settings)
    bootstrap.strategy_loader.__wrapped__("acme")
    assert given["ai_summaries"] is False
