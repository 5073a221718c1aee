"""Replace a logged decision's text summary with the model's."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from functions.domain.kernel.errors import StoreConflict, StoreError
from functions.domain.monitoring.ai_failure import FAILED
from functions.domain.monitoring.ai_prompt import clean_answer, prompt_of
from functions.domain.orchestration.decision import MaestroDecision
from functions.services.kernel.ports import Document, Version
from functions.services.monitoring.logged_decisions import read_logged
from functions.services.monitoring.ports import Summariser, SummaryFailed, SummaryStore

logger = logging.getLogger("maestro")

AI_SOURCE = "gemini"
INLINE_SECONDS = 3.0
"""How long a caller waits for a summary by default."""


class SummariseDecision:
    """The use case; keep one per process."""

    def __init__(self, store: SummaryStore, summariser: Summariser) -> None:
        self._store = store
        self._summariser = summariser

    def run(self, session_id: str) -> str | None:
        """
        Summarise a logged decision, and return the model's summary; None if there is none.

        Without an answer the existing text stays, with one warning. Repeating it changes nothing.

        Raises
        ------
        StoreUnavailable
        """
        logged = self._store.read_decision(session_id)
        if logged.value is None:
            return None
        read_logged(logged.value)
        try:
            return self._summary(session_id, logged.value, logged.version)
        except SummaryFailed as error:
            logger.warning("%s: %s", FAILED, error, extra=_named(session_id, logged.value))
            return None

    async def run_within(self, deadline_seconds: float, decision: MaestroDecision) -> MaestroDecision:
        """
        Return the decision with the model's summary, or unchanged, with one warning, if there is none in time.

        A decision that is not on record is summarised, too.
        """
        asked = asyncio.to_thread(self._summary_of, decision)
        try:
            text = await asyncio.wait_for(asked, deadline_seconds)
        except (TimeoutError, StoreError, SummaryFailed) as error:
            reason = str(error) or f"no answer within {deadline_seconds:g} s"
            extra = {"tenant": decision.tenant_id, "session": decision.session_id}
            logger.warning("%s: %s", FAILED, reason, extra=extra)
            return decision
        return replace(decision, ai_summary=text, ai_summary_source=AI_SOURCE)

    def _summary_of(self, decision: MaestroDecision) -> str:
        logged = self._store.read_decision(decision.session_id)
        document = decision.to_firestore_doc() if logged.value is None else logged.value
        return self._summary(decision.session_id, document, logged.version)

    def _summary(self, session_id: str, document: Document, version: Version | None) -> str:
        """Prompt the model unless it has answered, and store its answer over a version; None: nothing is on record."""
        if document.get("ai_summary_source") == AI_SOURCE:
            return str(document["ai_summary"])
        extra = _named(session_id, document)
        answer = self._summariser.ask(prompt_of(document))
        text = clean_answer(answer.text)
        if text is None:
            raise SummaryFailed("the answer is empty")
        fields = {"ai_summary": text, "ai_summary_source": AI_SOURCE, "ai_summary_model": answer.model}
        try:
            if version is not None:
                self._store.write_summary(session_id, fields, version)
        except StoreConflict:
            logger.info("Another run summarised the decision first", extra=extra)
        tokens = f"{answer.input_tokens} tokens in, {answer.output_tokens} out"
        logger.info("AI summary by %s: %s", answer.model, tokens, extra=extra | {"count": answer.output_tokens})
        return text


def _named(session_id: str, document: Document) -> dict[str, Any]:
    return {"tenant": document.get("tenant_id"), "session": session_id}
