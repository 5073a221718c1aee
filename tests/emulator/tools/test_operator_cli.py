"""The operator's command line against the Firestore emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from tests.emulator.ledger.test_snapshots import TENANT, performance, take
from tests.emulator.ledger.test_snapshots import ledger as week_of_fills
from tests.emulator.tools.command_line import maestro

__all__ = ["week_of_fills"]


@pytest.fixture
def ledger(week_of_fills: Client) -> Client:
    """The week's fills, of a tenant that was created."""
    paths.tenant(week_of_fills, TENANT).set({"maestro_enabled": True, "status": "active"})
    return week_of_fills


def everything(db: Client) -> dict[str, Any]:
    names = ("strategy_performance", "state", "jobs")
    return {
        one.reference.path: one.to_dict() for name in names for one in db.collection("tenants", TENANT, name).stream()
    }


def test_a_dry_run_shows_and_stores_nothing(ledger: Client) -> None:
    before = everything(ledger)
    for words in (("day", TENANT, "2020-03-06"), ("month", TENANT, "2020-03"), ("rebuild", TENANT)):
        done = maestro(ledger, *words)
        assert done.returncode == 0, done.stderr
        assert "dry run" in done.stderr
    assert everything(ledger) == before


def test_days_without_closing_prices_are_told(ledger: Client) -> None:
    words = ("day", TENANT, "2020-03-06")
    assert "older price" not in maestro(ledger, *words).stderr
    paths.market_data(ledger, TENANT).delete()
    assert "5 of these have open positions at an older price" in maestro(ledger, *words).stderr
    assert "market_data/latest and its history: KO\n" in maestro(ledger, *words).stderr


def test_what_is_written_is_what_was_shown(ledger: Client) -> None:
    dry = json.loads(maestro(ledger, "day", TENANT, "2020-03-06", "--json").stdout)
    done = maestro(ledger, "day", TENANT, "2020-03-06", "--write", "--json")
    shown = json.loads(done.stdout)
    stored = performance(ledger)
    assert {one["id"]: one["pnl"] for one in shown["snapshots"]} == {name: d["pnl"] for name, d in stored.items()}
    assert {one["id"]: one["pnl"] for one in dry["snapshots"]} == {name: d["pnl"] for name, d in stored.items()}
    assert (dry["written"], shown["written"], shown["skipped"]["count"]) == (False, True, 0)
    assert take(ledger).days == [], "the nightly job has nothing left to do"


def test_a_month_is_exported_and_listed(ledger: Client, tmp_path: Path) -> None:
    take(ledger)
    file = tmp_path / "march.csv"
    done = maestro(ledger, "month", TENANT, "2020-03", "--write", "--csv", str(file))
    assert done.returncode == 0, done.stderr
    exported = pd.read_csv(file)
    stored = performance(ledger, "month")["ann__Trend__2020-03"]
    assert exported["pnl"].tolist() == pytest.approx([stored["pnl"]])
    assert exported["sharpe_ratio"].tolist() == pytest.approx([stored["sharpe_ratio"]])
    days = json.loads(maestro(ledger, "list", TENANT, "--period", "day", "--limit", "2", "--json").stdout)
    assert [one["id"][-10:] for one in days["snapshots"]] == ["2020-03-06", "2020-03-05"]
    table = maestro(ledger, "list", TENANT).stdout
    assert "2020-03" in table
    assert "Trend" in table


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("month", TENANT, "2020-13"), "label must be YYYY-MM-DD for a day, YYYY-MM for a month, was '2020-13'"),
        (("day", TENANT, "today"), "label must be YYYY-MM-DD for a day, YYYY-MM for a month, was 'today'"),
    ],
)
def test_bad_words_are_one_line(own_db: Client, words: tuple[str, ...], message: str) -> None:
    done = maestro(own_db, *words)
    assert done.returncode == 1
    assert done.stderr.strip() == f"maestro: {message}"


def test_a_strategy_that_is_not_there_is_one_line_with_those_that_are(ledger: Client) -> None:
    take(ledger)
    done = maestro(ledger, "list", TENANT, "--period", "day", "--strategy", "Trent")
    assert (done.returncode, done.stdout) == (1, "")
    limit = "one with day performance since 1970-01-01 (there are: Trend)"
    assert done.stderr.strip() == f"maestro: strategy must be {limit}, was 'Trent'"


def test_help_tells_what_there_is(own_db: Client) -> None:
    done = maestro(own_db, "--help")
    assert done.returncode == 0
    for command in ("day", "month", "rebuild", "list"):
        assert command in done.stdout


TRADES = """id,ts,strategy_id,symbol,side,qty,price,fees
t1,2020-03-02T20:00:00Z,Trend,KO,BUY,10,45.5,1
t2,2020-03-04T20:00:00Z,Trend,KO,sell,10,46,1
t3,2020-03-04T20:00:00Z,Value,PEP,buy,2.5,130,
"""


