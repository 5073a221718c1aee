"""The operator's commands for a tenant's account at a broker."""

from __future__ import annotations

import getpass
import sys
import time
from typing import Annotated, Any

import typer
from google.cloud.firestore import Client

from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.broker_keys.secret_manager import SecretManagerKeys
from functions.adapters.brokers import ALPACA, OpenAccounts
from functions.adapters.firestore.client import is_emulated
from functions.adapters.firestore.connection_store import FirestoreConnectionStore, FirestoreSymbolStore
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.policy_store import FirestorePolicyStore
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.plurals import counted
from functions.services.broker.book_activities import BookActivities
from functions.services.broker.connect_broker import ConnectBroker, FoundAccount, named
from functions.services.broker.connection_ports import BrokerKeys
from functions.services.broker.disconnect_broker import DisconnectBroker
from functions.services.broker.read_activities import ReadingPorts
from functions.services.kernel.commits import Commits
from functions.services.monitoring.check_alerts import policy_or_defaults
from functions.services.orchestration.declare_symbols import DeclareSymbols
from functions.services.trading.open_book import Operator
from functions.services.trading.record_entries import RecordEntries
from functions.services.trading.record_fills import RecordFills
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from tools.book import By, Tenant, name_of, use_case
from tools.connection import database_of
from tools.reconcile import use_case as adopting
from tools.terminal import AsJson, command_line, notes, tell

broker_app = typer.Typer(
    help="Connect a tenant to its account at a broker: keys are enough for cycles on current data.",
    no_args_is_help=True,
)


