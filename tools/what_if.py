"""The operator's answer to "what would this policy have changed?"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from functions.adapters.firestore.preview_store import FirestorePreviewStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock
from functions.domain.kernel.errors import InputError
from functions.domain.lab.held_fixed import HELD_FIXED
from functions.domain.lab.what_if import StrategyModes, Totals, WhatIf
from functions.services.lab.what_if import Preview, PreviewPolicy
from functions.strategies.maestro_controller import MaestroController
from tools.connection import database_of
from tools.terminal import AsJson, new_table, print_json, print_table

_TOTALS = {
    "Mode changes": "mode_changes",
    "Entries issued": "entries",
    "Sessions with systemic risk": "systemic_sessions",
    "Sessions with entries stopped by a breaker": "breaker_sessions",
}


def what_if(
    tenant: Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")],
    policy: Annotated[Path, typer.Argument(help="JSON: everything the policy sets, as PUT /v1/policy takes it.")],
    as_json: AsJson = False,
) -> None:
    """Say what a policy would have changed over a tenant's last 90 sessions; nothing is stored."""
    overrides = read_overrides(policy)
    store = FirestorePreviewStore(database_of(tenant))
    preview = PreviewPolicy(store, SystemClock(), Calendars()).run(
        tenant, overrides, MaestroController.policy_defaults()
    )
    if as_json:
        print_json({**asdict(preview), "held_fixed": HELD_FIXED})
    else:
        show(preview)


def read_overrides(path: Path) -> Mapping[str, Any]:
    """Read a policy's settings from a file. Raises InputError."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("policy", f"a file with a JSON object ({error})", str(path)) from error
    if not isinstance(read, dict):
        raise InputError("policy", "a file with a JSON object", str(path))
    return read


def show(preview: Preview) -> None:
    found = preview.found
    if not found.sessions:
        print("No decision is on record yet, so there is nothing to compare.")
        return
    print(f"{len(found.sessions)} sessions, {found.sessions[0]} to {found.sessions[-1]}: {said(found)}")
    if preview.unreadable:
        print(f"Left out: {preview.unreadable} sessions whose decision cannot be read.")
    print_totals(found.before, found.after)
    table = new_table()
    for name in ("Strategy", "Sessions by mode before", "after", "Entries stopped", "let through"):
        table.add_column(name)
    for one in found.strategies:
        table.add_row(*row_of(one))
    print_table(table)
    for reason in found.returns.too_few_to_tell:
        print(f"Whether returns would have been better: too few to tell ({reason}).")
    for name in found.not_told:
        print(f"Not on record: what {name} would have changed.")
    for fixed in HELD_FIXED:
        print(f"Held fixed: {fixed}")


def said(found: WhatIf) -> str:
    """Return how much differs, and how much is decided again as it was."""
    sessions = len({one.day for one in found.changes})
    differs = f"{len(found.changes)} decisions differ, in {sessions} sessions" if sessions else "nothing differs"
    return f"{differs}. Under the policies in force at the time, {found.reproduced} are decided again as they were."


def print_totals(before: Totals, after: Totals) -> None:
    table = new_table()
    for name in ("", "Before", "After"):
        table.add_column(name)
    for label, field in _TOTALS.items():
        table.add_row(label, str(getattr(before, field)), str(getattr(after, field)))
    print_table(table)


def row_of(one: StrategyModes) -> list[str]:
    modes = [", ".join(f"{count} {mode}" for mode, count in side.items() if count) for side in (one.before, one.after)]
    return [one.strategy_name, *modes, str(one.entries_stopped), str(one.entries_let_through)]
