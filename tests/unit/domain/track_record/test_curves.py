"""Curves: what compounds to what, and which book counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.performance_documents import mode_at_end
from functions.domain.ledger.periods import Period
from functions.domain.track_record import statistics
from functions.domain.track_record.curves import rolling_sharpe, strategy_curves
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.track_record.build_windows import windows_of

POLICY = Policy(performance_lookback_days=10, min_data_points=3)
MONDAY = date(2020, 3, 2)
RETURNS = st.lists(st.floats(-0.2, 0.2, allow_subnormal=False).map(lambda one: round(one, 6)), min_size=1, max_size=40)


def daily(day: int, pnl: float, book: str = "live", uid: str = "ann", **fields: Any) -> dict[str, Any]:
    start = datetime.combine(MONDAY, datetime.min.time(), UTC) + timedelta(days=day)
    known = {"strategy_id": "Trend", "uid": uid, "book": book, "period_start": start, "pnl": pnl, "capital_base": 100.0}
    return known | {"fills": 1, "unrealized_pnl": 0.0, "mode": None} | fields


def beyond_cash(returns: list[float]) -> list[float]:
    """Return what days of 0 (idle) and others (all in longs) earned beyond the risk-free rate."""
    return [one - POLICY.risk_free_rate / 252 if one else 0.0 for one in returns]


def test_a_live_record() -> None:
    curves = strategy_curves([daily(0, 10, mode="ACTIVE"), daily(1, -22), daily(2, 11)], 30, POLICY)
    assert curves.days == tuple(MONDAY + timedelta(days=day) for day in range(3))
    assert curves.live.return_fraction == pytest.approx([0.1, -0.22, 0.11])
    assert curves.live.equity == pytest.approx([1.1, 0.858, 0.95238])
    assert curves.live.drawdown == pytest.approx([0.0, -0.22, 0.95238 / 1.1 - 1])
    assert np.isnan(curves.shadow.equity).all()
    assert np.isnan(curves.sharpe[:2]).all()
    assert curves.sharpe[2] == pytest.approx(
        statistics.sharpe_ratio(beyond_cash([0.1, -0.22, 0.11]), periods_a_year=252)
    )
    assert curves.book == ("live", "live", "live")
    assert curves.mode == ("ACTIVE", None, None)


def test_a_loss_on_the_first_day_is_a_drawdown() -> None:
    assert strategy_curves([daily(0, -10)], 30, POLICY).live.drawdown == pytest.approx([-0.1])


def test_users_pool_as_profit_over_capital() -> None:
    curves = strategy_curves([daily(0, 10), daily(0, 0, uid="bob", capital_base=300.0)], 30, POLICY)
    assert curves.live.return_fraction == pytest.approx([10 / 400])


def test_a_day_on_paper_counts_with_its_paper_return() -> None:
    idle: dict[str, Any] = {"fills": 0, "unrealized_pnl": 0.0}
    documents = [
        *(daily(0, 5), daily(0, 0, "shadow", "shadow", **idle)),
        *(daily(1, 0, **idle), daily(1, 7, "shadow", "shadow")),
        *(daily(2, 1), daily(2, -3, "shadow", "shadow")),
    ]
    curves = strategy_curves(documents, 30, POLICY)
    assert curves.book == ("live", "shadow", "shadow")
    assert curves.sharpe[2] == pytest.approx(
        statistics.sharpe_ratio(beyond_cash([0.05, 0.07, -0.03]), periods_a_year=252)
    )
    assert curves.live.equity == pytest.approx([1.05, 1.05, 1.05 * 1.01]), "each book has its own curve"
    assert curves.shadow.equity == pytest.approx([1.0, 1.07, 1.07 * 0.97])


def test_a_book_begins_with_its_first_day() -> None:
    curves = strategy_curves([daily(0, 1), daily(1, 1), daily(1, 2, "shadow", "shadow"), daily(2, 1)], 30, POLICY)
    assert curves.shadow.equity == pytest.approx([np.nan, 1.02, 1.02], nan_ok=True)
    assert curves.shadow.return_fraction == pytest.approx([np.nan, 0.02, np.nan], nan_ok=True)


def test_an_idle_day_on_paper_only_counts_for_no_book() -> None:
    idle = daily(1, 0, "shadow", "shadow", fills=0)
    curves = strategy_curves([daily(0, 3, "shadow", "shadow"), idle], 30, POLICY)
    assert curves.book == ("shadow", None)
    assert curves.shadow.equity == pytest.approx([1.03, 1.03])
    assert np.isnan(curves.live.equity).all()


def test_a_book_that_began_before_the_days_shown_carries_on() -> None:
    curves = strategy_curves([daily(0, 10, "shadow", "shadow"), daily(1, 1), daily(2, -1)], 2, POLICY)
    assert curves.shadow.equity == pytest.approx([1.0, 1.0])
    assert curves.shadow.drawdown == pytest.approx([0.0, 0.0])
    assert np.isnan(curves.shadow.return_fraction).all()


def test_a_book_that_lost_all_stays_at_0_for_ever() -> None:
    documents = [daily(0, 10), daily(1, -250), daily(2, -250), daily(3, 40)]
    whole = strategy_curves(documents, 30, POLICY)
    assert whole.live.equity == pytest.approx([1.1, 0.0, 0.0, 0.0])
    assert whole.live.drawdown == pytest.approx([0.0, -1.0, -1.0, -1.0])
    later = strategy_curves(documents, 2, POLICY)
    assert later.live.equity == pytest.approx([0.0, 0.0]), "also where the day it lost all is not shown"
    assert later.live.drawdown == pytest.approx([-1.0, -1.0])


def test_equity_beyond_any_float_is_no_figure() -> None:
    curves = strategy_curves([daily(day, 1e300) for day in range(3)], 30, POLICY)
    assert np.isinf(curves.live.equity[-1])
    assert np.isnan(curves.live.drawdown[-1])


def test_days_before_those_shown_count_for_the_sharpe_ratio_and_not_for_equity() -> None:
    documents = [daily(day, pnl) for day, pnl in enumerate((1, 2, 3, 4))]
    whole, tail = strategy_curves(documents, 4, POLICY), strategy_curves(documents, 1, POLICY)
    assert tail.days == whole.days[-1:]
    assert tail.sharpe == pytest.approx(whole.sharpe[-1:])
    assert tail.live.equity == pytest.approx([1.04])


@given(RETURNS)
def test_curves_are_the_statistics_of_their_returns(returns: list[float]) -> None:
    documents = [daily(day, 100 * value) for day, value in enumerate(returns)]
    curves = strategy_curves(documents[::-1], len(returns), POLICY)
    assert {len(part) for part in (curves.days, curves.live.equity, curves.sharpe, curves.book, curves.mode)} == {
        len(returns)
    }
    assert curves.live.equity[-1] - 1 == pytest.approx(statistics.total_return(returns), abs=1e-12)
    assert curves.live.drawdown.min() == pytest.approx(statistics.max_drawdown(returns), abs=1e-12)
    assert curves.live.equity == pytest.approx(np.cumprod(1 + np.array(returns)), abs=1e-12)
    windows = [returns[max(0, end - 10) : end] for end in range(1, len(returns) + 1)]
    by_day = [
        float(statistics.sharpe_ratio(beyond_cash(one), periods_a_year=252)) if np.count_nonzero(one) >= 3 else np.nan
        for one in windows
    ]
    assert curves.sharpe == pytest.approx(by_day, rel=1e-9, nan_ok=True)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.sampled_from([0.0, 1.0, -2.0])), min_size=1))
def test_the_book_that_counts_is_the_windows(cells: list[tuple[int, bool, float]]) -> None:
    """What modes come from, and what the curve shows, is one series."""
    documents = [
        daily(day, pnl, "shadow" if is_paper else "live", f"u{number}", fills=0)
        for number, (day, is_paper, pnl) in enumerate(cells)
    ]
    curves = strategy_curves(documents, 30, POLICY)
    counting = [
        {"live": curves.live, "shadow": curves.shadow}[book].return_fraction[at] if book else np.nan
        for at, book in enumerate(curves.book)
    ]
    windows = windows_of(documents).get(None, PerformanceWindows.empty())
    by_day = dict(zip(windows.dates, windows.rows(["Trend"], 30).returns[0], strict=True))
    assert counting == pytest.approx([by_day.get(day, np.nan) for day in curves.days], nan_ok=True)


def test_no_days_have_no_sharpe_ratio() -> None:
    assert rolling_sharpe(SessionReturns.plain([]), POLICY).size == 0


@pytest.mark.parametrize(
    ("since_day", "before", "expected"),
    [
        (0, None, "REDUCED"),
        (1, None, None),  # it changed after the day, and nobody wrote down what it was
        (1, {"mode": "ACTIVE"}, "ACTIVE"),
        (0, {"mode": "ACTIVE"}, "REDUCED"),
        (1, {}, None),  # computed before modes were recorded
    ],
)
def test_the_mode_at_a_days_end(since_day: int, before: dict[str, Any] | None, expected: str | None) -> None:
    since = datetime(2020, 3, 2 + since_day, 20, tzinfo=UTC)
    state = ModeState(AgentMode.REDUCED, since, ReasonCode.SHARPE_BELOW_REDUCE)
    assert mode_at_end(state, Period.of_day(MONDAY), before) == expected


def test_a_strategy_without_a_mode_has_none() -> None:
    assert mode_at_end(None, Period.of_day(MONDAY), None) is None
