"""Random ledgers of every kind of entry, and an exact reference that carries them one unit of money at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

START = datetime(2020, 3, 2, tzinfo=UTC)
DAYS = 4
PRICES = {"KO": 50, "BTC/USD": 100, "PEP": 20}
OWNERS = [("ann", "Trend"), ("ann", "Carry"), ("bob", "Trend"), (None, None)]

Document = dict[str, Any]

minutes = st.integers(0, DAYS * 24 * 60 - 1)
symbols = st.sampled_from([*PRICES, "ko", "BTCUSD"])


def _at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@st.composite
def fills(draw: st.DrawFn) -> Document:
    """Draw a fill of anybody's, with every way of paying fees."""
    uid, strategy_id = draw(st.sampled_from(OWNERS))
    symbol = draw(symbols)
    document: Document = {
        "uid": uid,
        "strategy_id": strategy_id,
        "symbol": symbol,
        "side": draw(st.sampled_from(["buy", "sell", "sell_short"])),
        "qty": draw(st.integers(1, 40)),
        "price": str(draw(st.integers(10, 200))),
        "fees": draw(st.sampled_from([0, 0.25, -0.5, "1"])),
        "slippage": draw(st.sampled_from([0, 0.125])),
        "ts": _at(draw(minutes)),
    }
    coin = "BTC" if symbol.startswith("BTC") else None
    currency = draw(st.sampled_from([None, "USD", "BNB", coin]))
    if currency is not None:
        document |= {"fee_currency": currency, "fee_qty": 0.125, **({"fee_rate": 16} if currency == "BNB" else {})}
    return document


def _others() -> st.SearchStrategy[Document]:
    splits = st.builds(
        lambda minute, symbol, ratio: {"kind": "split", "symbol": symbol, "ratio": ratio, "ts": _at(minute)},
        minutes,
        symbols,
        st.sampled_from([2, 4, 0.5, "1.5"]),
    )
    dividends = st.builds(
        lambda minute, symbol, usd: {"kind": "dividend", "symbol": symbol, "per_unit": usd, "ts": _at(minute)},
        minutes,
        symbols,
        st.sampled_from([0.25, 3]),
    )
    cash = st.builds(
        lambda minute, kind, amount, owner: {
            "kind": kind,
            "amount": amount,
            "uid": owner[0],
            "strategy_id": owner[1],
            "ts": _at(minute),
        },
        minutes,
        st.sampled_from(["fee", "interest", "funding"]),
        st.sampled_from([2.5, -1.25]),
        st.sampled_from(OWNERS),
    )
    flows = st.builds(
        lambda minute, kind, amount: {"kind": kind, "amount": amount, "ts": _at(minute)},
        minutes,
        st.sampled_from(["deposit", "withdrawal"]),
        st.integers(1, 5000),
    )
    return st.one_of(splits, dividends, cash, flows)


@st.composite
def ledgers(draw: st.DrawFn) -> dict[str, Document]:
    """Draw documents by id, some of them voided or corrected."""
    drawn = draw(st.lists(st.one_of(fills(), fills(), _others()), max_size=20))
    documents = {f"e{number:02}": document for number, document in enumerate(drawn)}
    for entry_id, document in list(documents.items()):
        fate = draw(st.sampled_from(["kept", "kept", "kept", "voided", "corrected"]))
        if fate == "voided":
            documents[f"v{entry_id}"] = {"kind": "void", "of": entry_id, "ts": document["ts"]}
        elif fate == "corrected" and "kind" not in document:
            better = {**document, "qty": draw(st.integers(1, 40)), "price": draw(st.integers(10, 200))}
            documents[f"c{entry_id}"] = {**better, "kind": "correction", "of": entry_id, "ledger_version": 7}
    return documents


def marks_at(day: int) -> dict[str, float]:
    """Return closing prices of a day; none is a whole one before it."""
    return {symbol: price + 3.0 * day for symbol, price in PRICES.items()}


