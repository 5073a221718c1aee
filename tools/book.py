"""The operator's commands for the position book: what each strategy holds, as the ledger has it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.gifts import Gift
from functions.domain.trading.residuals import Residuals
from functions.services.kernel.commits import Commits
from functions.services.trading.open_book import OpenBook, Opening, Operator
from functions.strategies.maestro_controller import MaestroController
from tools.connection import database_of
from tools.terminal import AsJson, notes, print_json, print_rows, tell

book_app = typer.Typer(
    help="Say what each strategy holds: open the position book from the ledger, repair it, show it, close it.",
    no_args_is_help=True,
)

Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]
Write = Annotated[bool, typer.Option("--write", help="Do it; without it nothing is written.")]
By = Annotated[str | None, typer.Option(help="Who does it, for the record; by default your name on this machine.")]


@book_app.command("open")
def open_book(
    tenant: Tenant,
    give: Annotated[
        list[str] | None,
        typer.Option(
            help="Give what is unowned of a symbol to a strategy: KO=Trend, or KO=Trend@45.10 with its price."
        ),
    ] = None,
    uid: Annotated[str | None, typer.Option(help="Id of the user to whom assigned fills belong.")] = None,
    by: By = None,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """
    Open the book from the ledger; if it is open already, show what differs from the ledger, and repair it.

    What the account holds but no strategy bought is shown, and stays unowned unless you give it to a strategy: as a
    fill at the given price, or else at the market's, which holds no buying power.
    """
    gifts = [Gift.parse(text) for text in give or ()]
    opening = use_case(tenant).open(
        tenant, Operator(name_of(by), uid), gifts, MaestroController.policy_defaults(), is_written=write
    )
    shown = shown_book(tenant, opening.book, opening.residuals) | opened(opening, is_written=write)
    if as_json:
        print_json(shown)
        return
    print_tables(shown)
    for example in opening.skipped.examples:
        notes.print(f"skipped {example}", soft_wrap=True)
    if opening.skipped.count:
        notes.print(f"{opening.skipped.count} ledger documents are malformed and left out")
    for difference in opening.differences:
        print(f"differs: {difference}")
    print(sentence(tenant, opening, is_written=write))
    if not write:
        notes.print("Nothing was written: this was a dry run. Add --write to do it.")


@book_app.command("show")
def show_book(tenant: Tenant, as_json: AsJson = False) -> None:
    """Show the book: since when it is open and by whom, what is held, what is under way, and what is unowned."""
    book, residuals = use_case(tenant).show(tenant, MaestroController.policy_defaults())
    shown = shown_book(tenant, book, residuals)
    if as_json:
        print_json(shown)
        return
    print_tables(shown)
    if book.opened_at is not None:
        print(f"open since {book.opened_at:%Y-%m-%d %H:%M:%S} UTC, by {book.opened_by}")
    else:
        print(f"not open{f': {book.closed_because}' if book.closed_because else ''}")


@book_app.command("close")
def close_book(
    tenant: Tenant,
    because: Annotated[str, typer.Option(help="Why, for the record.")] = "closed by an operator",
    by: By = None,
    write: Write = False,
    as_json: AsJson = False,
) -> None:
    """Close the book: what strategies hold is unknown from then on, and every SELL passes as an exit."""
    was_open = use_case(tenant).close(tenant, name_of(by), because, is_written=write)
    document = {"tenant": tenant, "was_open": was_open, "written": write and was_open}
    word = "is closed" if write else "would be closed"
    tell(f"the book of tenant {tenant} {word if was_open else 'was not open'}", document, as_json=as_json)
    if not write:
        notes.print("Nothing was written: this was a dry run. Add --write to do it.")


def use_case(tenant: str) -> OpenBook:
    db = database_of(tenant)
    return OpenBook(FirestoreBookStore(db), FirestoreLedgerStore(db), SystemClock(), Commits(jittered_pause))


def name_of(by: str | None) -> str:
    return by or getpass.getuser()


def shown_book(tenant: str, book: PositionBook, residuals: Residuals) -> dict[str, Any]:
    """Return a book as it is printed; nonces are secrets, so only their beginning."""
    return {
        "tenant": tenant,
        "is_open": book.is_open,
        "opened_at": book.opened_at,
        "opened_by": book.opened_by,
        "closed_because": book.closed_because,
        "closed_by": book.closed_by,
        "holdings": [
            {"strategy": name, "symbol": one.symbol or symbol, "qty": one.qty, "average_price": one.average_price}
            for (name, symbol), one in sorted(book.holdings.items())
        ],
        "orders": [
            {
                "strategy": one.strategy_id,
                "symbol": one.symbol,
                "intent": "ENTRY" if one.is_entry else "EXIT",
                "qty": one.qty,
                "filled_qty": one.filled_qty,
                "lapses_at": one.lapses_at,
                "nonce": f"{shown_nonce(nonce)}…",
            }
            for nonce, one in book.orders.items()
        ],
        "unowned": None if residuals.unknown_because else dict(residuals.unowned),
        "unowned_unknown_because": residuals.unknown_because if book.is_open else "the book is not open",
        "account_as_of": residuals.as_of,
    }


def opened(opening: Opening, *, is_written: bool) -> dict[str, Any]:
    """Return what opening a book adds to it."""
    given = {(one.strategy_id, one.symbol): (one.signed_qty, one.price) for one in opening.given}
    return {
        "was_open": opening.before.is_open,
        "differences": [
            {"strategy": one.strategy_id, "symbol": one.symbol, "book": one.book_qty, "ledger": one.ledger_qty}
            for one in opening.differences
        ],
        "given": [
            {"strategy": name, "symbol": symbol, "qty": qty, "price": price}
            for (name, symbol), (qty, price) in given.items()
        ],
        "skipped": {"count": opening.skipped.count, "examples": opening.skipped.examples},
        "written": is_written and opening.is_change,
    }


def print_tables(shown: Mapping[str, Any]) -> None:
    for name, columns in (
        ("holdings", ("strategy", "symbol", "qty", "average_price")),
        ("orders", ("strategy", "symbol", "intent", "qty", "filled_qty", "lapses_at", "nonce")),
        ("given", ("strategy", "symbol", "qty", "price")),
    ):
        rows: Sequence[dict[str, Any]] = shown.get(name) or ()
        if rows:
            print(f"{name}:")
            print_rows(columns, rows, as_json=False)
    if shown["unowned_unknown_because"]:
        print(f"unowned: unknown, {shown['unowned_unknown_because']}")
    for symbol, qty in (shown["unowned"] or {}).items():
        print(f"unowned: {qty:g} {symbol}")


def sentence(tenant: str, opening: Opening, *, is_written: bool) -> str:
    count = len(opening.book.holdings)
    if not opening.is_change:
        return f"the book of tenant {tenant} is open and agrees with the ledger: {count} positions"
    word = "repaired" if opening.before.is_open else "opened"
    return f"the book of tenant {tenant} {'is' if is_written else 'would be'} {word}: {count} positions"
