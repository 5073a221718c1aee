"""
The operator's command line: performance, tenants and users, in the emulator or in the cloud.

Commands of performance store nothing unless --write is given. In the emulator FIRESTORE_EMULATOR_HOST and
FIREBASE_AUTH_EMULATOR_HOST say where it is; in the cloud the application default credentials are used (gcloud auth
application-default login).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore import FieldFilter
from rich.progress import Progress

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar
from functions.adapters.system import SystemClock
from functions.domain.kernel.errors import MaestroError
from functions.services.kernel.ports import Document
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.ledger.snapshot_tasks import parse_period
from functions.services.ledger.take_snapshots import TakeSnapshots
from functions.services.track_record.build_windows import build_windows
from functions.settings import ALWAYS_OPEN
from functions.strategies.maestro_controller import MaestroController
from tools import channels, tenants, users
from tools.dry_run import RecordingLedgerStore
from tools.terminal import AsJson, fail, new_table, notes, plain, print_json, print_table
from tools.why import why

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(tenants.tenant_app, name="tenant")
app.add_typer(users.user_app, name="user")
app.add_typer(channels.channel_app, name="channel")
app.command()(why)

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

    market: str = "XNYS"

    def store(self, *, writes: bool) -> RecordingLedgerStore:
        return RecordingLedgerStore(firestore_client(), writes=writes)


session = Session()


@app.callback()
def configure(
    project: Annotated[str | None, typer.Option(help="Firebase project id; the environment's by default.")] = None,
    market: Annotated[str, typer.Option(help="Market whose trading days count (ISO 10383), or 24x7.")] = "XNYS",
) -> None:
    if project is not None:
        os.environ["GCLOUD_PROJECT"] = os.environ["GOOGLE_CLOUD_PROJECT"] = project
    session.market = market


@app.command()
def day(
    tenant: Tenant,
    label: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="Last day to bring snapshots up to.")],
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Bring daily snapshots up to a day; missed days and late fills are picked up."""
    period = parse_period("day", label)
    store = session.store(writes=write)
    calendar = AlwaysOpen() if session.market == ALWAYS_OPEN else ExchangeCalendar(session.market)
    take = TakeSnapshots(store, calendar, SystemClock())
    with Progress(console=notes, transient=True) as progress:
        bar = progress.add_task("Days", total=None)

        def advance(reached: date) -> None:
            progress.update(bar, advance=1, description=f"Day {reached}")

        report = take.run(tenant, period.start.date(), MaestroController.policy_defaults(), advance)
    show(store.snapshots, report.skipped, is_written=write, as_json=as_json)


@app.command()
def month(
    tenant: Tenant,
    label: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month to compute.")],
    write: Write = False,
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option(help="Also write the table to this CSV file.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Also write it to this Parquet file (needs pyarrow).")] = None,
) -> None:
    """Compute a month from its fills and the books that were open when it began."""
    store = session.store(writes=write)
    compute = ComputeMonth(store, SystemClock())
    computed = compute.from_fills(tenant, parse_period("month", label), MaestroController.policy_defaults())
    store.write_snapshots(tenant, computed.snapshots)
    show(store.snapshots, computed.skipped, is_written=write, as_json=as_json)
    export(list(store.snapshots.values()), csv, parquet)


@app.command()
def rebuild(tenant: Tenant, write: Write = False, as_json: AsJson = False) -> None:
    """Rebuild the performance windows, which modes come from, from the daily documents."""
    store = session.store(writes=write)
    windows = build_windows(store, tenant, datetime.now(UTC).date())
    shapes = {uid or "all users": (len(one.strategy_names), len(one.dates)) for uid, one in windows.items()}
    if as_json:
        print_json([{"uid": uid, "strategies": rows, "days": columns} for uid, (rows, columns) in shapes.items()])
        return
    for uid, (rows, columns) in shapes.items():
        print(f"{uid}: {rows} strategies, {columns} days")
    told(is_written=write)


@app.command("list")
def list_performance(
    tenant: Tenant,
    period: Annotated[str, typer.Option(help="day or month.")] = "month",
    strategy: Annotated[str | None, typer.Option(help="Only this strategy.")] = None,
    since: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = "1970-01-01",
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List stored performance, newest first."""
    start = datetime.combine(parse_period("day", since).start.date(), time(), UTC)
    query = paths.strategy_performance(firestore_client(), tenant).where(filter=FieldFilter("period", "==", period))
    query = query.where(filter=FieldFilter("period_start", ">=", start)).order_by("period_start")
    with translated_errors(f"listing performance of tenant {tenant}"):
        found = {one.id: one.to_dict() or {} for one in query.stream()}
    newest = dict(reversed(found.items()))
    mine = {name: document for name, document in newest.items() if strategy in (None, document["strategy_id"])}
    show(dict(list(mine.items())[:limit]), SkippedDocuments(), is_written=True, as_json=as_json)


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
        start: datetime = document["period_start"]
        label = start.strftime("%Y-%m-%d" if document["period"] == "day" else "%Y-%m")
        table.add_row(label, *(shown(name, document.get(name)) for name in COLUMNS))
    print_table(table)
    for example in skipped.examples:
        notes.print(f"skipped {example}")
    if skipped.count > len(skipped.examples):
        notes.print(f"… and {skipped.count - len(skipped.examples)} more ledger documents skipped")
    told(is_written=is_written)


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
            fail("Parquet needs pyarrow: .setup/uv/bin/uv pip install --python .venv/bin/python pyarrow")
        notes.print(f"wrote {parquet}")


def run(command: Callable[[], Any]) -> None:
    """Run a command line; whatever is the user's to mend is one line, not a traceback."""
    try:
        command()
    except GoogleAuthError as error:
        notes.print(f"maestro: no access ({error}): run gcloud auth application-default login", soft_wrap=True)
        sys.exit(1)
    except (MaestroError, ValueError, KeyError) as error:
        hint = ": set GCLOUD_PROJECT or use --project" if isinstance(error, KeyError) else ""
        notes.print(f"maestro: {error}{hint}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    run(app)
