"""Each way in which a price file cannot be used is refused by a message of its own."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.prices.written import HEADER, csv, days, read
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.market import market_days
from tools.lab.prices.read import read_prices

POLYGON = "ticker,volume,open,close,high,low,window_start,transactions\n"
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "prices.csv: the file is empty"),
    "spaces only": (" \n\n", "prices.csv: the file is empty"),
    "header only": (HEADER, "prices.csv: there is no row of data below the header"),
    "UTF-16": (HEADER.encode("utf-16"), "prices.csv: is UTF-16; save it as UTF-8"),
    "Latin-1": (
        "date,Zürich\n2024-01-01,1\n".encode("latin-1"),
        "prices.csv, line 1: b'\\xfc' byte 7 of the file is not UTF-8; save the file as UTF-8",
    ),
    "an error message": (
        "Exceeded the daily hits limit",
        (
            "prices.csv, line 1: 'Exceeded the daily hits limit' is not a line of a table; there is no "
            "comma, semicolon, "
            "tab or | in it: is this a source's error message?"
        ),
    ),
    "NaN inside": (
        csv("2024-01-01,1,2", "2024-01-02,NaN,2", "2024-01-03,1,2"),
        (
            "prices.csv, line 3, column AAA: AAA has no price on 2024-01-02, between its first and its last; --fill N "
            "carries the last close over N sessions at most"
        ),
    ),
    "blank inside": (
        csv("2024-01-01,1,2", "2024-01-02,1,", "2024-01-03,1,2"),
        (
            "prices.csv, line 3, column BBB: BBB has no price on 2024-01-02, between its first and its last; --fill N "
            "carries the last close over N sessions at most"
        ),
    ),
    "row inside that is not there": (
        csv(
            "2024-01-01,A,1",
            "2024-01-01,B,2",
            "2024-01-02,A,1",
            "2024-01-03,A,1",
            "2024-01-03,B,2",
            header="date,symbol,close\n",
        ),
        (
            "prices.csv: B has no price on 2024-01-02, between its first and its last; --fill N carries the last close "
            "over N sessions at most"
        ),
    ),
    "open missing": (
        csv("2024-01-01,1,2", "2024-01-02,,2", header="date,open,close\n"),
        (
            "prices.csv, line 3: PRICES has a close and no open, high or low on 2024-01-02; --fill N carries the last "
            "close over N sessions at most"
        ),
    ),
    "symbol without prices": (
        csv("2024-01-01,1,", "2024-01-02,1,"),
        "prices.csv: BBB has no price at all; leave the symbol out",
    ),
    "zero": (
        csv("2024-01-01,1,2", "2024-01-02,1,0"),
        (
            "prices.csv, line 3, column BBB: '0' is not a price: it must be above 0; leave the cell blank "
            "where there is "
            "none"
        ),
    ),
    "negative": (
        csv("2024-01-01,1,2", "2024-01-02,-37.63,2"),
        (
            "prices.csv, line 3, column AAA: '-37.63' is not a price: it must be above 0; leave the cell "
            "blank where there "
            "is none"
        ),
    ),
    "negative volume": (
        csv("2024-01-01,1,-2", header="date,close,volume\n"),
        "prices.csv, line 2, column volume: '-2' is below 0",
    ),
    "infinite": (csv("2024-01-01,1,inf"), "prices.csv, line 2, column BBB: 'inf' is infinite"),
    "not a number": (csv("2024-01-01,1,abc"), "prices.csv, line 2, column BBB: 'abc' is not a number"),
    "thousands": (
        csv('2024-01-01,1,"1,234.5"'),
        "prices.csv, line 2, column BBB: '1,234.5' is not a number; write thousands without a comma",
    ),
    "duplicate": (
        csv("2024-01-01,1,2", "2024-01-02,1,2", "2024-01-01,1,3"),
        (
            "prices.csv, line 2, column BBB and prices.csv, line 4, column BBB: BBB on 2024-01-01 is there twice with "
            "other figures; delete one; bars within a day cannot be read"
        ),
    ),
    "sessions missing": (
        csv("2024-01-01,1,2", "2024-01-02,1,2", "2024-01-05,1,2"),
        (
            "prices.csv: 2 of 5 sessions of 24x7 are missing: 2024-01-03, 2024-01-04; at most 1% may be; complete the "
            "file, or name the market it is of with --market"
        ),
    ),
    "not a date": (
        csv("yesterday,1,2"),
        "prices.csv, line 2, column date: 'yesterday' is not a date; days are best written 2024-01-02",
    ),
    "no such day": (
        csv("2024-02-01,1,2", "2024-02-30,1,2"),
        "prices.csv, line 3, column date: '2024-02-30' is not one of days like 2024-01-02, as the first row has",
    ),
    "two forms of dates": (
        csv("2024-02-01,1,2", "02.02.2024,1,2"),
        "prices.csv, line 3, column date: '02.02.2024' is not one of days like 2024-01-02, as the first row has",
    ),
    "blank date": (
        csv("2024-02-01,1,2", ",1,2"),
        "prices.csv, line 3, column date: '' is not one of days like 2024-01-02, as the first row has",
    ),
    "two units of time": (
        csv("1704153600000,1,2", "1704240000,1,2"),
        "prices.csv, line 3, column date: '1704240000' is not one of epoch milliseconds, as the first row has",
    ),
    "ambiguous days": (
        csv("01/02/2024,1,2", "03/04/2024,1,2"),
        (
            "prices.csv, line 2, column date: '01/02/2024' is 2024-02-01 or 2024-01-02: no row tells; write days as "
            "2024-01-02"
        ),
    ),
    "mixed days": (
        csv("31/01/2024,1,2", "02/28/2024,1,2"),
        (
            "prices.csv, line 2, column date: '31/01/2024' is of mixed orders: rows contradict each other; "
            "write days as "
            "2024-01-02"
        ),
    ),
    "intraday": (
        csv("2024-01-01 09:30:00,1,2", "2024-01-01 09:31:00,1,2"),
        (
            "prices.csv, line 2, column date: '2024-01-01 09:30:00' is 2024-01-01 09:30 on 24x7, neither "
            "midnight nor its "
            "close; bars within a day cannot be read, make daily ones; or name the market they are of"
        ),
    ),
    "no dates": (
        csv("1,2,3", header="when,AAA,BBB\n"),
        "prices.csv, line 1: there is no column of dates among when, AAA, BBB; name it date",
    ),
    "no header": (
        csv("2024-01-02,1,2", header="2024-01-01,1,2\n"),
        "prices.csv, line 1: there is no column of dates among 2024-01-01, 1, 2; line 1 looks like data: add a header",
    ),
    "no closes": (
        csv("2024-01-01,1,2", header="date,Open,Volume\n"),
        "prices.csv, line 1: there is no column of closes, and 'Open' is not a symbol; name the column of closes close",
    ),
    "no prices": (
        "date,\n2024-01-01,\n",
        "prices.csv, line 1: there is no column of closes, and '' is not a symbol; name the column of closes close",
    ),
    "symbol twice": (
        csv("2024-01-01,1,2", header="date,AAA,aaa\n"),
        "prices.csv, line 1: two columns are AAA; leave one out",
    ),
    "blank symbol": (
        csv("2024-01-01,,2", header="date,symbol,close\n"),
        "prices.csv, line 2, column symbol: '' is not a symbol",
    ),
    "cut off": (
        csv("2024-01-01,1,2", "2024-01-02,1"),
        "prices.csv, line 3: the line has 2 cells and the header 3; was the file cut off?",
    ),
    "not daily": (
        "<TICKER>,<PER>,<DATE>,<TIME>,<CLOSE>\nAAA.US,60,20240102,100000,1\n",
        "prices.csv, line 2, column <PER>: '60' is not a day (D); download daily bars",
    ),
    "split of a source that does not adjust": (
        f"{POLYGON}AAA,1,100,100,100,100,1704171600000000000,1\nAAA,1,25,25.2,25,25,1704258000000000000,1\n",
        (
            "prices.csv: AAA goes from 100 to 25.2 on 2024-01-03: a split?; its prices are not adjusted: "
            "adjust them, or "
            "take another source"
        ),
    ),
    "broken JSON": (
        '{"bars": {"AAA": [\n{"t": ',
        "prices.csv, line 2: is not JSON: Expecting value; was it cut off?",
    ),
    "another JSON": (
        '{"message": "forbidden"}',
        (
            'prices.csv: is JSON of no known form; known are Alpaca\'s {"bars": …}, rows of [time, open, '
            "high, low, close, "
            "volume], or a list of objects"
        ),
    ),
    "a bar without its close": (
        "[[1704153600000, 1, 1, 1, 1, 1], [1704240000000, 1, 1, 1]]",
        (
            'prices.csv, row 2: the row has 4 figures, not 6; known are Alpaca\'s {"bars": …}, rows of '
            "[time, open, high, "
            "low, close, volume], or a list of objects"
        ),
    ),
    "JSON without dates": (
        '[{"symbol": "AAA", "close": 1}]',
        "prices.csv: there is no column of dates among symbol, close; name it date",
    ),
    "a JSON value": (
        '[[1704153600000, 1, 1, 1, "x", 1]]',
        "prices.csv, row 1, column close: 'x' is not a number",
    ),
    "broken gzip": (
        b"\x1f\x8bxx",
        (
            "prices.csv: cannot be unpacked: Compressed file ended before the end-of-stream marker was "
            "reached; was it cut off?"
        ),
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_bad_file_is_refused_by_its_own_message(fault: str, tmp_path: Path) -> None:
    content, message = REFUSED[fault]
    with pytest.raises(PriceFileError) as refused:
        read(tmp_path, content)
    assert str(refused.value) == message


def test_no_two_faults_have_one_message() -> None:
    messages = [message for _, message in REFUSED.values()]
    assert len(messages) - len(set(messages)) == 1, "empty and spaces only are the same"


def test_fewer_sessions_than_strategies_look_back_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match="has 5 sessions, and the strategies look back on 6; take a longer file"):
        read(tmp_path, days(5), needs=6)
    assert len(read(tmp_path, days(6), needs=6).bars.days) == 6


def test_a_day_that_is_no_session_is_refused_with_a_word_on_markets(tmp_path: Path) -> None:
    rows = csv("2024-01-05,1,2", "2024-01-06,1,2", "2024-01-07,1,2", "2024-01-08,1,2")
    message = (
        "2024-01-06, 2024-01-07 are not a session of XNYS; name the market the prices are of: --market 24x7, XLON …"
    )
    with pytest.raises(PriceFileError, match=re.escape(message)):
        read(tmp_path, rows, market="XNYS")


def test_days_whose_holidays_nobody_knows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="market must be one whose sessions exchange_calendars knows from 2024"):
        read(tmp_path, csv("2024-01-03,1,2", "2090-01-04,1,2"), market="XSHG")


def test_a_split_in_prices_that_the_user_calls_unadjusted_is_refused(tmp_path: Path) -> None:
    rows = csv("2024-01-01,100,50", "2024-01-02,50,51")
    assert read(tmp_path, rows, is_adjusted=True).warnings
    with pytest.raises(PriceFileError, match="its prices are not adjusted"):
        read(tmp_path, rows, is_adjusted=False)


def test_what_is_not_there_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match=r"nowhere\.csv: there is no such file"):
        read_prices(tmp_path / "nowhere.csv", market="24x7")
    with pytest.raises(PriceFileError, match="the folder has no file"):
        read_prices(tmp_path, market="24x7")
    with pytest.raises(PriceFileError, match=r"prices.csv: cannot be read as Parquet: .+; was it cut off\?"):
        read(tmp_path, b"PAR1 and nothing else")


def test_the_sessions_of_twenty_years_are_the_markets_own() -> None:
    known = market_days("XNYS", date(2003, 1, 1), date(2022, 12, 31))
    assert len(known.closes) == 5035
    assert date(2012, 10, 29) not in known.closes, "a storm"
    assert known.closes[date(2022, 11, 25)].isoformat() == "2022-11-25T18:00:00+00:00", "an early close"
