"""A strategy is judged by what it did with what it was given: bases, charges, ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.books import Checkpoint, compute_period
from functions.domain.ledger.capital import IDLE_USD, Capital, capital_base
from functions.domain.ledger.events import Cash, Event, parse_entry
from functions.domain.ledger.fills import BookKey, Fill
from functions.domain.ledger.performance_documents import day_document, month_statistics
from functions.domain.ledger.periods import Period
from functions.domain.track_record.standing import Standing, standings
from functions.services.track_record.build_windows import windows_of

MONDAY = date(2020, 3, 2)
DAY = timedelta(days=1)
Document = dict[str, Any]
Told = tuple[int, dict[str, Any]]
"""Day, ledger document."""


def fill(day: int, side: str, qty: float, price: float, granted: float | None = None, **fields: Any) -> Told:
    document = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": side, "qty": qty, "price": price}
    entry = {"nonce": f"n{day}{fields.get('symbol')}", "granted": granted, "ledger_version": 1}
    return day, document | ({} if granted is None else entry) | fields


def record(told: Sequence[Told], closes: Mapping[str, Sequence[float]], policy: Policy | None = None) -> list[Document]:
    """Return the daily documents of as many days as there are closes."""
    books, documents = Checkpoint.empty(), []
    for day in range(len(next(iter(closes.values())))):
        at = datetime.combine(MONDAY, time(), UTC) + day * DAY
        events = [
            parse_entry(f"e{number}", {**document, "ts": at + timedelta(hours=15, minutes=number)})
            for number, (of_day, document) in enumerate(told)
            if of_day == day
        ]
        marks = {symbol: series[day] for symbol, series in closes.items()}
        results, books = compute_period(books, events, marks, at + DAY)  # type: ignore[arg-type]  # no amendments here
        for result in results:
            base = capital_base(result.strategy_id, result.capital, policy or Policy(), None)
            documents.append(day_document("acme", result, Period.of_day(MONDAY + day * DAY), base, at))
    return documents


def standing(documents: Sequence[Document], policy: Policy | None = None) -> Standing:
    windows = windows_of(documents)[None]
    now = datetime.combine(MONDAY, time(), UTC) + 99 * DAY
    return standings(["Trend"], windows, {}, policy or Policy(), now)["Trend"]


def test_a_month_with_one_day_of_a_small_gain_is_no_evidence() -> None:
    """E1: 29 days without position, one of +0.04 %."""
    dust = [fill(0, "buy", 0.004, 100.0), fill(0, "sell", 0.004, 100.0)]
    days = record([*dust, fill(29, "buy", 75, 100.0), fill(29, "sell", 75, 100.04)], {"KO": [100.0] * 30})
    assert [day["pnl"] for day in days] == pytest.approx([0.0] * 29 + [3.0])
    assert days[-1]["return_fraction"] == pytest.approx(0.0004)
    found = standing(days)
    assert (found.sharpe_ratio, found.data_points) == (None, 1)
    assert found.state.reason_code is ReasonCode.INSUFFICIENT_DATA
    month = month_statistics(days, Policy())
    assert (month["sharpe_ratio"], month["trading_days"], month["active_days"]) == (None, 30, 1)


def test_what_a_mode_withheld_is_in_no_base_and_is_charged_nothing() -> None:
    """E2: asked for 40 % of 100,000 and REDUCED to 20,000, it earned 200."""
    reduced = record([fill(0, "buy", 200, 100.0, granted=20_000.0)], {"KO": [101.0, 101.0]})
    assert (reduced[0]["capital_base"], reduced[0]["return_fraction"]) == (20_000.0, pytest.approx(0.01))
    assert (reduced[0]["capital_long"], reduced[1]["capital_long"]) == (0.0, 20_000.0), "as held at the start"
    whole = record([fill(0, "buy", 400, 100.0, granted=40_000.0)], {"KO": [101.0, 101.0]})
    assert [day["return_fraction"] for day in whole] == [day["return_fraction"] for day in reduced]


def test_a_buy_that_got_cash_for_little_is_measured_on_what_it_got() -> None:
    """E3: cash for 1.4 shares of the 200 that it asked for."""
    first, second = record([fill(0, "buy", 1.4, 100.0)], {"KO": [99.0, 98.01]})
    assert (first["capital_base"], first["return_fraction"]) == (pytest.approx(140.0), pytest.approx(-0.01))
    assert second["return_fraction"] == pytest.approx(-0.0099)


def test_three_symbols_are_measured_on_what_all_three_were_granted() -> None:
    """E4: three times 8 % of 100,000, and a loss of 2,259."""
    told = [fill(0, "buy", 80, 100.0, granted=8_000.0, symbol=symbol) for symbol in ("KO", "PEP", "XOM")]
    (day,) = record(told, {symbol: [100.0 - 2_259 / 240] for symbol in ("KO", "PEP", "XOM")})
    assert (day["pnl"], day["capital_base"]) == (pytest.approx(-2_259.0), 24_000.0)
    assert day["return_fraction"] == pytest.approx(-2_259 / 24_000)


@pytest.mark.parametrize("other", [Policy(enabled=False), Policy(max_gross_allocation=0.1), Policy(base_capital=77.0)])
def test_neither_being_switched_off_nor_a_cap_moves_the_base(other: Policy) -> None:
    """E5: `enabled: false` for a month."""
    told = [fill(0, "buy", 80, 100.0, granted=9_000.0), fill(3, "sell", 40, 110.0)]
    closes = {"KO": [101.0, 99.0, 103.0, 104.0, 105.0]}
    bases = [day["capital_base"] for day in record(told, closes, other)]
    assert bases == [day["capital_base"] for day in record(told, closes)] == [9_000.0] * 4 + [4_500.0]


episodes = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 400),
        st.sampled_from([None, 1.0, 1.5]),
        st.sampled_from([0.25, 0.5, 1.0, 2.0]),
        st.integers(1, 4),
        st.integers(0, 2),
    ),
    min_size=3,
    max_size=8,
)
"""Side, units, grant over cost, what the mode leaves of it, days held, days of rest."""


@given(episodes, st.integers(0, 9_999))
def test_modes_that_halve_positions_change_no_ratio(given_episodes: Any, seed: int) -> None:
    told: dict[str, list[Told]] = {"whole": [], "scaled": []}
    days = sum(held + rest for *_, held, rest in given_episodes) + 1
    closes = (100.0 * np.exp(np.random.default_rng(seed).normal(0, 0.02, days))).tolist()
    day = 0
    for side, units, grant, part, held, rest in given_episodes:
        for name, scale in (("whole", 1.0), ("scaled", part)):
            opened = None if grant is None else units * closes[day] * grant * scale
            leaves = "sell" if side == "buy" else "buy"
            told[name] += [
                fill(day, side, units * scale, closes[day], granted=opened),
                fill(day + held, leaves, units * scale, closes[day + held]),
            ]
        day += held + rest
    policy = Policy(performance_lookback_days=90, min_data_points=2)
    whole, scaled = (record(told[name], {"KO": closes}, policy) for name in told)
    one, two = (np.array([day["return_fraction"] for day in of_one]) for of_one in (whole, scaled))
    is_alone = np.array([_is_alone(given_episodes, number) for number in range(days)])
    np.testing.assert_allclose(one[is_alone], two[is_alone], rtol=1e-9, atol=1e-12)
    if is_alone.all():
        before, after = standing(whole, policy), standing(scaled, policy)
        assert (before.data_points, before.state.mode) == (after.data_points, after.state.mode)
        assert before.sharpe_ratio == pytest.approx(after.sharpe_ratio, rel=1e-6, abs=1e-9)


def _is_alone(given_episodes: Any, day: int) -> bool:
    """Tell whether a day has no more than one episode: two of different size have no size in common."""
    first, on_day = 0, 0
    for *_, held, rest in given_episodes:
        on_day += first <= day <= first + held
        first += held + rest
    return on_day <= 1


def test_shorts_are_in_the_base_and_pay_no_risk_free_rate() -> None:
    days = record(
        [fill(0, "sell", 10, 100.0), fill(0, "buy", 5, 100.0, symbol="PEP")],
        dict.fromkeys(("KO", "PEP"), (100.0, 100.0)),
    )
    assert (days[1]["capital_in_use"], days[1]["capital_long"], days[1]["capital_base"]) == (1_500.0, 500.0, 1_500.0)
    assert windows_of(days)[None].sessions.long_fraction[0, 1] == pytest.approx(1 / 3)


def test_a_short_pays_the_fee_that_is_booked_and_nothing_else() -> None:
    told = [fill(0, "sell", 10, 100.0), (1, {"kind": "fee", "amount": 2.5, "uid": "ann", "strategy_id": "Trend"})]
    days = record(told, {"KO": [100.0] * 3})
    sessions = windows_of(days)[None].sessions
    assert sessions.excess(0.04, 252)[0].tolist() == [0.0, pytest.approx(-0.0025), 0.0]
    assert sessions.is_active.all()


HISTORIES, SESSIONS, RATIO = 60, 90, 2.0


@pytest.mark.parametrize("share_active", [0.1, 0.5, 1.0])
def test_ratios_of_known_skill_are_unbiased_through_the_ledger_whole_or_halved_by_modes(share_active: float) -> None:
    rng = np.random.default_rng(9)
    daily = RATIO / np.sqrt(252)
    when_active = daily / np.sqrt(share_active - daily**2 * (1 - share_active))  # gives the ratio over all sessions
    is_active = rng.uniform(size=(SESSIONS, HISTORIES)) < share_active
    earned = np.where(is_active, 0.01 * rng.normal(when_active, 1.0, is_active.shape), np.nan)
    whole = ratios_of(earned, np.ones(is_active.shape))
    error = whole.std(ddof=1) / np.sqrt(HISTORIES)
    assert abs(whole.mean() - RATIO) < 4 * error + 0.01 * RATIO, "four standard errors, and the bias of 90 days"
    assert 4 * error < 1.0
    np.testing.assert_allclose(ratios_of(earned, rng.choice([0.5, 1.0], is_active.shape)), whole, rtol=1e-9)


def ratios_of(earned: Any, part: Any) -> Any:
    """Return what decisions read of histories that use 8,000 of 10,000 USD where they earn, or the part a mode left."""
    books, documents = Checkpoint.empty(), []
    names = [f"Trend{number}" for number in range(earned.shape[1])]
    for number, (returns, parts) in enumerate(zip(earned.tolist(), part.tolist(), strict=True)):
        day = MONDAY + number * DAY
        at = datetime.combine(day, time(15), UTC)
        events: list[Event] = []
        for name, earns, left in zip(names, returns, parts, strict=True):
            if math.isnan(earns):
                events.append(Cash(f"c{name}", at, ("ann", name), 0.0, is_fee=False))
                continue
            key, units = BookKey("ann", name, "KO"), 80.0 * left
            entry = Fill(key, at, units, 100.0, 0.0, 0.0, ("", "", "1"), None, 0, units, "n", 10_000.0 * left)
            events += [
                entry,
                Fill(key, at + DAY / 24, -units, 100.0 + 125.0 * earns, 0.0, 0.0, ("", "", "2"), executed=units),
            ]
        results, books = compute_period(books, events, {}, datetime.combine(day + DAY, time(), UTC))
        for one in results:
            base = capital_base(one.strategy_id, one.capital, Policy(), None)
            documents.append(day_document("acme", one, Period.of_day(day), base, at))
    policy = Policy(performance_lookback_days=90, min_data_points=2)
    found = standings(names, windows_of(documents)[None], {}, policy, datetime.combine(MONDAY, time(), UTC) + 99 * DAY)
    return np.array([found[name].sharpe_ratio for name in names])


@pytest.mark.parametrize(("usd", "is_active"), [(IDLE_USD, False), (IDLE_USD + 0.01, True)])
def test_dust_is_no_evidence_and_no_base(usd: float, is_active: bool) -> None:
    day = record([fill(0, "buy", 1, usd)], {"KO": [usd]})[0]
    assert day["is_active"] is is_active
    assert (day["capital_base"], day["capital_source"]) == (
        (usd, "ledger") if is_active else (10_000.0, "base_capital")
    )


def test_an_idle_session_earns_nothing_and_costs_nothing() -> None:
    days = record([fill(0, "buy", 10, 100.0), fill(0, "sell", 10, 101.0)], {"KO": [101.0] * 3})
    sessions = windows_of(days)[None].sessions
    assert sessions.is_active.tolist() == [[True, False, False]]
    assert sessions.excess(0.04, 252)[0, 1:].tolist() == [0.0, 0.0]


def test_a_days_document_says_what_it_was_computed_from() -> None:
    deposit = (0, {"kind": "deposit", "amount": 5_000, "uid": "ann"})
    told = [fill(0, "buy", 10, 100.0, granted=1_500.0), fill(0, "sell", 4, 110.0), deposit]
    first, second = record(told, {"KO": [120.0, 121.0]})
    names = ("is_active", "capital_in_use", "capital_long", "capital_granted", "capital_source", "turnover", "flows")
    assert [first[name] for name in names] == [True, 0.0, 0.0, 1_500.0, "ledger", 1_440.0, 5_000.0]
    assert [second[name] for name in names] == [True, 600.0, 600.0, pytest.approx(900.0), "ledger", 0.0, 0.0]


@pytest.mark.parametrize(
    ("before", "given_base", "expected"),
    [
        (None, None, (900.0, "ledger")),
        (None, 5_000.0, (5_000.0, "strategy_capital")),
        ({"capital_base": 4_000.0, "capital_source": "strategy_capital"}, 5_000.0, (4_000.0, "strategy_capital")),
        ({"capital_base": 4_000.0, "capital_source": "strategy_capital"}, None, (4_000.0, "strategy_capital")),
        ({"capital_base": 800.0, "capital_source": "ledger"}, 5_000.0, (900.0, "ledger")),
        ({"capital_base": 4_000.0}, 5_000.0, (4_000.0, "strategy_capital")),  # of before sources were said
        ({"capital_base": 4_000.0}, None, (900.0, "ledger")),
        ({"capital_base": 0.0}, None, (900.0, "ledger")),
    ],
)
def test_of_a_day_computed_again_what_the_policy_said_stays_and_what_the_ledger_says_follows(
    before: Document | None, given_base: float | None, expected: tuple[float, str]
) -> None:
    policy = Policy(strategy_capital={} if given_base is None else {"Trend": given_base})
    capital = Capital(traded=900.0, granted_by_symbol={"KO": 900.0})
    assert capital_base("Trend", capital, policy, before) == expected


def test_an_idle_day_computed_again_keeps_the_figure_it_had() -> None:
    before = {"capital_base": 4_000.0, "capital_source": "base_capital"}
    assert capital_base("Trend", Capital(), Policy(), before) == (4_000.0, "base_capital")
    assert capital_base("Trend", Capital(), Policy(), None) == (10_000.0, "base_capital")


def test_an_idle_users_figure_is_no_base_beside_anothers_own() -> None:
    ann = record([fill(0, "buy", 10, 100.0)], {"KO": [110.0]})
    fee = (0, {"kind": "fee", "amount": 5, "uid": "bob", "strategy_id": "Trend"})
    windows = windows_of([*ann, *record([fee], {"KO": [1.0]})])
    assert windows[None].sessions.returns.tolist() == [[pytest.approx(95 / 1_000)]]
    assert windows["bob"].sessions.returns.tolist() == [[pytest.approx(-5 / 10_000)]]
