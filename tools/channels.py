"""The operator's commands for where a tenant's alerts and reports go."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from functions.adapters.firestore import paths
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.notifications.signatures import channel_secret, signing_keys
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.plurals import counted
from functions.domain.monitoring.channels import read_channels
from functions.services.monitoring.try_channel import ShownChannel, shown_channels
from tools.connection import database_of
from tools.terminal import AsJson, fail, new_table, print_json, print_table

channel_app = typer.Typer(
    help="Say where a tenant's alerts and reports go: Slack, Discord, its own webhook, phones.",
    no_args_is_help=True,
)

Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]


@channel_app.command("put")
def put_channels(
    tenant: Tenant,
    file: Annotated[
        Path, typer.Argument(help='JSON like {"channels": […]}, see docs/monitoring.md; - is standard input.')
    ],
    as_json: AsJson = False,
) -> None:
    """Replace a tenant's channels; nothing is stored if one of them is malformed."""
    text = _text_of(file)
    try:
        document = json.loads(text)
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    if not isinstance(document, dict):
        raise InputError("channels", 'a map like {"channels": […]}', type(document).__name__)
    channels = read_channels(document)
    if channels.problems:
        fail("; ".join(str(error) for error in channels.problems.values()))
    db = database_of(tenant)
    with translated_errors(f"storing the channels of tenant {tenant}"):
        paths.notification_channels(db, tenant).set(document)
    if as_json:
        print_json({"tenant": tenant, "channels": list(channels.usable)})
        return
    print(f"tenant {tenant} has {counted(len(channels.usable), 'channel')}: {', '.join(channels.usable)}")


@channel_app.command("show")
def show_channels(tenant: Tenant, as_json: AsJson = False) -> None:
    """Show a tenant's channels; addresses are secrets, so only their host."""
    db = database_of(tenant)
    with translated_errors(f"reading the channels of tenant {tenant}"):
        channels = read_channels(paths.notification_channels(db, tenant).get().to_dict())
    rows = [_shown(channel) for channel in shown_channels(channels)]
    if as_json:
        print_json(rows)
        return
    columns = ("id", "type", "host", "enabled", "rules", "problem")
    table = new_table()
    for name in columns:
        table.add_column(name.capitalize(), overflow="fold")
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    print_table(table)


@channel_app.command("secret")
def show_secret(
    tenant: Tenant,
    channel: Annotated[str, typer.Argument(help="Id of a channel of type webhook.")],
    as_json: AsJson = False,
) -> None:
    """Print what a webhook's receiver checks signatures with; WEBHOOK_SIGNING_KEY holds the deployment's newest key."""
    try:
        keys = signing_keys(os.environ.get("WEBHOOK_SIGNING_KEY", ""))
    except ValueError as error:
        fail(str(error))
    if not keys:
        fail("set WEBHOOK_SIGNING_KEY: firebase functions:secrets:access WEBHOOK_SIGNING_KEY prints it")
    secret = channel_secret(keys[0], tenant, channel)
    if as_json:
        print_json({"tenant": tenant, "channel": channel, "secret": secret})
        return
    print(secret)


def _text_of(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError("file", f"one that can be read ({error.strerror})", str(file)) from error
    except UnicodeDecodeError as error:
        raise InputError("file", "text in UTF-8", str(file)) from error


def _shown(channel: ShownChannel) -> dict[str, Any]:
    if channel.problem is not None:
        return {"id": channel.id, "problem": channel.problem}
    shown = {"id": channel.id, "type": channel.type, "host": channel.host}
    return shown | {"enabled": channel.is_enabled, "rules": "; ".join(channel.rules)}
