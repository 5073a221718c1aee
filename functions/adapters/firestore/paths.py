"""Firestore paths of all documents; docs/data-model.md names the few other places that contain paths."""

from __future__ import annotations

from google.cloud.firestore import Client, CollectionReference, DocumentReference


def orchestration_logs(db: Client) -> CollectionReference:
    return db.collection("systemStatus", "orchestration_logs", "logs")


def market_regime(db: Client) -> DocumentReference:
    return db.document("systemStatus", "market_regime")


def schedule_runs(db: Client, schedule: str) -> DocumentReference:
    """Progress of a schedule's latest runs through the tenants."""
    return db.document("systemStatus", "schedules", "runs", schedule)


def tenants(db: Client) -> CollectionReference:
    return db.collection("tenants")


def tenant(db: Client, tenant_id: str) -> DocumentReference:
    return db.document("tenants", tenant_id)


def policy(db: Client, tenant_id: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "config", "maestro")


def policy_history(db: Client, tenant_id: str) -> CollectionReference:
    """Every change of the policy, by version."""
    return db.collection("tenants", tenant_id, "config", "maestro", "history")


def members(db: Client, tenant_id: str) -> CollectionReference:
    return db.collection("tenants", tenant_id, "users")


def member(db: Client, tenant_id: str, uid: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "users", uid)


def redemption(db: Client, tenant_id: str, nonce: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "redemptions", nonce)


def redemptions(db: Client, tenant_id: str) -> CollectionReference:
    return db.collection("tenants", tenant_id, "redemptions")


def alert_cursor(db: Client, tenant_id: str) -> DocumentReference:
    """How far decisions were checked for alerts."""
    return _state(db, tenant_id, "alerts")


def alerts(db: Client, tenant_id: str) -> CollectionReference:
    return db.collection("tenants", tenant_id, "alerts")


def report(db: Client, tenant_id: str, date: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "reports", date)


def account(db: Client, tenant_id: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "accounts", "primary")


def market_data(db: Client, tenant_id: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "market_data", "latest")


def market_data_part(db: Client, tenant_id: str, number: int) -> DocumentReference:
    """A further part of it, from 2 on, if it does not fit one document."""
    return db.document("tenants", tenant_id, "market_data", f"latest-{number}")


def windows(db: Client, tenant_id: str, uid: str | None) -> DocumentReference:
    """The tenant's pooled windows, or one user's."""
    return _state(db, tenant_id, "windows" if uid is None else f"windows__{uid}")


def windows_part(db: Client, tenant_id: str, uid: str | None, number: int) -> DocumentReference:
    """A further part of them, from 2 on, if they do not fit one document."""
    return _state(db, tenant_id, f"windows-{number}" if uid is None else f"windows-{number}__{uid}")


def results(db: Client, tenant_id: str) -> DocumentReference:
    """Recent results of strategies by session, for the dashboard."""
    return _state(db, tenant_id, "results")


def modes(db: Client, tenant_id: str, uid: str | None) -> DocumentReference:
    """The tenant's modes, or those of one user's track record."""
    return _state(db, tenant_id, "modes" if uid is None else f"modes__{uid}")


def cockpit(db: Client, tenant_id: str) -> DocumentReference:
    """What the last cycle stored for the dashboard."""
    return _state(db, tenant_id, "cockpit")


def current_session(db: Client, tenant_id: str) -> DocumentReference:
    return _state(db, tenant_id, "session")


def session(db: Client, tenant_id: str, session_id: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "sessions", session_id)


def cycle_record(db: Client, tenant_id: str, slot: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "cycles", slot)


def idempotency_record(db: Client, tenant_id: str, record_id: str) -> DocumentReference:
    """The answer to a request with an idempotency key."""
    return db.document("tenants", tenant_id, "idempotency", record_id)


def strategy_performance(db: Client, tenant_id: str) -> CollectionReference:
    return db.collection("tenants", tenant_id, "strategy_performance")


def ledger_trades(db: Client, tenant_id: str) -> CollectionReference:
    return db.collection("tenants", tenant_id, "ledger_trades")


def shadow_pnl(db: Client, tenant_id: str) -> CollectionReference:
    return db.collection("tenants", tenant_id, "shadow_pnl")


def ledger_head(db: Client, tenant_id: str) -> DocumentReference:
    """How far the ledger is processed."""
    return _state(db, tenant_id, "ledger")


def checkpoints(db: Client, tenant_id: str) -> CollectionReference:
    """Open lots at the end of every day, by day."""
    return db.collection("tenants", tenant_id, "state", "ledger", "checkpoints")


def checkpoint_part(db: Client, tenant_id: str, day: str, number: int) -> DocumentReference:
    """A further part of a checkpoint, from 2 on, if it does not fit one document."""
    return checkpoints(db, tenant_id).document(f"{day}-{number}")


def marks(db: Client, tenant_id: str) -> CollectionReference:
    """The prices at which each session was marked, by session."""
    return db.collection("tenants", tenant_id, "state", "ledger", "marks")


def staged(db: Client, tenant_id: str) -> CollectionReference:
    """Recomputed daily performance, staged until later days are done."""
    return db.collection("tenants", tenant_id, "state", "ledger", "staged")


def jobs(db: Client, tenant_id: str) -> CollectionReference:
    """Records of performance jobs."""
    return db.collection("tenants", tenant_id, "jobs")


def job(db: Client, tenant_id: str, job_id: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "jobs", job_id)


def positions(db: Client, tenant_id: str) -> DocumentReference:
    """Each strategy's live positions and orders under way."""
    return _state(db, tenant_id, "positions")


def positions_history(db: Client, tenant_id: str) -> CollectionReference:
    """Operators' actions on the position book."""
    return db.collection("tenants", tenant_id, "state", "positions", "history")


def drift(db: Client, tenant_id: str) -> DocumentReference:
    """Differences between broker and books."""
    return _state(db, tenant_id, "drift")


def changes(db: Client, tenant_id: str) -> DocumentReference:
    """When something outside the session that alerts check last changed."""
    return _state(db, tenant_id, "changes")


def broker(db: Client, tenant_id: str) -> DocumentReference:
    """The connection to the tenant's account at a broker; without keys."""
    return _state(db, tenant_id, "broker")


def connection(db: Client, tenant_id: str) -> DocumentReference:
    """What members may read of the connection."""
    return _state(db, tenant_id, "connection")


def broker_account(db: Client, name: str) -> DocumentReference:
    """Which tenant an account at a broker is connected to."""
    return db.document("systemStatus", "brokers", "accounts", name)


def declared_symbols(db: Client) -> DocumentReference:
    """Declared symbols of the deployed strategies."""
    return db.document("systemStatus", "strategies")


def _state(db: Client, tenant_id: str, name: str) -> DocumentReference:
    return db.document("tenants", tenant_id, "state", name)


def notification_channels(db: Client, tenant_id: str) -> DocumentReference:
    """Where a tenant's notifications go; holds secrets."""
    return db.document("tenants", tenant_id, "config", "notifications")


def delivery(db: Client, tenant_id: str, delivery_id: str) -> DocumentReference:
    """The outcome of one notification for one channel."""
    return db.document("tenants", tenant_id, "deliveries", delivery_id)
