"""Price files that cannot be used, and what is said of each."""

from __future__ import annotations

from tests.unit.tools.lab.prices.written import HEADER, csv

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
            "prices.csv, line 2, column BBB and prices.csv, line 4, column BBB: BBB on 2024-01-01 occurs twice with "
            "different figures; delete one; bars within a day cannot be read"
        ),
    ),
    "sessions missing": (
        csv("2024-01-01,1,2", "2024-01-02,1,2", "2024-01-05,1,2"),
        (
            "prices.csv: 2 of 5 sessions of 24x7 are missing: 2024-01-03, 2024-01-04; at most 1% may be; complete the "
            "file, or name its market with --market"
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
    "no such day first": (csv("2024-02-30,1,2"), "prices.csv, line 2, column date: '2024-02-30' is not a date"),
    "another century": (
        csv("0224-02-01,1,2"),
        "prices.csv, line 2, column date: '0224-02-01' is in the year 224, not between 1900 and 2100",
    ),
    "blank cells only": (",,\n,,\n", "prices.csv: the file has nothing but blank cells"),
    "a symbol short": (
        "Price,Close,High\nTicker,AAA\nDate,,\n2024-01-02,1,1\n",
        "prices.csv, line 2: the line has 2 cells, and line 1 has 3 columns; was the file cut off?",
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
            "prices.csv, line 2, column date: '01/02/2024' is 2024-02-01 or 2024-01-02: no row decides; write days as "
            "2024-01-02"
        ),
    ),
    "mixed days": (
        csv("31/01/2024,1,2", "02/28/2024,1,2"),
        (
            "prices.csv, line 2, column date: '31/01/2024' mixes days and months in both orders: "
            "rows contradict each other; write days as 2024-01-02"
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
        "prices.csv, line 1: there is no column of prices; add one, named close",
    ),
    "a blank column between": (
        "date,AAA,,BBB\n2024-01-01,1,,2\n",
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
    "UTF-16 without a mark": (
        HEADER.encode("utf-16-le"),
        "prices.csv: is not text: it has bytes of 0; save it as CSV in UTF-8",
    ),
    "broken gzip": (
        b"\x1f\x8bxx",
        (
            "prices.csv: cannot be unpacked: Compressed file ended before the end-of-stream marker was "
            "reached; was it cut off?"
        ),
    ),
}
