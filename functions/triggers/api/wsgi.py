"""The application with this deployment's services, built on the first request."""

from __future__ import annotations

from functools import cache

from flask import Flask

from functions import bootstrap
from functions.services.kernel.idempotency import RequestKey
from functions.triggers.api.app import build_app
from functions.triggers.api.dependencies import ApiServices, provide
from functions.triggers.run_async import run_async

CYCLE_TIMEOUT_SECONDS = 100


@cache
def application() -> Flask:
    """Return the application, one per instance."""
    app = build_app(bootstrap.settings().cors_origins)
    provide(
        app,
        ApiServices(
            tokens=bootstrap.tokens(),
            redeem_signals=bootstrap.redeem_signals(),
            take_fills=bootstrap.take_fills(),
            record_entries=bootstrap.record_entries(),
            manage_policy=bootstrap.manage_policy(),
            preview_policy=bootstrap.preview_policy(),
            put_inputs=bootstrap.put_inputs(),
            records=bootstrap.records(),
            ledger=bootstrap.ledger_store(),
            trading=bootstrap.trading_store(),
            acknowledge_alert=bootstrap.acknowledge_alert(),
            try_channel=bootstrap.try_channel(),
            connections=bootstrap.connections(),
            orchestrate=_orchestrate,
            policy_defaults=bootstrap.policy_defaults,
            policy_of=bootstrap.policy_of,
            clock=bootstrap.clock(),
        ),
    )
    return app


def _orchestrate(tenant_id: str, key: RequestKey) -> None:
    run_async(bootstrap.strategy_loader(tenant_id).orchestrate_request(key), CYCLE_TIMEOUT_SECONDS)
