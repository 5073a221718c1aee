"""The operator's commands for the people who may sign in to a tenant."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from functions.domain.access.members import SHORTEST_PASSWORD, Disagreement, ListedMember
from functions.domain.access.roles import Role
from tools.access import hints, manage_members, random_password
from tools.connection import database
from tools.terminal import AsJson, command_line, notes, print_rows, tell

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


@user_app.command("create")
@hints()
def create_user(
    tenant: Tenant, email: Email, role: RoleOption, password_stdin: PasswordStdin = False, as_json: AsJson = False
) -> None:
    """
    Let someone sign in to a tenant, with a random password that is printed once.

    A user who exists already keeps the password and gets the role; repeating it changes nothing.
    """
    password = read_password() if password_stdin else random_password()
    user, is_new = manage_members(database()).create(tenant, email, role, password)
    told = {"tenant": tenant, **asdict(user), "is_new": is_new}
    if is_new and not password_stdin:
        told["password"] = password
    tell_with_password(f"{user.email} is {user.role} of tenant {tenant}", told, as_json=as_json)
    if not is_new:
        hint = f"if someone else may know it: {command_line('user', 'rotate', tenant, user.email)}"
        notes.print(f"The user existed and keeps the password; {hint}", soft_wrap=True)


@user_app.command("role")
@hints()
def change_role(tenant: Tenant, email: Email, role: RoleArgument, as_json: AsJson = False) -> None:
    """Give a user another role; lost rights end at once, new ones come with the user's next ID token."""
    user = manage_members(database()).change_role(tenant, email, role)
    tell(f"{user.email} is {user.role} of tenant {tenant}", {"tenant": tenant, **asdict(user)}, as_json=as_json)


@user_app.command("rotate")
@hints()
def rotate_password(
    tenant: Tenant, email: Email, password_stdin: PasswordStdin = False, as_json: AsJson = False
) -> None:
    """Replace a user's password by a random one, printed once, and end the sessions the old one opened."""
    password = read_password() if password_stdin else random_password()
    user = manage_members(database()).rotate_password(tenant, email, password)
    told = {"tenant": tenant, **asdict(user)} | ({} if password_stdin else {"password": password})
    tell_with_password(f"{user.email} has a new password", told, as_json=as_json)


@user_app.command("disable")
@hints()
def disable_user(tenant: Tenant, email: Email, as_json: AsJson = False) -> None:
    """Lock a user out at once, even where they are signed in."""
    user = manage_members(database()).disable(tenant, email)
    tell(f"{user.email} is disabled", {"tenant": tenant, **asdict(user), "is_disabled": True}, as_json=as_json)


@user_app.command("enable")
@hints()
def enable_user(tenant: Tenant, email: Email, as_json: AsJson = False) -> None:
    """Undo disable; the user has to sign in again."""
    user = manage_members(database()).enable(tenant, email)
    tell(f"{user.email} is enabled", {"tenant": tenant, **asdict(user), "is_disabled": False}, as_json=as_json)


@user_app.command("remove")
@hints()
def remove_user(tenant: Tenant, email: Email, as_json: AsJson = False) -> None:
    """Take a user out of a tenant, at once; the account stays, without rights, and may be given to another tenant."""
    uid = manage_members(database()).remove(tenant, email)
    told = {"tenant": tenant, "uid": uid, "email": email, "is_removed": True}
    tell(f"{email} is no longer a user of tenant {tenant}", told, as_json=as_json)


@user_app.command("list")
@hints()
def list_users(tenant: Tenant, as_json: AsJson = False) -> None:
    """List a tenant's users, and where membership and Firebase Authentication do not agree."""
    columns = ("email", "role", "is_disabled", "created_at", "uid", "problem")
    members = manage_members(database()).all(tenant)
    print_rows(columns, [row_of(tenant, member) for member in members], as_json=as_json)


def row_of(tenant: str, member: ListedMember) -> dict[str, Any]:
    """Return a member as it is listed, with what to type where membership and authentication disagree."""
    names = ("uid", "email", "role", "is_disabled", "created_at")
    return {**{name: getattr(member, name) for name in names}, "problem": problem_of(tenant, member)}


def problem_of(tenant: str, member: ListedMember) -> str | None:
    create = command_line("user", "create", tenant, member.email, "--role", member.role)
    enable, disable = (command_line("user", word, tenant, member.email) for word in ("enable", "disable"))
    match member.disagreement:
        case None:
            return None
        case Disagreement.NO_ACCOUNT:
            return f"cannot sign in: no such user in Firebase Authentication ({create} adds it)"
        case Disagreement.RIGHTS_DIFFER:
            tenant_id, role = member.claimed
            return f"the token claims tenant {tenant_id}, role {role} ({create} sets both)"
        case Disagreement.STATUS_DIFFERS:
            return f"membership and Firebase Authentication differ ({enable} or {disable} sets both)"


def read_password() -> str:
    """Read a line of standard input; a terminal does not show it."""
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def tell_with_password(sentence: str, document: dict[str, Any], *, as_json: bool) -> None:
    """Print what was done; a new password is shown here and nowhere else."""
    tell(sentence, document, as_json=as_json)
    if "password" in document and not as_json:
        print(f"password: {document['password']}")
        notes.print("It is shown this once: pass it on in a safe way.")
