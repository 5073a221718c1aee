"""Gemini against a real server that speaks Vertex AI's REST shape: well, slow, dripping, refusing, broken, unsafe."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.summary_store import FirestoreSummaryStore
from functions.adapters.gemini import Gemini, host_of
from functions.domain.monitoring.ai_failure import FAILED
from functions.domain.monitoring.ai_prompt import Prompt
from functions.services.monitoring import summarise_decision
from functions.services.monitoring.ports import SummaryFailed
from functions.services.monitoring.summarise_decision import SummariseDecision
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController

PROMPT = Prompt("Be brief.", "a secret question")
ROOMY_SECONDS = 60.0
"""The first answer waits until the client is imported …"""
TIGHT_SECONDS = 2.0
"""… and only what is about time need not."""
Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One request to the model."""

    behaviour: Behaviour
    asked: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path.partition("?")[0], body))
        try:
            type(self).behaviour(self)
        except (BrokenPipeError, ConnectionResetError):
            return  # the client gave up, as it should

    def say(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def answer(text: str | None = "Calm **day**.", ending: str | int = "STOP", **fields: Any) -> bytes:
    candidate: dict[str, Any] = {"finishReason": ending, "index": 0}
    if text is not None:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": 120, "candidatesTokenCount": 7, "totalTokenCount": 127}
    return json.dumps({"candidates": [candidate], "usageMetadata": usage, **fields}).encode()


@pytest.fixture
def model() -> Iterator[type[Handler]]:
    handler = type("Model", (Handler,), {"asked": [], "behaviour": lambda self: self.say(answer())})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler
    server.shutdown()


def gemini(model: type[Handler], deadline_seconds: float = ROOMY_SECONDS) -> Gemini:
    url: str = model.url  # type: ignore[attr-defined]
    return Gemini("gemini-test", "demo-maestro", "us-central1", deadline_seconds, base_url=url)


def test_it_asks_as_vertex_ai_is_asked_and_reads_the_answer(model: type[Handler]) -> None:
    found = gemini(model).ask(PROMPT)
    assert (found.text, found.model, found.input_tokens, found.output_tokens) == (
        "Calm **day**.",
        "gemini-test",
        120,
        7,
    )
    ((path, body),) = model.asked
    assert path.endswith(
        "/projects/demo-maestro/locations/us-central1/publishers/google/models/gemini-test:generateContent"
    )
    assert body["contents"][0]["parts"] == [{"text": "a secret question"}]
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert body["generationConfig"]["maxOutputTokens"] < 500
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 0}
    assert gemini(model).ask(PROMPT).text


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


