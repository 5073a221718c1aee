"""The operator's commands for tenants."""

from __future__ import annotations

from typing import Annotated

import typer

from tools.access import hints, manage_tenants
from tools.connection import database
from tools.terminal import AsJson, command_line, notes, print_rows, tell

tenant_app = typer.Typer(help="Create, list, disable and enable tenants.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]


@tenant_app.command("create")
@hints()
def create_tenant(
    tenant: Annotated[str, typer.Argument(help="Id of the new tenant: 1 to 63 of a-z, 0-9 and -.")],
    name: Annotated[str | None, typer.Option(help="What people call it; its id by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a tenant, switched on: its first cycle runs at the next tick in market hours."""
    document = manage_tenants(database()).create(tenant, name)
    tell(f"tenant {tenant} created", {"tenant": tenant, **document}, as_json=as_json)
    notes.print(f"Next: {command_line('user', 'create', tenant, 'EMAIL', '--role', 'admin')}", soft_wrap=True)


@tenant_app.command("disable")
def disable_tenant(tenant: Tenant, as_json: AsJson = False) -> None:
    """Stop a tenant's cycles and close the API to its users; its documents stay."""
    set_status(tenant, "disabled", as_json=as_json)


@tenant_app.command("enable")
def enable_tenant(tenant: Tenant, as_json: AsJson = False) -> None:
    """Undo disable."""
    set_status(tenant, "active", as_json=as_json)


@hints()
def set_status(tenant: str, status: str, *, as_json: bool) -> None:
    manage_tenants(database()).set_status(tenant, status)
    tell(f"tenant {tenant} is {status}", {"tenant": tenant, "status": status}, as_json=as_json)


@tenant_app.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List all tenants."""
    columns = ("name", "status", "maestro_enabled", "created_at")
    rows = [
        {"tenant": tenant, **{name: document.get(name) for name in columns}}
        for tenant, document in manage_tenants(database()).all().items()
    ]
    print_rows(("tenant", *columns), rows, as_json=as_json)
