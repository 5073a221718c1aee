"""The operator's commands for tenants and the people who may sign in to them."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from functions.adapters.firebase_users import SHORTEST_PASSWORD, FirebaseUsers, random_password
from functions.adapters.firestore.client import firestore_client
from functions.domain.kernel.access import Role
from tools.terminal import AsJson, new_table, notes, print_json, print_table

tenant_app = typer.Typer(help="Create, list, disable and enable tenants.", no_args_is_help=True)
user_app = typer.Typer(
    help="Say who may sign in to a tenant, and as what: viewers look, traders trade, admins set the policy.",
    no_args_is_help=True,
)

Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]
Email = Annotated[str, typer.Argument(help="The address that the user signs in with.")]
RoleOption = Annotated[Role, typer.Option("--role", help="What the user may do.")]
RoleArgument = Annotated[Role, typer.Argument(help="What the user may do from now on.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help=f"Read the password, {SHORTEST_PASSWORD} characters or more, from standard input instead of making one.",
    ),
]


def users() -> FirebaseUsers:
    return FirebaseUsers(firestore_client())


@tenant_app.command("create")
def create_tenant(
    tenant: Annotated[str, typer.Argument(help="Id of the new tenant: 1 to 63 of a-z, 0-9 and -.")],
    name: Annotated[str | None, typer.Option(help="What people call it; its id by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a tenant, switched on: its first cycle runs at the next tick in market hours."""
    document = users().create_tenant(tenant, name, datetime.now(UTC))
    tell(f"tenant {tenant} created", {"tenant": tenant, **document}, as_json=as_json)
    notes.print(f"Next: user create {tenant} EMAIL --role admin", soft_wrap=True)


@tenant_app.command("disable")
def disable_tenant(tenant: Tenant, as_json: AsJson = False) -> None:
    """Stop a tenant's cycles and close the API to its users; its documents stay."""
    set_status(tenant, "disabled", as_json=as_json)


@tenant_app.command("enable")
def enable_tenant(tenant: Tenant, as_json: AsJson = False) -> None:
    """Undo disable."""
    set_status(tenant, "active", as_json=as_json)


def set_status(tenant: str, status: str, *, as_json: bool) -> None:
    users().set_tenant_status(tenant, status)
    tell(f"tenant {tenant} is {status}", {"tenant": tenant, "status": status}, as_json=as_json)


@tenant_app.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List all tenants."""
    columns = ("name", "status", "maestro_enabled", "created_at")
    rows = [
        {"tenant": tenant, **{name: document.get(name) for name in columns}}
        for tenant, document in users().tenants().items()
    ]
    tabulate(("tenant", *columns), rows, as_json=as_json)


@user_app.command("create")
def create_user(
    tenant: Tenant, email: Email, role: RoleOption, password_stdin: PasswordStdin = False, as_json: AsJson = False
) -> None:
    """
    Let somebody sign in to a tenant, with a random password that is printed once.

    A user who exists already keeps the password and gets the role; a second time changes nothing.
    """
    password = read_password() if password_stdin else random_password()
    user, is_new = users().create_user(tenant, email, role, password, datetime.now(UTC))
    told = {"tenant": tenant, **asdict(user), "is_new": is_new}
    if is_new and not password_stdin:
        told["password"] = password
    tell(f"{user.email} is {user.role} of tenant {tenant}", told, as_json=as_json)
    if not is_new:
        hint = f"if somebody else may know it: user rotate {tenant} {user.email}"
        notes.print(f"The user existed and keeps the password; {hint}", soft_wrap=True)


@user_app.command("role")
def change_role(tenant: Tenant, email: Email, role: RoleArgument, as_json: AsJson = False) -> None:
    """Give a user another role; fewer rights hold at once, more when the user's next ID token is fetched."""
    user = users().change_role(tenant, email, role, datetime.now(UTC))
    tell(f"{user.email} is {user.role} of tenant {tenant}", {"tenant": tenant, **asdict(user)}, as_json=as_json)


@user_app.command("rotate")
def rotate_password(
    tenant: Tenant, email: Email, password_stdin: PasswordStdin = False, as_json: AsJson = False
) -> None:
    """Replace a user's password by a random one, printed once, and end the sessions the old one opened."""
    password = read_password() if password_stdin else random_password()
    user = users().rotate_password(tenant, email, password)
    told = {"tenant": tenant, **asdict(user)} | ({} if password_stdin else {"password": password})
    tell(f"{user.email} has a new password", told, as_json=as_json)


@user_app.command("disable")
def disable_user(tenant: Tenant, email: Email, as_json: AsJson = False) -> None:
    """Keep a user from signing in, and from doing anything where they are signed in."""
    user = users().disable_user(tenant, email)
    tell(f"{user.email} is disabled", {"tenant": tenant, **asdict(user), "is_disabled": True}, as_json=as_json)


@user_app.command("enable")
def enable_user(tenant: Tenant, email: Email, as_json: AsJson = False) -> None:
    """Undo disable; the user has to sign in anew."""
    user = users().enable_user(tenant, email)
    tell(f"{user.email} is enabled", {"tenant": tenant, **asdict(user), "is_disabled": False}, as_json=as_json)


@user_app.command("list")
def list_users(tenant: Tenant, as_json: AsJson = False) -> None:
    """List a tenant's users, and where membership and Firebase Authentication do not agree."""
    columns = ("email", "role", "is_disabled", "created_at", "uid", "problem")
    tabulate(columns, [asdict(user) for user in users().users(tenant)], as_json=as_json)


def read_password() -> str:
    """Read a line of standard input; a terminal does not show it."""
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def tell(sentence: str, document: dict[str, Any], *, as_json: bool) -> None:
    """Print what was done; a new password is shown here and nowhere else."""
    if as_json:
        print_json(document)
        return
    print(sentence)
    if "password" in document:
        print(f"password: {document['password']}")
        notes.print("It is shown this once: hand it over by a safe way.")


def tabulate(columns: Sequence[str], rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    table = new_table()
    for name in columns:
        table.add_column(name.removeprefix("is_").replace("_", " ").capitalize(), overflow="fold")
    for row in rows:
        table.add_row(*(shown(row[name]) for name in columns))
    print_table(table)


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)
