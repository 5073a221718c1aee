"""Gemini on Vertex AI, through google-cloud-aiplatform, over REST."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from google.auth.credentials import AnonymousCredentials

from functions.domain.monitoring.ai_prompt import Prompt
from functions.services.monitoring.ports import Answer, SummaryFailed

DEADLINE_SECONDS = 20.0
_MOST_TOKENS = 160
_TEMPERATURE = 0.2
_GOOD_ENDINGS = {"STOP", "MAX_TOKENS"}


class Gemini:
    """
    `Summariser` by Gemini in Vertex mode.

    Parameters
    ----------
    model, project, region : str
    deadline_seconds : float
        For a whole answer, however slowly it arrives.
    base_url : str, optional
        A different server with Vertex AI's REST API, for tests: it does not get the deployment's credentials.
    """

    def __init__(
        self,
        model: str,
        project: str,
        region: str,
        deadline_seconds: float = DEADLINE_SECONDS,
        *,
        base_url: str | None = None,
    ) -> None:
        self._model = model
        self._project = project
        self._region = region
        self._deadline = deadline_seconds
        self._base_url = base_url

    def ask(self, prompt: Prompt) -> Answer:
        future: Future[Answer] = Future()

        def ask() -> None:
            try:
                future.set_result(self._ask(prompt))
            except BaseException as error:  # noqa: BLE001 - passed on to the caller
                future.set_exception(error)

        # A thread of its own: the client's timeout restarts with every byte, and a server may drip.
        threading.Thread(target=ask, name="maestro-gemini", daemon=True).start()
        try:
            return future.result(self._deadline)
        except SummaryFailed:
            raise
        except TimeoutError:
            raise SummaryFailed(f"no answer within {self._deadline:g} s") from None
        except Exception as error:
            raise SummaryFailed(_reason(error)) from error

    def load_client(self) -> None:
        """Import the client, which takes seconds the first time, before a caller's deadline runs."""
        with suppress(Exception):  # the first prompt will report it
            _client_class()

    def _ask(self, prompt: Prompt) -> Answer:
        client_class = _client_class()
        asked = {
            "model": f"projects/{self._project}/locations/{self._region}/publishers/google/models/{self._model}",
            "contents": [{"role": "user", "parts": [{"text": prompt.text}]}],
            "system_instruction": {"parts": [{"text": prompt.system_instruction}]},
            "generation_config": {
                "temperature": _TEMPERATURE,
                "max_output_tokens": _MOST_TOKENS,
                "thinking_config": {"thinking_budget": 0},
            },
        }
        with client_class(
            credentials=AnonymousCredentials() if self._base_url else None,  # type: ignore[no-untyped-call]
            transport="rest",
            client_options={"api_endpoint": self._base_url or host_of(self._region)},
        ) as client:
            return _answer(client.generate_content(asked, retry=None, timeout=self._deadline), self._model)


def _client_class() -> Any:
    # Imported here: it takes a second and 54 MB, and only summaries need it.
    from google.cloud.aiplatform_v1.services.prediction_service import PredictionServiceClient  # noqa: PLC0415

    return PredictionServiceClient


def host_of(region: str) -> str:
    """Return Vertex AI's host for a region."""
    if region == "global":
        return "aiplatform.googleapis.com"
    if region in {"us", "eu"}:
        return f"aiplatform.{region}.rep.googleapis.com"
    return f"{region}-aiplatform.googleapis.com"


def _answer(response: Any, model: str) -> Answer:
    blocked = response.prompt_feedback.block_reason
    if blocked:
        raise SummaryFailed(f"the prompt was blocked ({_word(blocked)})")
    if not response.candidates:
        raise SummaryFailed("the answer has no candidates")
    candidate = response.candidates[0]
    ending = _word(candidate.finish_reason)
    if ending not in _GOOD_ENDINGS:
        raise SummaryFailed(f"the answer ended with {ending}")
    text = "".join(part.text for part in candidate.content.parts if not part.thought)
    usage = response.usage_metadata if "usage_metadata" in response else None
    return Answer(
        text,
        model,
        usage.prompt_token_count if usage is not None else None,
        usage.candidates_token_count if usage is not None else None,
    )


def _word(value: Any) -> str:
    """Return an enum's name for a value, or the number if it has no name yet."""
    return str(getattr(value, "name", value))


def _reason(error: Exception) -> str:
    """Return the kind of an error; its text may quote the prompt."""
    status = getattr(error, "code", None)
    return f"Vertex AI answered {int(status)}" if isinstance(status, int) else type(error).__name__
