"""The operator's command where broker and books differ: show it, and book what is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from functions.adapters.firestore.drift_store import FirestoreDriftStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.broker.adoption import Adoption
from functions.domain.kernel.book_names import UNOWNED, check_strategy_name
from functions.domain.kernel.errors import InputError
from functions.domain.orchestration.drift import Drifts
from functions.services.broker.adopt_difference import AdoptDifference, Adopted
from functions.services.kernel.commits import Commits
from functions.services.trading.open_book import Operator
from functions.strategies.maestro_controller import MaestroController
from tools.book import By, Tenant, Write, name_of
from tools.connection import database_of
from tools.terminal import AsJson, notes, print_json, print_rows

COLUMNS = ("symbol", "subject", "broker", "books", "difference", "likely", "since", "state")
BOOKED = ("symbol", "owner", "side", "qty", "price")


def reconcile(
    tenant: Tenant,
    adopt: Annotated[list[str] | None, typer.Option(metavar="SYMBOL", help="Book a position that drifts.")] = None,
    adopt_all: Annotated[bool, typer.Option("--adopt-all", help="Book all positions that drift.")] = False,
    to: Annotated[
        str | None, typer.Option(metavar="STRATEGY", help="The strategy that gets it; by default it is unowned.")
    ] = None,
    uid: Annotated[str | None, typer.Option(help="The user whose fills they are, with --to.")] = None,
    price: Annotated[
        float | None, typer.Option(min=1e-12, help="USD per unit; by default the broker's, else what the books paid.")
    ] = None,
    by: By = None,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """
    Show where broker and books differ, as the last comparison found it; book a difference.

    A booked difference becomes a fill in the ledger. Only a lasting difference can be booked, and only while the books
    have not changed since that comparison.
    """
    if adopt is None and not adopt_all:
        show(tenant, Drifts.from_document(FirestoreDriftStore(database_of(tenant)).read(tenant).drift.value), as_json)
        return
    if adopt_all and (adopt or price is not None):
        raise InputError("--adopt-all", "without --adopt and --price", adopt or price)
    if price is not None and len(adopt or ()) > 1:
        raise InputError("--price", "of one symbol", price)
    if to is not None:
        check_strategy_name(to)
    adoption = Adoption(symbols=None if adopt_all else adopt, strategy_id=to or UNOWNED, price=price)
    defaults, operator = MaestroController.policy_defaults(), Operator(name_of(by), uid)
    adopted = use_case(tenant).run(tenant, operator, adoption, defaults, is_written=write)
    tell_of(tenant, adopted, is_written=write, as_json=as_json)


def use_case(tenant: str) -> AdoptDifference:
    db = database_of(tenant)
    return AdoptDifference(
        FirestoreTradingStore(db),
        FirestoreDriftStore(db),
        FirestoreLedgerStore(db),
        SystemClock(),
        Commits(jittered_pause),
    )


def show(tenant: str, drifts: Drifts, as_json: bool) -> None:
    rows = [
        {
            "symbol": one.symbol,
            "subject": str(one.subject),
            "broker": one.broker,
            "books": one.book,
            "difference": one.amount,
            "likely": str(one.kind),
            "since": one.since,
            "state": "drift" if one.is_drift else "seen once",
        }
        for one in drifts.differences
    ]
    if as_json:
        print_json({"tenant": tenant, "unknown_because": drifts.unknown_because, "differences": rows})
        return
    if drifts.unknown_because is not None:
        print(f"nothing is compared now: {drifts.unknown_because}")
    if not rows:
        is_compared = drifts.ledger_version is not None
        told = "agree, as far as they were compared" if is_compared else "have never been compared"
        print(f"broker and books of tenant {tenant} {told}")
        return
    print_rows(COLUMNS, [{**row, **_written(row)} for row in rows], as_json=False)


def _written(row: dict[str, Any]) -> dict[str, str]:
    names = ("broker", "books", "difference")
    return {name: "unknown" if row[name] is None else f"{row[name]:.12g}" for name in names}


def tell_of(tenant: str, adopted: Adopted, *, is_written: bool, as_json: bool) -> None:
    rows: Sequence[dict[str, Any]] = [
        {"symbol": one.symbol, "owner": one.strategy_id, "side": one.side, "qty": one.qty, "price": one.price}
        for one in adopted.fills
    ]
    if as_json:
        differences = [asdict(one) for one in adopted.differences]
        print_json({"tenant": tenant, "booked": rows, "differences": differences, "written": is_written and bool(rows)})
    elif rows:
        print_rows(BOOKED, rows, as_json=False)
    else:
        print(f"tenant {tenant} has no drift")
    if not is_written:
        notes.print("Nothing was written: this was a dry run. Add --write to do it.")