@dataclass(slots=True)
class ExactAccount:
    """The account by exact fractions: cash, and lots of every book in a queue."""

    cash: Fraction = Fraction(0)
    flows: Fraction = Fraction(0)
    realized: dict[tuple[str, str], Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    lots: dict[tuple[str, str, str], deque[list[Fraction]]] = field(default_factory=lambda: defaultdict(deque))

    def equity(self, marks: Mapping[str, float]) -> Fraction:
        """Return cash and what is held, at prices by any spelling."""
        price = {_one_spelling(symbol): Fraction(str(mark)) for symbol, mark in marks.items()}
        return self.cash + sum(
            (lot[0] * price[key[2]] for key, book in self.lots.items() for lot in book), start=Fraction(0)
        )

    def take(self, documents: Iterable[Document]) -> None:
        """Carry entries that hold, in any order."""
        rank = {"split": 0, "dividend": 1}
        for document in sorted(documents, key=lambda one: (one["ts"], rank.get(one.get("kind", ""), 2), one["id"])):
            kind = document.get("kind", "fill")
            match kind:
                case "split":
                    self._split(document)
                case "dividend":
                    self._dividend(document)
                case "fee" | "interest" | "funding":
                    usd = Fraction(str(document["amount"])) * (-1 if kind == "fee" else 1)
                    self._earn(_owner(document), usd)
                case "deposit" | "withdrawal":
                    usd = Fraction(str(document["amount"])) * (-1 if kind == "withdrawal" else 1)
                    self.cash += usd
                    self.flows += usd
                case _:
                    self._fill(document)

    def _earn(self, owner: tuple[str, str], usd: Fraction) -> None:
        self.cash += usd
        self.realized[owner] += usd

    def _split(self, document: Document) -> None:
        ratio = Fraction(str(document["ratio"]))
        for key, book in self.lots.items():
            if key[2] == _one_spelling(document["symbol"]):
                for lot in book:
                    lot[0], lot[1], lot[2] = lot[0] * ratio, lot[1] / ratio, lot[2] / ratio

    def _dividend(self, document: Document) -> None:
        for key, book in self.lots.items():
            if key[2] == _one_spelling(document["symbol"]):
                held = sum((lot[0] for lot in book), start=Fraction(0))
                self._earn((key[0], key[1]), held * Fraction(str(document["per_unit"])))

    def _fill(self, document: Document) -> None:
        owner, symbol = _owner(document), _one_spelling(document["symbol"])
        signed = Fraction(str(document["qty"])) * (1 if document["side"] == "buy" else -1)
        price = Fraction(str(document["price"]))
        cost = Fraction(str(document["fees"])) + Fraction(str(document["slippage"]))
        self.cash -= signed * price + cost
        fee_qty = Fraction(str(document.get("fee_qty", 0)))
        match document.get("fee_currency"):
            case "BTC":
                signed -= fee_qty
                cost += fee_qty * price
            case "USD":
                self.cash -= fee_qty
                cost += fee_qty
            case "BNB":
                self.cash -= fee_qty * document["fee_rate"]
                cost += fee_qty * document["fee_rate"]
        book, unit_cost = self.lots[*owner, symbol], cost / abs(signed)
        while signed and book and (book[0][0] > 0) != (signed > 0):
            lot = book[0]
            units = min(abs(signed), abs(lot[0]))
            direction = 1 if lot[0] > 0 else -1
            self.realized[owner] += units * (direction * (price - lot[1]) - lot[2] - unit_cost)
            lot[0] -= direction * units
            signed += direction * units
            if not lot[0]:
                book.popleft()
        if signed:
            book.append([signed, price, unit_cost])


def that_hold(documents: Mapping[str, Document]) -> list[Document]:
    """Return the entries that hold, with their ids: what is neither voided nor corrected, and the corrections."""
    gone = {document["of"] for document in documents.values() if "of" in document}
    return [
        {**{name: value for name, value in document.items() if name not in {"of", "kind"} or "of" not in document}}
        | {"id": entry_id}
        for entry_id, document in documents.items()
        if entry_id not in gone and document.get("kind") != "void"
    ]


def of_days(documents: Sequence[Document], first: int, last: int) -> list[Document]:
    start, end = START + timedelta(days=first), START + timedelta(days=last)
    return [document for document in documents if start <= document["ts"] < end]


def _owner(document: Document) -> tuple[str, str]:
    return (document["uid"], document["strategy_id"]) if document["strategy_id"] else ("unowned", "unowned")


def _one_spelling(symbol: str) -> str:
    return symbol.upper().replace("/", "")
