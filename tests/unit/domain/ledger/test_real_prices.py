"""Books over real prices: real splits and dividends, and two books recomputed by somebody else's library."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.kernel.policy import Policy
from functions.domain.ledger.amendments import effective
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period
from functions.domain.ledger.capital import capital_base
from functions.domain.ledger.events import Event, parse_entry
from functions.domain.ledger.fills import as_ledger_document
from functions.domain.ledger.performance_documents import day_document
from functions.domain.ledger.periods import Period
from functions.domain.track_record.curves import strategy_curves
from functions.domain.track_record.daily_returns import session_of
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.track_record.build_windows import windows_of
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


OWNERS = [("ann", "Trend"), ("ann", "Carry"), ("bob", "Trend"), (SHADOW_UID, "Trend")]


@cache
def random_ledger() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, dict[str, Any]]]:
    """Return prices, fills as a table, and the same as ledger documents; every other live entry has a grant."""
    prices = pd.read_csv(DATA / "us_equities_daily_2018_2022.csv", index_col=0, parse_dates=True)
    rng = np.random.default_rng(20)
    rows, documents = [], {}
    for number in range(6_000):
        day, symbol = prices.index[rng.integers(len(prices))], str(prices.columns[rng.integers(20)])
        uid, strategy_id = OWNERS[rng.integers(len(OWNERS))]
        fill: dict[str, Any] = {
            "symbol": symbol,
            "side": str(rng.choice(["buy", "sell"])),
            "qty": float(rng.integers(1, 500)) / 8,
            "price": float(prices.loc[day, symbol] * rng.uniform(0.98, 1.02)),
        }
        at = instant(day, 15) + timedelta(seconds=number)
        costs: dict[str, Any] = {"fees": float(rng.uniform(-0.2, 2)), "slippage": float(rng.uniform(0, 1))}
        granted = 0.0
        if uid == SHADOW_UID:
            costs = {"fees": 0.0, "slippage": 0.0}
            document = as_ledger_document({**fill, "strategy_name": strategy_id, "timestamp": at}, SHADOW_UID)
        else:
            granted = fill["qty"] * fill["price"] * 1.5 if number % 2 else 0.0
            told = {"nonce": f"n{number}", "granted": granted, "ledger_version": 1} if granted else {}
            document = {**fill, **costs, **told, "uid": uid, "strategy_id": strategy_id, "ts": at}
        documents[f"f{number:05}"] = document
        rows.append({"day": day, "at": at, "owner": (uid, strategy_id), "granted": granted, **fill, **costs})
    table = pd.DataFrame(rows)
    table["signed"] = table.qty.where(table.side == "buy", -table.qty)
    table["close"] = [prices.loc[day, symbol] for day, symbol in zip(table.day, table.symbol, strict=True)]
    table["of_fills"] = table.signed * (table.close - table.price) - table.fees - table.slippage
    return prices, table, documents


@cache
def random_results() -> dict[pd.Timestamp, list[PeriodResult]]:
    prices, _, documents = random_ledger()
    return daily(events_of(documents), prices)


def profits(prices: pd.DataFrame, mine: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Return each day's profit of one owner, and what it held at each day's end."""
    traded = mine.pivot_table(index="day", columns="symbol", values="signed", aggfunc="sum")
    held = traded.reindex(index=prices.index, columns=prices.columns).fillna(0.0).cumsum()
    of_positions = (held.shift().fillna(0.0) * prices.diff().fillna(0.0)).sum(axis=1)
    return of_positions + mine.groupby("day").of_fills.sum().reindex(prices.index).fillna(0.0), held


def test_each_days_profit_of_both_books_equals_a_recomputation_with_pandas() -> None:
    prices, table, _ = random_ledger()
    results = random_results()
    for owner, mine in table.groupby("owner"):
        expected, held = profits(prices, mine)
        ours = pd.Series(
            {
                day: sum(one.pnl for one in found if (one.uid, one.strategy_id) == owner)
                for day, found in results.items()
            }
        )
        scale = 1 + (held.abs() * prices).sum(axis=1)
        assert ((ours - expected).abs() <= 1e-9 * scale).all()
        assert ours.abs().sum() > 10_000  # something happened


@dataclass(slots=True)
class Book:
    """One symbol, trade by trade: lots in a queue, and what was granted beyond what they cost."""

    lots: deque[list[float]] = field(default_factory=deque)
    unused: float = 0.0

    @property
    def granted(self) -> float:
        return self.cost() + self.unused

    def cost(self, sign: int = 0) -> float:
        return sum(abs(qty) * price for qty, price in self.lots if not sign or qty * sign > 0)

    def trade(self, signed: float, price: float, granted: float) -> None:
        held, left = sum(qty for qty, _ in self.lots), signed
        while abs(left) > 1e-9 and self.lots and self.lots[0][0] * left < 0:
            lot = self.lots[0]
            units = min(abs(lot[0]), abs(left))
            lot[0] -= units if lot[0] > 0 else -units
            left -= units if left > 0 else -units
            if abs(lot[0]) <= 1e-9:
                self.lots.popleft()
        if held * signed < 0:
            self.unused *= sum(qty for qty, _ in self.lots) / held
        if abs(left) > 1e-9:
            self.lots.append([left, price])
            self.unused += max(0.0, granted - abs(left) * price)


