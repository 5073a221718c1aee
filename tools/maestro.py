"""The operator's command line: decisions, performance, tenants, users and channels, here or in the cloud."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore import FieldFilter
from rich.progress import Progress

from functions.adapters.firestore import paths
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock
from functions.domain.kernel.errors import InputError, MaestroError
from functions.domain.kernel.markets import LONGEST_CLOSURE
from functions.domain.kernel.policy import Policy
from functions.domain.ledger.performance_documents import label_of
from functions.domain.ledger.periods import Period
from functions.services.kernel.ports import Document
from functions.services.ledger.books import newest_checkpoint
from functions.services.ledger.catch_up import Progress as SnapshotProgress
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.ledger.snapshot_tasks import parse_period
from functions.services.ledger.take_snapshots import NO_LIMITS, TakeSnapshots
from functions.services.track_record.build_windows import build_windows
from functions.strategies.maestro_controller import MaestroController
from tools import book, broker, channels, tenants, users
from tools.backfill import backfill
from tools.connection import database_of, use_project
from tools.dry_run import RecordingLedgerStore
from tools.reconcile import reconcile
from tools.terminal import AsJson, fail, given, new_table, notes, plain, print_json, print_table
from tools.what_if import what_if
from tools.why import why

HELP = """
Ask what Maestro decided and why, compute performance, open the position book, and manage tenants, users \
and channels.

Where it works: on the emulators that make dev or make demo runs in another terminal; on the project that --project \
(or GCLOUD_PROJECT) names, with the credentials of gcloud auth application-default login; or on the emulators that \
FIRESTORE_EMULATOR_HOST and FIREBASE_AUTH_EMULATOR_HOST name.

It exits with 0 if all went well, with 1 and one line that says what to do if not, and with 2 for a command line that \
it cannot read. Results go to standard output (--json: for machines), everything else to standard error.
"""
EXAMPLES = """
Examples, with make demo running:

make maestro ARGS="why demo-1 MovingAverageTrend"

make maestro ARGS="list demo-1 --period day --limit 10"

make maestro ARGS="month demo-1 2020-03 --csv march.csv"

make maestro ARGS="tenant list --json"

make maestro ARGS="month --help"   what one command takes
"""
_MOST_SYMBOLS = 10
LOOK, COMPUTE, MANAGE = "Look", "Compute performance (a dry run without --write)", "Manage"

app = typer.Typer(
    help=HELP, epilog=EXAMPLES, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
app.command(rich_help_panel=LOOK)(why)
app.command(rich_help_panel=LOOK)(what_if)
app.command(rich_help_panel=MANAGE)(backfill)
app.add_typer(broker.broker_app, name="broker", rich_help_panel=MANAGE)
app.command(rich_help_panel=MANAGE)(reconcile)
app.add_typer(book.book_app, name="book", rich_help_panel=MANAGE)
app.add_typer(tenants.tenant_app, name="tenant", rich_help_panel=MANAGE)
app.add_typer(users.user_app, name="user", rich_help_panel=MANAGE)
app.add_typer(channels.channel_app, name="channel", rich_help_panel=MANAGE)

Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]
Write = Annotated[bool, typer.Option("--write", help="Store what is computed; without it nothing is written.")]

COLUMNS: Mapping[str, str] = {
    "strategy_id": "Strategy",
    "uid": "User",
    "book": "Book",
    "realized_pnl": "Realised",
    "unrealized_pnl": "Unrealised",
    "pnl": "P&L USD",
    "return_fraction": "Return",
    "sharpe_ratio": "Sharpe",
    "max_drawdown": "Drawdown",
    "win_rate": "Wins",
    "fills": "Fills",
}


@dataclass(slots=True)
class Session:
    """What every command shares."""

    market: str | None = None

    def store(self, tenant: str, *, writes: bool) -> RecordingLedgerStore:
        return RecordingLedgerStore(database_of(tenant), writes=writes)

    def policy_defaults(self) -> dict[str, Any]:
        """Return the defaults for what a tenant's policy does not set, with the given market. Raises InputError."""
        given_market = {} if self.market is None else {"market": self.market}
        defaults = {**MaestroController.policy_defaults(), **given_market}
        Policy.from_sources(defaults, None)
        return defaults