@broker_app.command("connect")
def connect(
    tenant: Tenant,
    live: Annotated[
        bool, typer.Option("--live", help="A real-money account; without this option, a paper account.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Another server that speaks Alpaca's API; with the emulators only.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """
    Ask for an account's keys, test them, say which account they open, store them, and open the position book.

    Keys are not shown as you type them; without a terminal, they are two lines of standard input: key id and secret.
    """
    db = database_of(tenant)
    if url is not None and not is_emulated():
        raise InputError("--url", "left out, except with the emulators", url)
    credentials = asked(url)
    use = connecting(db)
    found = use.look(ALPACA, credentials, name_of(by), is_live=live)
    notes.print(sentence(found), soft_wrap=True)
    if live and not may_be_live(db, tenant):
        notes.print("LIVE: no feed reads it before an admin sets broker_live: true in the policy", style="bold red")
    connection, holdings, unowned = joined(tenant, found, credentials)
    if found.seen.open_orders:
        many = counted(len(found.seen.open_orders), "open order")
        notes.print(f"{many}: what was filled of them so far is unowned", soft_wrap=True)
    told = f"tenant {tenant} is connected to {named(connection)}; its position book is open"
    holds = f"strategies hold {counted(holdings, 'position')}, {unowned} more are unowned"
    tell(f"{told}: {holds}", shown(tenant, connection), as_json=as_json)


@broker_app.command("disconnect")
def disconnect(tenant: Tenant, by: By = None, as_json: AsJson = False) -> None:
    """
    Book what the account has executed until now, delete the keys and stop feeds; ledger and position book stay.

    A broker that does not answer holds nothing up: the command then says what may be missing in the ledger.
    """
    done = disconnecting(database_of(tenant)).run(tenant, name_of(by))
    if done is None:
        tell(f"tenant {tenant} is not connected", shown(tenant, None), as_json=as_json)
        return
    document = shown(tenant, done.connection) | {"booked": done.booked, "missing": done.missing}
    if done.missing is not None:
        notes.print(done.missing, style="bold red", soft_wrap=True)
    told = f"tenant {tenant} is disconnected from {named(done.connection)}; the last reading booked {done.booked}"
    tell(f"{told} entries", document, as_json=as_json)


@broker_app.command("status")
def status(tenant: Tenant, as_json: AsJson = False) -> None:
    """Show the account, how the last feed ended, and what needs attention."""
    store = FirestoreConnectionStore(database_of(tenant))
    connection = store.read(tenant).value
    if connection is not None and not connection.is_connected and store.owner(connection) == tenant:
        again = f"{command_line('broker', 'connect', tenant)} or {command_line('broker', 'disconnect', tenant)}"
        notes.print(f"connecting or disconnecting was cut short: run {again}", style="bold red", soft_wrap=True)
    if as_json or connection is None:
        hint = f"tenant {tenant} is not connected: {command_line('broker', 'connect', tenant)}"
        tell(hint, shown(tenant, connection), as_json=as_json)
        return
    if connection.is_live:
        notes.print("LIVE: real money", style="bold red")
    print(f"{named(connection)}: {connection.status}, since {connection.status_since:%Y-%m-%d %H:%M} UTC")
    feed = connection.feed
    if feed is None:
        print("no feed yet: the next is at the next tick in market hours")
    else:
        print(f"last feed: {feed.status}, slot {feed.slot}, {feed.booked} entries booked: {feed.detail}")
    if connection.failing_since is not None:
        print(f"failing since {connection.failing_since:%Y-%m-%d %H:%M:%S} UTC")
    for one in connection.told:
        print(f"{one['at']:%Y-%m-%d %H:%M} {one['text']}")


def joined(tenant: str, found: FoundAccount, credentials: Credentials) -> tuple[BrokerConnection, int, int]:
    """
    Store an account's keys, open the position book, book as unowned what the account held before, and connect it.

    Returns
    -------
    tuple
        The connection, the positions in the book, and those that are unowned now.
    """
    db = database_of(tenant)
    counts: list[int] = []

    def prepare(connection: BrokerConnection, seen: BrokerSnapshot | None) -> None:
        DeclareSymbols(FirestoreSymbolStore(db)).run(StrategyLoader(isolation="process").get_found())
        counts.extend((opened_book(tenant, connection.connected_by), begun(tenant, connection.connected_by, seen)))

    connection = connecting(db).connect(tenant, found, credentials, prepare)
    holdings, unowned = counts
    return connection, holdings, unowned


def opened_book(tenant: str, by: str) -> int:
    """Open the position book if it is not open, and return how many positions are in it."""
    use, defaults = use_case(tenant), MaestroController.policy_defaults()
    book, _ = use.show(tenant, defaults)
    if not book.is_open:
        book = use.open(tenant, Operator(by), [], defaults, is_written=True).book
    return len(book.holdings)


def begun(tenant: str, by: str, seen: BrokerSnapshot | None) -> int:
    """Book as unowned what the account held before feeds read its activities, and return how many positions that is."""
    if seen is None:
        return 0
    return len(adopting(tenant).begin(tenant, Operator(by), seen, MaestroController.policy_defaults()).differences)


def connecting(db: Client) -> ConnectBroker:
    return ConnectBroker(FirestoreConnectionStore(db), keys_of(db), OpenAccounts(), SystemClock())


def disconnecting(db: Client) -> DisconnectBroker:
    clock, commits, defaults = SystemClock(), Commits(jittered_pause), MaestroController.policy_defaults
    trading, ledger = FirestoreBookStore(db), FirestoreEntryLedger(db)
    fills, entries = RecordFills(trading, ledger, clock, commits), RecordEntries(trading, ledger, clock, commits)
    ports = ReadingPorts(
        connections=FirestoreConnectionStore(db),
        keys=keys_of(db),
        open_broker=OpenAccounts(),
        trading=trading,
        book=BookActivities(trading, ledger, fills, entries, clock),
        clock=clock,
        monotonic=time.monotonic,
        policy_of=lambda tenant: policy_or_defaults(defaults(), FirestorePolicyStore(db).read_policy(tenant).value),
        policy_defaults=defaults,
    )
    return DisconnectBroker(ports, commits)


def keys_of(db: Client) -> BrokerKeys:
    """Return where keys are kept: Secret Manager, or, with the emulators, a file on this machine."""
    return LocalKeys() if is_emulated() else SecretManagerKeys(db.project)


def asked(url: str | None) -> Credentials:
    """Ask for keys without showing them."""
    if not sys.stdin.isatty():
        key_id, secret = (sys.stdin.readline().strip() for _ in range(2))
        return Credentials(key_id, secret, url)
    return Credentials(getpass.getpass("API key id: ").strip(), getpass.getpass("Secret key: ").strip(), url)


def may_be_live(db: Client, tenant: str) -> bool:
    policy = FirestorePolicyStore(db).read_policy(tenant).value or {}
    return policy.get("broker_live") is True


def sentence(found: FoundAccount) -> str:
    account = found.seen.account
    equity = "unknown equity" if account.equity is None else f"{account.equity:,.2f} USD"
    tells = "" if found.connection.tells_amendments else "; it does not report busts and corrections of trades"
    holds = f"{counted(len(found.seen.positions), 'position')}, {counted(len(found.seen.open_orders), 'open order')}"
    return f"the keys open {named(found.connection)}: {equity}, {holds}{tells}"


def shown(tenant: str, connection: BrokerConnection | None) -> dict[str, Any]:
    """Return the document for machines, without the cursor, which is internal."""
    document = {} if connection is None else connection.to_document()
    document.pop("cursor", None)
    return {"tenant": tenant, "connected": connection is not None and connection.is_connected, **document}
