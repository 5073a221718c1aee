"""Replace a logged decision's text summary by the model's."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from functions.domain.kernel.errors import StoreConflict, StoreError
from functions.domain.monitoring.ai_prompt import clean_answer, prompt_of
from functions.domain.orchestration.decision import MaestroDecision
from functions.services.monitoring.ports import Summariser, SummaryFailed, SummaryStore

logger = logging.getLogger("maestro")

AI_SOURCE = "gemini"
FAILED = "AI summary generation failed"


class SummariseDecision:
    """The use case; keep one per process."""

    def __init__(self, store: SummaryStore, summariser: Summariser) -> None:
        self._store = store
        self._summariser = summariser

    def run(self, session_id: str) -> str | None:
        """
        Summarise a logged decision, and return the model's summary; None if there is none.

        Without an answer the text that is there stays, with one warning. Doing it again changes nothing.

        Raises
        ------
        StoreUnavailable
        """
        logged = self._store.read_decision(session_id)
        document = logged.value
        if document is None:
            return None
        if document.get("ai_summary_source") == AI_SOURCE:
            return str(document["ai_summary"])
        extra = {"tenant": document.get("tenant_id"), "session": session_id}
        try:
            answer = self._summariser.ask(prompt_of(document))
            text = clean_answer(answer.text)
            if text is None:
                raise SummaryFailed("the answer is empty")
        except SummaryFailed as error:
            logger.warning("%s: %s", FAILED, error, extra=extra)
            return None
        fields = {"ai_summary": text, "ai_summary_source": AI_SOURCE, "ai_summary_model": answer.model}
        try:
            self._store.write_summary(session_id, fields, logged.version)
        except StoreConflict:
            logger.info("Another run summarised the decision first", extra=extra)
        tokens = f"{answer.input_tokens} tokens in, {answer.output_tokens} out"
        logger.info("AI summary by %s: %s", answer.model, tokens, extra=extra | {"count": answer.output_tokens})
        return text

    async def run_within(self, deadline_seconds: float, decision: MaestroDecision) -> MaestroDecision:
        """Return the decision with the model's summary, or as it is, with one warning, if that takes too long."""
        asked = asyncio.to_thread(self.run, decision.session_id)
        try:
            text = await asyncio.wait_for(asked, deadline_seconds)
        except (TimeoutError, StoreError) as error:
            reason = str(error) or f"no answer within {deadline_seconds:g} s"
            logger.warning("%s: %s", FAILED, reason, extra={"tenant": decision.tenant_id})
            return decision
        return decision if text is None else replace(decision, ai_summary=text, ai_summary_source=AI_SOURCE)
