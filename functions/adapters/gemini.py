"""Gemini on Vertex AI, through the google-genai client."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

from functions.domain.monitoring.ai_prompt import Prompt
from functions.services.monitoring.ports import Answer, SummaryFailed

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
        Of a whole answer, however slowly it comes.
    base_url : str, optional
        Another server that speaks Vertex AI's REST shape, for tests: it is asked without the deployment's credentials.
    """

    def __init__(
        self,
        model: str,
        project: str,
        region: str,
        deadline_seconds: float = 20.0,
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
            except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
                future.set_exception(error)

        # A thread of its own: the client's timeout starts anew with every byte, and a server may drip.
        threading.Thread(target=ask, name="maestro-gemini", daemon=True).start()
        try:
            return future.result(self._deadline)
        except SummaryFailed:
            raise
        except TimeoutError:
            raise SummaryFailed(f"no answer within {self._deadline:g} s") from None
        except Exception as error:
            raise SummaryFailed(_reason(error)) from error

    def _ask(self, prompt: Prompt) -> Answer:
        # Imported here: it takes a third of a second, and only summaries need it.
        from google import genai  # noqa: PLC0415
        from google.genai import types  # noqa: PLC0415
        from google.oauth2.credentials import Credentials  # noqa: PLC0415

        options = types.HttpOptions(
            base_url=self._base_url,
            timeout=int(self._deadline * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        client = genai.Client(
            vertexai=True,
            project=self._project,
            location=self._region,
            credentials=Credentials("none") if self._base_url else None,  # type: ignore[no-untyped-call]
            http_options=options,
        )
        config = types.GenerateContentConfig(
            system_instruction=prompt.system_instruction,
            temperature=_TEMPERATURE,
            max_output_tokens=_MOST_TOKENS,
            thinking_config=types.ThinkingConfig(thinking_budget=0),
        )
        return _answer(
            client.models.generate_content(model=self._model, contents=prompt.text, config=config), self._model
        )


def _answer(response: Any, model: str) -> Answer:
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        raise SummaryFailed(f"the prompt was blocked ({_word(feedback.block_reason)})")
    if not response.candidates:
        raise SummaryFailed("the answer has no candidates")
    candidate = response.candidates[0]
    ending = _word(candidate.finish_reason)
    if ending not in _GOOD_ENDINGS:
        raise SummaryFailed(f"the answer ended with {ending}")
    parts = (candidate.content.parts if candidate.content else None) or ()
    text = "".join(part.text or "" for part in parts if not part.thought)
    usage = response.usage_metadata
    return Answer(
        text,
        model,
        usage.prompt_token_count if usage else None,
        usage.candidates_token_count if usage else None,
    )


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))


def _reason(error: Exception) -> str:
    """Return what went wrong in a word; errors may quote the prompt."""
    status = getattr(error, "code", None)
    return f"Vertex AI answered {status}" if isinstance(status, int) else type(error).__name__