def ledger_of(db: Client) -> list[dict[str, Any]]:
    return [one.to_dict() or {} for one in paths.ledger_trades(db, TENANT).stream()]


def test_fills_of_long_ago_are_recorded_once_and_only_when_told_to(own_db: Client, tmp_path: Path) -> None:
    paths.tenant(own_db, TENANT).set({"maestro_enabled": True, "status": "active"})
    file = tmp_path / "trades.csv"
    file.write_text(TRADES)
    words = ("backfill", TENANT, str(file), "--uid", "ann")
    dry = maestro(own_db, *words, "--json")
    assert (dry.returncode, ledger_of(own_db)) == (0, []), dry.stderr
    assert "dry run" in dry.stderr
    assert [(row["strategy"], row["fills"], row["new"]) for row in json.loads(dry.stdout)] == [
        ("Trend", 2, 2),
        ("Value", 1, 1),
    ]
    assert maestro(own_db, *words, "--write").returncode == 0
    assert sorted((one["broker_fill_id"], one["side"], one["qty"]) for one in ledger_of(own_db)) == [
        ("t1", "buy", 10.0),
        ("t2", "sell", 10.0),
        ("t3", "buy", 2.5),
    ]
    again = maestro(own_db, *words, "--write", "--json")
    assert [row["new"] for row in json.loads(again.stdout)] == [0, 0]
    assert len(ledger_of(own_db)) == 3
    file.write_text(TRADES.replace("45.5", "45.6"))
    other = maestro(own_db, *words, "--write")
    assert other.returncode == 1
    assert "rejected t1: FILL_CONFLICT" in other.stderr


ENTRIES = """id,kind,ts,strategy_id,symbol,side,qty,price,ratio,amount,of
t1,,2020-03-02T20:00:00Z,Trend,KO,buy,10,45.5,,,
s1,split,2020-03-03T00:00:00Z,,KO,,,,2,,
m1,deposit,2020-03-03T00:00:00Z,,,,,,,1000,
"""


def test_entries_of_long_ago_are_recorded_and_amended_once(own_db: Client, tmp_path: Path) -> None:
    paths.tenant(own_db, TENANT).set({"maestro_enabled": True, "status": "active"})
    file = tmp_path / "entries.csv"
    file.write_text(ENTRIES)
    words = ("backfill", TENANT, "--uid", "ann")
    dry = maestro(own_db, *words, str(file), "--json")
    assert [(row["strategy"], row["new"]) for row in json.loads(dry.stdout)] == [
        ("(deposit)", 1),
        ("(split)", 1),
        ("Trend", 1),
    ]
    assert ledger_of(own_db) == []
    for _ in range(2):
        assert maestro(own_db, *words, str(file), "--write").returncode == 0
    assert sorted(one.get("kind", "fill") for one in ledger_of(own_db)) == ["deposit", "fill", "split"]
    (fill,) = (one.id for one in paths.ledger_trades(own_db, TENANT).stream() if one.id.startswith("b_"))
    amending = tmp_path / "amending.json"
    rows = [{"id": "c1", "kind": "correction", "of": fill, "qty": 9}, {"id": "v1", "kind": "void", "of": "gone"}]
    amending.write_text(json.dumps(rows))
    wrong = maestro(own_db, *words, str(amending), "--write")
    assert "row 1.of must be the id of a ledger document" in wrong.stderr
    assert len(ledger_of(own_db)) == 3
    amending.write_text(json.dumps(rows[:1]))
    assert maestro(own_db, *words, str(amending), "--write").returncode == 0
    (correction,) = (one for one in ledger_of(own_db) if one.get("kind") == "correction")
    assert (correction["qty"], correction["price"], correction["ts"].isoformat()) == (
        9.0,
        45.5,
        "2020-03-02T20:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("BUY", "HOLD", "line 2.side must be buy, sell or sell_short, was 'HOLD'"),
        (",10,46,", ",-10,46,", "line 3.qty must be > 0, was '-10'"),
        ("2020-03-02T20:00:00Z", "2020-03-02", "line 2.ts must be a time with its zone"),
        ("t2", "t1", "a file with each id once, was 't1'"),
        ("t3", "", "line 4.id must be the trade's own id"),
        ("symbol", "ticker", "without ['symbol']"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_recorded(
    own_db: Client, tmp_path: Path, before: str, after: str, told: str
) -> None:
    paths.tenant(own_db, TENANT).set({"maestro_enabled": True, "status": "active"})
    file = tmp_path / "trades.csv"
    file.write_text(TRADES.replace(before, after, 1))
    done = maestro(own_db, "backfill", TENANT, str(file), "--uid", "ann", "--write")
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert ledger_of(own_db) == []
