"""The services behind the routes; `functions.bootstrap` builds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app

from functions.domain.kernel.policy import Policy
from functions.services.access.ports import Tokens
from functions.services.broker.client_fills import TakeClientFills
from functions.services.broker.connection_ports import ConnectionStore
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock
from functions.services.lab.what_if import PreviewPolicy
from functions.services.ledger.ports import LedgerStore
from functions.services.monitoring.acknowledge_alert import AcknowledgeAlert
from functions.services.monitoring.ports import RecordStore
from functions.services.monitoring.try_channel import TryChannel
from functions.services.orchestration.manage_policy import ManagePolicy
from functions.services.orchestration.put_inputs import PutInputs
from functions.services.trading.ports import TradingStore
from functions.services.trading.record_entries import RecordEntries
from functions.services.trading.redeem_signals import RedeemSignals

_KEY = "maestro"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Everything the API can do."""

    tokens: Tokens
    redeem_signals: RedeemSignals
    take_fills: TakeClientFills
    record_entries: RecordEntries
    manage_policy: ManagePolicy
    preview_policy: PreviewPolicy
    put_inputs: PutInputs
    records: RecordStore
    ledger: LedgerStore
    trading: TradingStore
    acknowledge_alert: AcknowledgeAlert
    try_channel: TryChannel
    connections: ConnectionStore
    orchestrate: Callable[[str, RequestKey], None]
    """Run a tenant's cycle, unless it is already on record. Raises RefusedError, StoreError, TimeoutError."""
    policy_defaults: Callable[[], Mapping[str, Any]]
    policy_of: Callable[[str], Policy]
    """A tenant's policy now; the defaults where it cannot be read."""
    clock: Clock


def services() -> ApiServices:
    """Return the running application's services."""
    return cast("ApiServices", current_app.extensions[_KEY])


def provide(app: Any, api_services: ApiServices) -> None:
    """Give an application its services."""
    app.extensions[_KEY] = api_services
