"""Books over real prices: real splits and dividends, and two books recomputed by somebody else's library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.ledger.amendments import effective
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period
from functions.domain.ledger.events import Event, parse_entry
from functions.domain.ledger.fills import as_ledger_document
from tools.prerequisites import ROOT

DATA = ROOT / "examples" / "data"
LAST_DIGIT = 0.5e-6
"""What `adj_close` is rounded to, USD: half of its sixth decimal."""
DAY = timedelta(days=1)


def instant(day: pd.Timestamp, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def events_of(documents: dict[str, dict[str, Any]]) -> list[Event]:
    parsed = sorted((parse_entry(name, document) for name, document in documents.items()), key=lambda one: one.at)
    return list(effective(parsed, lambda error: pytest.fail(str(error))))


def daily(events: list[Event], closes: pd.DataFrame) -> dict[pd.Timestamp, list[PeriodResult]]:
    """Return every day's results."""
    books, results = Checkpoint.empty(), {}
    by_day: dict[Any, list[Event]] = {}
    for event in events:
        by_day.setdefault(event.at.date(), []).append(event)
    for day, marks in closes.to_dict("index").items():
        found, books = compute_period(books, by_day.get(day.date(), []), marks, instant(day) + DAY)
        results[day] = found
    return results


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "IBM"])
def test_holding_through_splits_and_dividends_comes_to_the_adjusted_return(symbol: str) -> None:
    traded = pd.read_csv(DATA / "us_equities_ohlcv_2000_2013.csv", parse_dates=["date"]).query("symbol == @symbol")
    actions = pd.read_csv(DATA / "us_equities_actions_2000_2013.csv", parse_dates=["date"]).query("symbol == @symbol")
    traded = traded.set_index("date")
    first, bought = traded.index[0], float(traded.close.iloc[0])
    fill = {"uid": "ann", "strategy_id": "Hold", "symbol": symbol, "side": "buy", "qty": 100, "price": bought}
    documents = {"f": {**fill, "ts": instant(first, 15)}}
    for number, action in enumerate(actions.to_dict("records")):
        known = {name: action[name] for name in ("kind", "symbol")}
        figures = {name: action[name] for name in ("ratio", "per_unit") if not np.isnan(action[name])}
        documents[f"a{number}"] = {**known, **figures, "ts": instant(action["date"])}
    results = daily(events_of(documents), traded[["close"]].rename(columns={"close": symbol}))

    splits = actions[actions.kind == "split"].set_index("date").ratio.reindex(traded.index).fillna(1.0)
    held = 100 * splits.cumprod() * traded.close  # at the day's end
    profit = pd.Series({day: sum(one.pnl for one in of_day) for day, of_day in results.items()})
    earned = (profit / held.shift()).iloc[1:]
    adjusted = (traded.adj_close / traded.adj_close.shift()).iloc[1:]
    rounding = adjusted * LAST_DIGIT * (1 / traded.adj_close + 1 / traded.adj_close.shift()).iloc[1:]
    assert ((earned - (adjusted - 1)).abs() <= rounding + 1e-12).all()  # on no day more than the last digit
    whole = traded.adj_close.iloc[-1] / traded.adj_close.iloc[0]
    last_digits = LAST_DIGIT * (1 / traded.adj_close.iloc[-1] + 1 / traded.adj_close.iloc[0])
    assert np.prod(1 + earned) == pytest.approx(whole, rel=last_digits + 1e-9)
    paid = sum(one.income for of_day in results.values() for one in of_day)
    shares = 100 * splits.cumprod()
    dividends = actions[actions.kind == "dividend"].set_index("date").per_unit
    assert paid == pytest.approx(float((dividends * shares.reindex(dividends.index)).sum()), abs=1e-6)


def test_each_days_profit_of_both_books_equals_a_recomputation_with_pandas() -> None:
    prices = pd.read_csv(DATA / "us_equities_daily_2018_2022.csv", index_col=0, parse_dates=True)
    rng, owners = (
        np.random.default_rng(20),
        [("ann", "Trend"), ("ann", "Carry"), ("bob", "Trend"), (SHADOW_UID, "Trend")],
    )
    rows, documents = [], {}
    for number in range(6_000):
        day, symbol = prices.index[rng.integers(len(prices))], str(prices.columns[rng.integers(20)])
        uid, strategy_id = owners[rng.integers(len(owners))]
        fill: dict[str, Any] = {
            "symbol": symbol,
            "side": str(rng.choice(["buy", "sell"])),
            "qty": float(rng.integers(1, 500)) / 8,
            "price": float(prices.loc[day, symbol] * rng.uniform(0.98, 1.02)),
        }
        at = instant(day, 15) + timedelta(seconds=number)
        costs: dict[str, Any] = {"fees": float(rng.uniform(-0.2, 2)), "slippage": float(rng.uniform(0, 1))}
        if uid == SHADOW_UID:
            costs = {"fees": 0.0, "slippage": 0.0}
            document = as_ledger_document({**fill, "strategy_name": strategy_id, "timestamp": at}, SHADOW_UID)
        else:
            document = {**fill, **costs, "uid": uid, "strategy_id": strategy_id, "ts": at}
        documents[f"f{number:05}"] = document
        rows.append({"day": day, "owner": (uid, strategy_id), **fill, **costs})

    table = pd.DataFrame(rows)
    table["signed"] = table.qty.where(table.side == "buy", -table.qty)
    table["close"] = [prices.loc[day, symbol] for day, symbol in zip(table.day, table.symbol, strict=True)]
    table["of_fills"] = table.signed * (table.close - table.price) - table.fees - table.slippage
    results = daily(events_of(documents), prices)
    for owner, mine in table.groupby("owner"):
        traded = mine.pivot_table(index="day", columns="symbol", values="signed", aggfunc="sum")
        held = traded.reindex(index=prices.index, columns=prices.columns).fillna(0.0).cumsum()
        of_positions = (held.shift().fillna(0.0) * prices.diff().fillna(0.0)).sum(axis=1)
        expected = of_positions + mine.groupby("day").of_fills.sum().reindex(prices.index).fillna(0.0)
        ours = pd.Series(
            {
                day: sum(one.pnl for one in found if (one.uid, one.strategy_id) == owner)
                for day, found in results.items()
            }
        )
        scale = 1 + (held.abs() * prices).sum(axis=1)
        assert ((ours - expected).abs() <= 1e-9 * scale).all()
        assert ours.abs().sum() > 10_000  # something happened