BAD: dict[str, tuple[Behaviour, str]] = {
    "slow": (lambda handler: time.sleep(20), "no answer within 2 s"),
    "dripping": (drip, "no answer within 2 s"),
    "429": (lambda handler: handler.say(b'{"error": {"code": 429, "message": "a secret question"}}', 429), "429"),
    "500": (lambda handler: handler.say(b'{"error": {"code": 500}}', 500), "Vertex AI answered 500"),
    "no JSON": (lambda handler: handler.say(b"<html>"), ""),
    "nothing": (lambda handler: handler.say(b'{"candidates": []}'), "no candidates"),
    "unsafe": (lambda handler: handler.say(answer(None, "SAFETY")), "the answer ended with SAFETY"),
    "blocked": (
        lambda handler: handler.say(b'{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}'),
        "the prompt was blocked (PROHIBITED_CONTENT)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_whatever_goes_wrong_is_one_short_reason_in_time(model: type[Handler], case: str) -> None:
    model.behaviour, reason = BAD[case]
    started = time.monotonic()
    with pytest.raises(SummaryFailed) as caught:
        gemini(model, TIGHT_SECONDS if "no answer" in reason else ROOMY_SECONDS).ask(PROMPT)
    assert reason in str(caught.value)
    assert "secret question" not in str(caught.value)
    assert time.monotonic() - started < TIGHT_SECONDS + 8
    assert len(model.asked) == 1, "asked once: the text that is there is good enough"


def test_an_answer_cut_by_its_length_is_an_answer(model: type[Handler]) -> None:
    model.behaviour = lambda handler: handler.say(answer("Half a", "MAX_TOKENS"))
    assert gemini(model).ask(PROMPT).text == "Half a"


def test_words_come_as_numbers_too(model: type[Handler]) -> None:
    """The client asks Vertex AI for them so; the library need not know each."""
    model.behaviour = lambda handler: handler.say(answer(ending=1))
    assert gemini(model).ask(PROMPT).text == "Calm **day**."
    for ending, word in ((3, "SAFETY"), (99, "99")):
        model.behaviour = lambda handler, ending=ending: handler.say(answer(None, ending))  # type: ignore[misc]
        with pytest.raises(SummaryFailed, match=f"the answer ended with {word}"):
            gemini(model).ask(PROMPT)


def test_a_thought_is_no_part_of_the_answer_and_tokens_may_be_untold(model: type[Handler]) -> None:
    parts = [{"text": "Hm.", "thought": True}, {"text": "Calm."}]
    body = json.dumps({"candidates": [{"finishReason": "STOP", "content": {"parts": parts}}]}).encode()
    model.behaviour = lambda handler: handler.say(body)
    found = gemini(model).ask(PROMPT)
    assert (found.text, found.input_tokens, found.output_tokens) == ("Calm.", None, None)


def put_decision(db: Client, **fields: Any) -> None:
    document = {"session_id": "s1", "timestamp": datetime(2020, 3, 16, 19, 55, tzinfo=UTC), "tenant_id": "acme"}
    told = {"ai_summary": "Text.", "ai_summary_source": "text", "signals": {}, "allocation_decisions": []}
    paths.orchestration_logs(db).document("s1").set(document | told | fields)


def stored(db: Client) -> dict[str, Any]:
    return paths.orchestration_logs(db).document("s1").get().to_dict() or {}


def test_a_logged_decision_gets_the_models_summary_once(own_db: Client, model: type[Handler]) -> None:
    put_decision(own_db)
    summarise = SummariseDecision(FirestoreSummaryStore(own_db), gemini(model))
    assert summarise.run("s1") == summarise.run("s1") == "Calm day."
    document = stored(own_db)
    named = ("ai_summary", "ai_summary_source", "ai_summary_model", "tenant_id")
    assert [document[name] for name in named] == ["Calm day.", "gemini", "gemini-test", "acme"]
    assert len(model.asked) == 1
    assert summarise.run("unknown") is None


@pytest.mark.parametrize("case", ["500", "empty"])
def test_without_an_answer_the_text_stays_with_one_warning(
    own_db: Client, model: type[Handler], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(summarise_decision.logger, "warning", lambda text, *words, **_: warnings.append(text % words))
    put_decision(own_db)
    model.behaviour = BAD["500"][0] if case == "500" else lambda handler: handler.say(answer("``` \n"))
    assert SummariseDecision(FirestoreSummaryStore(own_db), gemini(model)).run("s1") is None
    assert (stored(own_db)["ai_summary"], stored(own_db)["ai_summary_source"]) == ("Text.", "text")
    assert len(warnings) == 1
    assert warnings[0].startswith(FAILED)


def test_a_loader_may_wait_for_it_under_a_deadline(own_db: Client, model: type[Handler]) -> None:
    account = {"equity": 1e5, "buying_power": 1e5}
    quotes = {"AAPL": {"price": 100.0}}

    def decide(deadline: float, models: float) -> Any:
        model_asked = gemini(model, models)
        loader = StrategyLoader(own_db, "acme", summariser=model_asked, summary_deadline_seconds=deadline)
        return asyncio.run(loader.evaluate_all_strategies_with_maestro(quotes, account))[1]

    decision = decide(30.0, ROOMY_SECONDS)
    assert (decision.ai_summary, decision.ai_summary_source) == ("Calm day.", "gemini")
    log = paths.orchestration_logs(own_db).document(decision.session_id).get().to_dict() or {}
    assert log["ai_summary"] == "Calm day."
    model.behaviour = BAD["slow"][0]
    started = time.monotonic()
    late = decide(0.2, TIGHT_SECONDS)
    assert late.ai_summary_source == "text"
    assert time.monotonic() - started < 10


@pytest.fixture
def switched_on(model: type[Handler], monkeypatch: pytest.MonkeyPatch) -> type[Handler]:
    """The environment of a program whose decisions the model summarises; Vertex AI is the local server."""
    url: str = model.url  # type: ignore[attr-defined]
    on = {"AI_SUMMARIES": "on", "AI_MODEL": "gemini-test", "FIREBASE_PROJECT_ID": "demo-maestro"}
    for name, value in {**on, "FUNCTIONS_EMULATOR": "true", "AI_BASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    return model


def decide_with(loader: StrategyLoader) -> Any:
    account = {"equity": 1e5, "buying_power": 1e5}
    return asyncio.run(loader.evaluate_all_strategies_with_maestro({"AAPL": {"price": 100.0}}, account))[1]


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if FAILED in message]


def test_a_loader_alone_brings_the_models_summary(
    own_db: Client, switched_on: type[Handler], caplog: pytest.LogCaptureFixture
) -> None:
    decision = decide_with(StrategyLoader(db=own_db, tenant_id="acme", summary_deadline_seconds=ROOMY_SECONDS))
    assert (decision.ai_summary, decision.ai_summary_source) == ("Calm day.", "gemini")
    ((path, _),) = switched_on.asked
    assert "/projects/demo-maestro/" in path
    assert failures(caplog) == []
    silent = StrategyLoader(db=own_db, tenant_id="acme", ai_summaries=False)
    assert decide_with(silent).ai_summary_source == "text"
    assert len(switched_on.asked) == 1


@pytest.mark.parametrize(("case", "deadline"), [("500", ROOMY_SECONDS), ("dripping", 1.0)])
def test_a_loader_alone_keeps_the_text_with_one_warning(
    own_db: Client, switched_on: type[Handler], caplog: pytest.LogCaptureFixture, case: str, deadline: float
) -> None:
    switched_on.behaviour = BAD[case][0]
    loader = StrategyLoader(db=own_db, tenant_id="acme", summary_deadline_seconds=deadline)
    started = time.monotonic()
    decision = decide_with(loader)
    assert decision.ai_summary_source == "text"
    assert decision.ai_summary.startswith("Maestro weighed")
    assert len(failures(caplog)) == 1
    assert time.monotonic() - started < 15, "a loop that closes waits for no answer that is given up"


def test_a_loader_without_a_project_says_once_what_to_set(
    own_db: Client, switched_on: type[Handler], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("FIREBASE_PROJECT_ID", "GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    loader = StrategyLoader(db=own_db, tenant_id="acme")
    assert decide_with(loader).ai_summary_source == "text"
    assert [message for message in caplog.messages if "set FIREBASE_PROJECT_ID" in message]
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert not switched_on.asked


def test_the_controller_summarises_a_decision_on_request(
    own_db: Client, switched_on: type[Handler], caplog: pytest.LogCaptureFixture
) -> None:
    controller = MaestroController(own_db, "acme")

    def summary(decision: Any) -> str:
        return asyncio.run(controller.generate_ai_summary(decision, deadline_seconds=ROOMY_SECONDS))

    _, decision = asyncio.run(controller.orchestrate({"Trend": {"action": "HOLD"}}))
    assert summary(decision) == summary(decision) == "Calm day."
    assert len(switched_on.asked) == 1
    switched_on.behaviour = BAD["500"][0]
    _, other = asyncio.run(controller.orchestrate({"Trend": {"action": "HOLD"}}))
    assert summary(other) == other.ai_summary
    assert len(failures(caplog)) == 1


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("europe-west1", "europe-west1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_every_region_has_a_host(region: str, host: str) -> None:
    assert host_of(region) == host
