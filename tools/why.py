"""The operator's answer to "why did it not trade?"."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from functions.adapters.firestore.record_store import FirestoreRecordStore
from functions.domain.kernel.parsing import parse_time
from functions.services.monitoring.explain_trade import explain_trade
from tools.connection import database_of
from tools.terminal import AsJson, print_json


def why(
    tenant: Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")],
    strategy: Annotated[str, typer.Argument(help="The strategy's name.")],
    at: Annotated[str | None, typer.Option(help="A time, ISO 8601 with its zone; now by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain why a strategy did, or did not, trade: the decision in force at a time, step by step."""
    when = datetime.now(UTC) if at is None else parse_time("at", at)
    explanation = explain_trade(FirestoreRecordStore(database_of(tenant)), tenant, strategy, when)
    if as_json:
        print_json(asdict(explanation))
        return
    print(explanation.verdict)
    print(f"decision {explanation.session_id}, {explanation.at}")
    for number, step in enumerate(explanation.steps, start=1):
        print(f"  {number}. {step}")