session = Session()


@app.callback()
def configure(
    project: Annotated[str | None, typer.Option(help="Firebase project id; by default see above.")] = None,
    market: Annotated[
        str | None,
        typer.Option(
            help="Market (ISO 10383, or 24x7) of tenants whose policy names none; by default MARKET_CALENDAR, or XNYS."
        ),
    ] = None,
) -> None:
    given[:] = [] if project is None else ["--project", project]
    if project is not None:
        use_project(project)
    session.market = market


@app.command(rich_help_panel=COMPUTE)
def day(
    tenant: Tenant,
    label: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="Last day to bring snapshots up to.")],
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Bring daily snapshots up to a day; missed days and late fills are picked up."""
    period, defaults = begun_period("day", label), session.policy_defaults()
    store = session.store(tenant, writes=write)
    take = TakeSnapshots(store, Calendars(), SystemClock(), NO_LIMITS)
    with Progress(console=notes, transient=True) as progress:
        bar = progress.add_task("Days", total=None)

        def advance(so_far: SnapshotProgress) -> None:
            progress.update(bar, advance=1, description=f"Day {so_far.reached} of {so_far.last}")

        report = take.run(tenant, period.start.date(), defaults, advance)
    show(store.snapshots, report.skipped, is_written=write, as_json=as_json)


@app.command(rich_help_panel=COMPUTE)
def month(
    tenant: Tenant,
    label: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month to compute.")],
    write: Write = False,
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option(help="Also write the table to this CSV file.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Also write it to this Parquet file (needs pyarrow).")] = None,
) -> None:
    """Compute a month from its fills and the books that were open when it began."""
    period = begun_period("month", label)
    for name, file in (("csv", csv), ("parquet", parquet)):
        if file is not None and not file.parent.is_dir():
            raise InputError(name, "a file in a folder that exists", str(file))
    store = session.store(tenant, writes=write)
    compute = ComputeMonth(store, Calendars(), SystemClock())
    computed = compute.from_fills(tenant, period, session.policy_defaults())
    store.write_snapshots(tenant, computed.snapshots)
    show(store.snapshots, computed.skipped, is_written=write, as_json=as_json)
    export(list(store.snapshots.values()), csv, parquet)


@app.command(rich_help_panel=COMPUTE)
def rebuild(tenant: Tenant, write: Write = False, as_json: AsJson = False) -> None:
    """Rebuild the performance windows, on which modes are decided, from the daily documents."""
    store = session.store(tenant, writes=write)
    now = datetime.now(UTC)
    books = newest_checkpoint(store, tenant, now)
    windows = build_windows(store, tenant, now.date(), moments=None if books is None else books.moments)
    shapes = {uid or "all users": (len(one.strategy_names), len(one.dates)) for uid, one in windows.items()}
    if as_json:
        print_json([{"uid": uid, "strategies": rows, "days": columns} for uid, (rows, columns) in shapes.items()])
        return
    for uid, (rows, columns) in shapes.items():
        print(f"{uid}: {rows} strategies, {columns} days")
    told(is_written=write)


@app.command("list", rich_help_panel=LOOK)
def list_performance(
    tenant: Tenant,
    period: Annotated[Literal["day", "month"], typer.Option(help="Daily or monthly performance.")] = "month",
    strategy: Annotated[str | None, typer.Option(help="Only this strategy.")] = None,
    since: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = "1970-01-01",
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List stored performance, newest first."""
    try:
        first = date.fromisoformat(since)
    except ValueError as error:
        raise InputError("since", "YYYY-MM-DD", since) from error
    start = datetime.combine(max(first, date(1970, 2, 1)) - LONGEST_CLOSURE, time(), UTC)
    query = paths.strategy_performance(database_of(tenant), tenant).where(filter=FieldFilter("period", "==", period))
    query = query.where(filter=FieldFilter("period_start", ">=", start)).order_by("period_start")
    with translated_errors(f"listing performance of tenant {tenant}"):
        stored = {one.id: one.to_dict() or {} for one in query.stream()}
    found = {name: one for name, one in stored.items() if label_of(one) >= since[: len(label_of(one))]}
    newest = dict(reversed(found.items()))
    strategies = sorted({str(document.get("strategy_id")) for document in newest.values()})
    if strategy is not None and strategy not in strategies:
        there_are = ", ".join(strategies[:20]) or "none"
        raise InputError("strategy", f"one with {period} performance since {since} (there are: {there_are})", strategy)
    mine = {name: document for name, document in newest.items() if strategy in (None, document.get("strategy_id"))}
    show(dict(list(mine.items())[:limit]), SkippedDocuments(), is_written=True, as_json=as_json)


