"""Firestore triggers: reactions to written documents."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from firebase_functions import firestore_fn

from functions import bootstrap
from functions.domain.kernel.errors import RefusedError, StoreError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.monitoring.ai_failure import FAILED
from functions.triggers.serving import SERVING

logger = logging.getLogger("maestro")

Handler = TypeVar("Handler", bound=Callable[..., Any])


def retried(function: Handler) -> Handler:
    """Have an event redelivered for up to a day until the function succeeds; goes above the trigger's own decorator."""
    function.__firebase_endpoint__.eventTrigger["retry"] = True  # type: ignore[attr-defined]  # which offers no option
    return function


@firestore_fn.on_document_created(
    document="systemStatus/orchestration_logs/logs/{session_id}",
    timeout_sec=60,
    **SERVING["on_decision_logged"].options(),
)
def on_decision_logged(event: firestore_fn.Event[Any]) -> None:
    """Check the tenant's alerts within seconds of a decision, then summarise it; the sweep catches what this misses."""
    document = event.data.to_dict() if event.data is not None else None
    tenant_id = (document or {}).get("tenant_id")
    if not is_document_id(tenant_id):
        logger.error("Decision %s names no tenant: no alerts are sent", event.params.get("session_id"))
        return
    try:
        bootstrap.check_alerts().run(tenant_id, bootstrap.policy_defaults(), is_sweep=False)
    except (StoreError, RefusedError) as error:
        logger.error("Alerts not checked, the next sweep will check them: %s", error, extra={"tenant": tenant_id})
    summarise = bootstrap.summarise_decision()
    if summarise is None:
        return
    try:
        summarise.run(event.params["session_id"])
    except StoreError as error:
        logger.warning("%s: %s", FAILED, error, extra={"tenant": tenant_id})


@retried
@firestore_fn.on_document_created(
    document="tenants/{tenant}/ledger_trades/{trade}",
    timeout_sec=60,
    **SERVING["on_fill_written"].options(),
)
def on_fill_written(event: firestore_fn.Event[Any]) -> None:
    """Count a fill that a user's own code wrote to the ledger; a repeated delivery changes nothing."""
    document = event.data.to_dict() if event.data is not None else None
    if document is None or document.get("ledger_version") is not None:  # Maestro's own: counted in the same commit
        return
    bootstrap.adopt_fills().run(event.params["tenant"], event.params["trade"], document, bootstrap.policy_defaults())


@retried
@firestore_fn.on_document_written(
    document="tenants/{tenant}/config/maestro",
    timeout_sec=60,
    **SERVING["on_policy_written"].options(),
)
def on_policy_written(event: firestore_fn.Event[Any]) -> None:
    """Have the tenant's alerts checked even if none is due: editing a policy by hand leaves no other trace."""
    bootstrap.changed_tenants().mark(event.params["tenant"])