def capital_of(prices: pd.DataFrame, mine: pd.DataFrame) -> pd.DataFrame:
    """Return one owner's base and capital in longs, day by day, and whether it was active."""
    books: dict[str, Book] = {symbol: Book() for symbol in prices.columns}
    by_day, rows = {day: of_day.sort_values("at") for day, of_day in mine.groupby("day")}, []
    for day in prices.index:
        in_use, long = (sum(book.cost(sign) for book in books.values()) for sign in (0, 1))
        most = {symbol: book.granted for symbol, book in books.items()}
        traded = 0.0
        for trade in by_day[day].itertuples() if day in by_day else ():
            book = books[trade.symbol]
            book.trade(trade.signed, trade.price, trade.granted)
            most[trade.symbol] = max(most[trade.symbol], book.granted)
            traded += trade.qty * trade.price
        rows.append({"base": max(in_use, sum(most.values())), "long": long, "is_active": max(in_use, traded) > 1})
    return pd.DataFrame(rows, index=prices.index)


def test_each_days_return_and_ratios_of_both_books_equal_a_recomputation_with_pandas_and_empyrical() -> None:
    prices, table, _ = random_ledger()
    policy, results = Policy(performance_lookback_days=60), random_results()
    for owner, mine in table.groupby("owner"):
        profit, capital = profits(prices, mine)[0], capital_of(prices, mine)
        documents = [
            day_document("acme", one, period, capital_base(one.strategy_id, one.capital, policy, None), period.end)
            for day, found in results.items()
            for period in [Period.of_day(day.date())]
            for one in found
            if (one.uid, one.strategy_id) == owner
        ]
        days = prices.index[-len(documents) :]
        expected, capital = (profit / capital.base)[days], capital.loc[days]
        ours = pd.DataFrame(documents, index=days)
        assert capital.is_active.iloc[1:].all()
        pd.testing.assert_series_equal(ours.capital_base, capital.base, rtol=1e-9, check_names=False)
        pd.testing.assert_series_equal(ours.capital_long, capital.long, rtol=1e-9, check_names=False)
        np.testing.assert_allclose(ours.return_fraction, expected, rtol=1e-9, atol=1e-9)

        curves, book = strategy_curves(documents, len(days), policy), "shadow" if owner[0] == SHADOW_UID else "live"
        equity = empyrical.cum_returns(expected, starting_value=1.0)
        drawdown = equity / np.maximum(equity.cummax(), 1.0) - 1
        np.testing.assert_allclose(getattr(curves, book).drawdown, drawdown, rtol=1e-9, atol=1e-9)
        assert getattr(curves, book).drawdown.min() == pytest.approx(empyrical.max_drawdown(expected), rel=1e-9)
        excess = expected - policy.risk_free_rate / 252 * capital.long / capital.base
        windows = windows_of(documents)[owner[0]].sessions
        assert windows.active_sessions.tolist() == [90]
        sessions = SessionReturns.of(session_of([document]) for document in documents)
        for end in range(policy.performance_lookback_days, len(days) + 1, 7):
            window = excess.iloc[end - policy.performance_lookback_days : end]
            ratio = empyrical.sharpe_ratio(window, risk_free=0.0)
            assert curves.sharpe[end - 1] == pytest.approx(ratio, rel=1e-9, abs=1e-9)
            shown = days[end - policy.performance_lookback_days : end]
            kept = PerformanceWindows(
                (owner[1],), tuple(day.date() for day in shown), sessions[np.newaxis, end - len(shown) : end]
            )
            found = standings([owner[1]], kept, {}, policy, instant(shown[-1]))[owner[1]]
            assert found.sharpe_ratio == pytest.approx(ratio, rel=1e-9, abs=1e-9)
            daily_ratio, skewness, kurtosis = ratio / 252**0.5, stats.skew(window), stats.kurtosis(window, fisher=False)
            error = (1 - skewness * daily_ratio + (kurtosis - 1) / 4 * daily_ratio**2) ** 0.5
            active = int(capital.is_active[shown].sum())
            psr = stats.norm.cdf(daily_ratio * (active - 1) ** 0.5 / error)
            assert found.probabilistic_sharpe_ratio == pytest.approx(psr, rel=1e-9, abs=1e-9)