def begun_period(kind: str, label: str) -> Period:
    """Read a period that is not in the future. Raises InputError."""
    period = parse_period(kind, label)
    if period.start > datetime.now(UTC):
        raise InputError("label", f"a {kind} that has begun", label)
    return period


def show(snapshots: Mapping[str, Document], skipped: SkippedDocuments, *, is_written: bool, as_json: bool) -> None:
    """Print performance documents and what could not be used."""
    if as_json:
        documents = [{"id": name, **document} for name, document in snapshots.items()]
        left_out = {"count": skipped.count, "examples": skipped.examples}
        print_json({"snapshots": documents, "skipped": left_out, "written": is_written})
        return
    table = new_table()
    table.add_column("Period", no_wrap=True)
    for name, heading in COLUMNS.items():
        is_text = name in {"strategy_id", "uid", "book"}
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=True)
    for document in snapshots.values():
        table.add_row(label_of(document), *(shown(name, document.get(name)) for name in COLUMNS))
    print_table(table)
    for example in skipped.examples:
        notes.print(f"skipped {example}")
    if skipped.count > len(skipped.examples):
        notes.print(f"… and {skipped.count - len(skipped.examples)} more ledger documents skipped")
    warn_of_stale_marks(snapshots.values())
    told(is_written=is_written)


def warn_of_stale_marks(documents: Iterable[Document]) -> None:
    """Say which open positions were valued at an old price: a missing feed looks like days without profit or loss."""
    stale = [one for one in documents if one.get("stale_marks")]
    if stale:
        symbols = sorted({symbol for one in stale for symbol in one["stale_marks"]})
        shown_symbols = ", ".join(symbols[:_MOST_SYMBOLS]) + (" …" if len(symbols) > _MOST_SYMBOLS else "")
        notes.print(
            f"{len(stale)} of these have open positions at an older price, because there is no closing price in "
            f"market_data/latest and its history: {shown_symbols}",
            soft_wrap=True,
        )


def told(*, is_written: bool) -> None:
    if not is_written:
        notes.print("Nothing was written: this was a dry run. Add --write to store it.")


def shown(name: str, value: Any) -> str:
    if value is None:
        return "n/a"
    if name in {"return_fraction", "max_drawdown", "win_rate"}:
        return f"{value:.2%}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def export(documents: Sequence[Document], csv: Path | None, parquet: Path | None) -> None:
    """Write documents as a table; times as ISO 8601, lists as text."""
    if csv is None and parquet is None:
        return
    import pandas as pd  # noqa: PLC0415 - only exports need it

    table = pd.DataFrame([{name: plain(value) for name, value in document.items()} for document in documents])
    if csv is not None:
        table.to_csv(csv, index=False)
        notes.print(f"wrote {csv}")
    if parquet is not None:
        try:
            table.to_parquet(parquet, index=False)
        except ImportError:
            fail("Parquet needs pyarrow: python3 tools/setup.py lab installs it")
        notes.print(f"wrote {parquet}")


def run(command: Callable[[], Any]) -> None:
    """Run a command line; whatever is the user's to fix is one line, not a traceback."""
    try:
        command()
    except GoogleAuthError as error:
        notes.print(f"maestro: no access ({error}): run gcloud auth application-default login", soft_wrap=True)
        sys.exit(1)
    except (MaestroError, ValueError, OSError) as error:
        notes.print(f"maestro: {error}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    run(lambda: app(prog_name="make maestro ARGS=…"))
