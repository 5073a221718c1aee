"""Every document of a tenant, from the emulator or from the lab, in words that do not depend on chance or the clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import numpy as np
from google.cloud.firestore import Client

from examples.demo import FIRST_DAY, LAST_DAY
from examples.replay import Prices
from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_head import head_document
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.system import SystemClock
from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.ledger.checkpoints import read_checkpoint
from functions.domain.ledger.marks import read_marks
from functions.domain.orchestration.cycle_documents import issued_signals
from functions.services.ledger.ports import LedgerStore
from functions.strategies.loader import StrategyLoader
from tools.lab.engine.account import PolicyAccount, Tenant
from tools.lab.engine.paper_broker import PaperBroker
from tools.lab.engine.replay import walk
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.stores.documents import LOGS, Documents
from tools.lab.engine.stores.ledger_store import MemoryLedgerStore
from tools.lab.engine.strategies import LabStrategies
from tools.lab.policy_run import PolicyRun

COLLECTIONS = ("cycles", "sessions", "shadow_pnl", "ledger_trades", "strategy_performance", "jobs")
STATE = ("session", "modes")
_RANDOM = re.compile(r"maestro_\d+_[0-9a-f]{16}|[0-9a-f]{32}")
_BY_THE_CLOCK = frozenset(
    {"computed_at", "duration_ms", "buying_power_received_at", "started_at", "ended_at", "seen_until"}
    | {"recorded_at", "alerts_changed_at", "commit_bytes"}
)
Told = dict[str, str]
"""Documents by path, as text: NaN is itself there, and a float all of its digits."""


def replayed(tenant: Tenant, policy: Mapping[str, Any]) -> tuple[PolicyRun, Documents]:
    """
    Replay the demo's days in the lab, and return what came of it with every document that was ever stored.

    Its jobs read the system's clock, as the emulator's do: by that the demo's fills are years old.
    """
    calendars = RememberedCalendars()
    strategies = LabStrategies(list(StrategyLoader().get_all_strategies().values()))
    sessions = Sessions(Prices.load().bars(), calendars.of("XNYS"), FIRST_DAY, LAST_DAY)
    broker = PaperBroker(tenant.uid)
    account = PolicyAccount(tenant, policy, strategies, "XNYS", calendars, broker, ReadOnce(), SystemClock())
    rows = Rows("demo", policy, strategies.names)
    assert walk(sessions, {"demo": account}, {"demo": rows}, keeps_all=True)
    return rows.run(is_whole=True), account.documents


def of_emulator(db: Client, tenant_id: str, uid: str) -> Told:
    """Return what the deployed functions left in the emulator."""
    found: dict[str, Any] = {}
    for name in COLLECTIONS:
        for snapshot in db.collection("tenants", tenant_id, name).stream():
            found[f"{name}/{snapshot.id}"] = snapshot.to_dict()
    for name in STATE:
        found[f"state/{name}"] = db.document("tenants", tenant_id, "state", name).get().to_dict()
    for snapshot in paths.orchestration_logs(db).stream():
        found[f"logs/{snapshot.id}"] = snapshot.to_dict()
    marks = [one.id for one in paths.marks(db, tenant_id).stream()]
    checkpoints = [(one.id, one.get("at")) for one in paths.checkpoints(db, tenant_id).stream()]
    return _told(found | _of_ledger(FirestoreLedgerStore(db), tenant_id, uid, marks, checkpoints))


def of_lab(documents: Documents, tenant_id: str, uid: str) -> Told:
    """Return what the lab left in memory."""
    tenant, everything = f"tenants/{tenant_id}/", documents.all()
    found: dict[str, Any] = {path.replace(LOGS, "logs"): one for path, one in everything.items() if LOGS in path}
    own = {path.removeprefix(tenant): one for path, one in everything.items() if path.startswith(tenant)}
    wanted = (*(f"{name}/" for name in COLLECTIONS), *(f"state/{name}" for name in STATE))
    found |= {path: one for path, one in own.items() if path.startswith(wanted)}
    marks = [path.rpartition("/")[2] for path in own if "/marks/" in path]
    checkpoints = [(path.rpartition("/")[2], one["at"]) for path, one in own.items() if "/checkpoints/" in path]
    return _told(found | _of_ledger(MemoryLedgerStore(documents), tenant_id, uid, marks, checkpoints))


def _of_ledger(
    store: LedgerStore, tenant_id: str, uid: str, marks: list[str], checkpoints: list[tuple[str, datetime]]
) -> dict[str, Any]:
    """Return what is packed, unpacked: compressed bytes and parts may differ where what they hold is the same."""
    head = store.head(tenant_id).value
    found: dict[str, Any] = {"head": None if head is None else head_document(head)}
    for one, windows in store.windows(tenant_id, [None, uid, SHADOW_UID]).items():
        found[f"windows/{one}"] = {name: value for name, value in (windows or {}).items() if name != "parts"}
    for day in marks:
        found[f"marks/{day}"] = read_marks(store.marks(tenant_id, datetime.fromisoformat(day).date()))
    for day, at in checkpoints:
        found[f"checkpoints/{day}"] = read_checkpoint(store.checkpoint(tenant_id, at))
    return found


def _told(found: Mapping[str, Any]) -> Told:
    names: dict[str, str] = {}
    for path, document in found.items():
        if path.startswith("sessions/"):
            names[document["session_id"]] = f"<{document['slot']}>"
            named = issued_signals(document).items()
            names |= {signal["nonce"]: f"<{document['slot']} {name}>" for name, signal in named}

    def plain(text: str) -> str:
        return _RANDOM.sub(lambda one: names.get(one[0], one[0]), text)

    return {plain(path): plain(_text(document)) for path, document in sorted(found.items())}


def _text(value: Any) -> str:
    """Return a value as text: maps in the order of their names, whole seconds and figures to the last digit."""
    if isinstance(value, Mapping):
        kept = sorted((str(name), one) for name, one in value.items() if name not in _BY_THE_CLOCK)
        return "{" + ", ".join(f"{name}: {_text(one)}" for name, one in kept) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, frozenset):
        return _text(sorted(value))
    if isinstance(value, np.ndarray):
        return _text(value.tolist())
    if is_dataclass(value):
        return type(value).__name__ + _text({one.name: getattr(value, one.name) for one in fields(value)})
    return value.isoformat() if isinstance(value, datetime) else repr(value)
