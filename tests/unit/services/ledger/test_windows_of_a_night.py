"""A night rolls windows on by a day, without reading the days before; what it cannot use it builds from scratch."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.track_record.cumulative_moments import read_moments
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.track_record.build_windows import WINDOW_SPAN, Windows, usable
from tests.unit.services.ledger.desk import TENANT, Desk, utc, weekdays

DAYS = weekdays("2020-03-02", 8)


def windows(desk: Desk) -> dict[str | None, Any]:
    """Return what is stored, as text: NaN is unequal to itself."""
    stored = desk.ledger.stored_windows
    return {uid: shown(PerformanceWindows.from_document(one)) for uid, one in stored.items()}


def shown(one: PerformanceWindows) -> Any:
    return one.strategy_names, one.dates, repr([array.tolist() for array in one.sessions.arrays])


def made_anew(desk: Desk, last: str) -> dict[str | None, Any]:
    last_day = date.fromisoformat(last)
    documents = usable(desk.ledger.daily_documents(TENANT, last_day - WINDOW_SPAN + timedelta(days=1), last_day))
    anew = Windows.of(documents.values())
    if None in anew.by_uid:
        assert desk.ledger.stored_windows[None]["live_days_json"] == anew.live_days.to_text()
        assert desk.ledger.stored_windows[None]["results"] == anew.results.to_document(anew.by_uid[None])
    return {uid: shown(one) for uid, one in anew.by_uid.items()}


FILLS = st.fixed_dictionaries(
    {
        "day": st.integers(0, len(DAYS) - 1),
        "strategy": st.sampled_from(["A", "B", "C"]),
        "uid": st.sampled_from(["ann", "bob", SHADOW_UID]),
        "side": st.sampled_from(["buy", "sell"]),
        "price": st.sampled_from([9.0, 10.0, 11.0]),
        "late": st.booleans(),
    }
)


def told(desk: Desk, number: int, fill: dict[str, Any], label: str) -> None:
    if fill["uid"] == SHADOW_UID:
        at = utc(f"{label} 15:00")
        paper = {"strategy_name": fill["strategy"], "timestamp": at, "symbol": "KO", "side": fill["side"]}
        desk.ledger.paper[f"p{number}"] = {**paper, "qty": 1.0, "price": fill["price"]}
        return
    happened = weekdays("2020-02-24", 1)[0] if fill["late"] else label
    desk.fill(
        f"f{number}", f"{happened} 15:00", fill["side"], 1, fill["price"], uid=fill["uid"],
        strategy_id=fill["strategy"], created_at=utc(f"{label} 21:00"),
    )  # fmt: skip


@given(st.lists(FILLS, max_size=12))
@settings(max_examples=60)
def test_windows_rolled_on_are_those_made_of_all_days(fills: list[dict[str, Any]]) -> None:
    desk = Desk()
    for index, label in enumerate(DAYS):
        for number, fill in enumerate(fills):
            if fill["day"] == index:
                told(desk, number, fill, label)
        desk.take(label)
        rebuilt = made_anew(desk, label)
        stored = windows(desk)
        assert {uid: stored[uid] for uid in rebuilt} == rebuilt
        assert all(not one[0] for uid, one in stored.items() if uid not in rebuilt)


def test_after_half_a_year_old_days_and_names_are_gone_from_rolled_windows_too() -> None:
    desk = Desk()
    days = weekdays("2019-06-03", 150)
    desk.fill("a", f"{days[0]} 15:00", "buy", 1, 10.0, strategy_id="A")
    for label in days:
        desk.take(label)
    assert windows(desk) == made_anew(desk, days[-1])
    assert len(windows(desk)[None][1]) == 90


def broken(desk: Desk, how: str) -> None:
    own = desk.ledger.stored_windows[None]
    match how:
        case "missing":
            del desk.ledger.stored_windows[None]
        case "damaged":
            own["returns"] = b"?"
        case "of another day":
            own["dates"][-1] = "2020-02-28"
        case "of before they said whose there are":
            del own["uids"]
        case "costs are damaged":
            own["live_days_json"] = "{"
        case "results are damaged":
            own["results"] = {**own["results"], "pnl": b"?"}
        case "a user's are missing":
            del desk.ledger.stored_windows["ann"]
        case "a user's are damaged":
            desk.ledger.stored_windows["ann"]["returns"] = b"?"


HOW = [
    "missing",
    "damaged",
    "of another day",
    "of before they said whose there are",
    "costs are damaged",
    "results are damaged",
    "a user's are missing",
    "a user's are damaged",
]


@pytest.mark.parametrize("how", ["whole", *HOW])
def test_windows_that_cannot_be_rolled_on_are_rebuilt(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.fill("f", f"{DAYS[0]} 15:00", "buy", 1, 10.0)
    for label in DAYS[:3]:
        desk.take(label)
    broken(desk, how)
    read: list[date] = []
    as_it_was = desk.ledger.daily_documents

    def watched(tenant_id: str, first: date, last: date, *begin: Any) -> Any:
        read.append(first)
        return as_it_was(tenant_id, first, last, *begin)

    monkeypatch.setattr(desk.ledger, "daily_documents", watched)
    desk.take(DAYS[3])
    assert (read == [date.fromisoformat(DAYS[3])]) == (how == "whole"), (
        "days before are read only where they have to be"
    )
    monkeypatch.undo()
    assert windows(desk) == made_anew(desk, DAYS[3])


def test_moments_count_the_sessions_that_windows_do_a_users_own_documents_too() -> None:
    desk = Desk()
    desk.fill("f", f"{DAYS[0]} 15:00", "buy", 100, 10.0)
    for number, label in enumerate(DAYS):
        own = {"uid": "ann", "strategy_id": "Own", "period": "day", "period_start": utc(f"{label} 00:00")}
        own |= {"session": label, "pnl": number - 2.0, "capital_base": 100.0, "unrealized_pnl": 0.0, "fills": 1}
        desk.ledger.performance[f"ann__Own__{label}"] = own
        desk.take(label)
    stored = desk.ledger.stored_windows[None]
    moments = read_moments(stored)
    assert {name: one.sessions for name, one in moments.items()} == {"Own": len(DAYS), "Trend": len(DAYS)}
    row = PerformanceWindows.from_document(stored).rows(["Own"], 90)[0].excess(0.04, 252)
    assert (moments["Own"].mean, moments["Own"].m2) == pytest.approx((row.mean(), row.var() * len(DAYS)))
    desk.fill("late", f"{DAYS[3]} 15:00", "buy", 1, 10.0, created_at=utc(f"{DAYS[-1]} 23:00"))
    desk.take(DAYS[-1], now=f"{DAYS[-1]} 23:30")
    assert read_moments(desk.ledger.stored_windows[None])["Own"] == moments["Own"]


def test_a_users_own_document_of_the_day_counts_at_once() -> None:
    desk = Desk()
    desk.fill("f", f"{DAYS[0]} 15:00", "buy", 1, 10.0)
    desk.take(DAYS[0])
    own = {**desk.days()[DAYS[0]], "strategy_id": "Own", "session": None, "period_start": utc(f"{DAYS[1]} 00:00")}
    desk.ledger.performance[f"ann__Own__{DAYS[1]}"] = own
    desk.take(DAYS[1])
    assert windows(desk) == made_anew(desk, DAYS[1])
    assert windows(desk)[None][0] == ("Own", "Trend")
