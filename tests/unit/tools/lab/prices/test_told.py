"""What is doubtful in a price file is read, and told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.prices.written import FIRST, csv, days, read
from tools.lab.prices.errors import PriceFileError

BAR = '{"t": "2024-01-01", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}'
TOLD: dict[str, tuple[str, list[str]]] = {
    "one missing session of many": (
        csv(*(line for line in days(201).splitlines()[1:] if not line.startswith("2024-03-01"))),
        ["1 of 201 sessions of 24x7 are missing: 2024-03-01"],
    ),
    "the same day twice": (
        csv("2024-01-01,1,2", "2024-01-02,2,3", "2024-01-02,2,3"),
        ["2 rows the same day again, with the same figures"],
    ),
    "unsorted": (
        csv("2024-01-02,1,2", "2024-01-01,2,3", "2024-01-03,2,3"),
        ["unsorted: 2 days below a later one, sorted"],
    ),
    "newest first": (csv(*reversed(days(3).splitlines()[1:])), ["newest first: sorted"]),
    "split jump": (
        csv("2024-01-01,100,50", "2024-01-02,50.2,51"),
        ["AAA goes from 100 to 50.2 on 2024-01-02: a split?"],
    ),
    "reverse split jump": (
        csv("2024-01-01,100,50", "2024-01-02,1010,51"),
        ["AAA goes from 100 to 1010 on 2024-01-02: a split?"],
    ),
    "three for two": (
        csv("2024-01-01,150,50", "2024-01-02,100,51"),
        ["AAA goes from 150 to 100 on 2024-01-02: a split?"],
    ),
    "a day on which all fell": (csv("2024-01-01,100,50", "2024-01-02,50,25"), []),
    "a fall that is no split": (csv("2024-01-01,100,50", "2024-01-02,60,51"), []),
    "one symbol": (
        csv("2024-01-01,1", "2024-01-02,2.5", header="date,AAA\n"),
        ["one symbol: strategies that compare symbols have nothing to compare"],
    ),
    "different starts": (
        csv("2024-01-01,1,", "2024-01-02,1,2", "2024-01-03,1,2"),
        ["BBB starts on 2024-01-02"],
    ),
    "an end": (
        csv("2024-01-01,1,3", "2024-01-02,1,NaN", "2024-01-03,1,-"),
        ["BBB ends on 2024-01-01: delisted or missing?"],
    ),
    "stale": (
        csv(*(f"{FIRST + timedelta(days=number)},7,{50 + number}" for number in range(11))),
        ["AAA has the same close 10 sessions running, from 2024-01-01: stale?"],
    ),
    "survivors": (
        days(1200),
        ["every symbol lives to the last day: companies that failed are missing, so results are too good"],
    ),
    "a page": (
        f'{{"bars": {{"AAA": [{BAR}], "BBB": [{BAR}]}}, "next_page_token": "x"}}',
        ["prices.csv is one page of several: it has a next_page_token"],
    ),
    "many of one kind": (
        csv("2024-01-01,1,,,,", "2024-01-02,1,2,3,4,5", header="date,A,B,C,D,E\n"),
        ["B starts on 2024-01-02", "C starts on 2024-01-02", "D starts on 2024-01-02", "… and 1 more like it"],
    ),
}


@pytest.mark.parametrize("fault", TOLD)
def test_a_doubtful_file_is_read_and_told(fault: str, tmp_path: Path) -> None:
    content, told = TOLD[fault]
    assert [*read(tmp_path, content).warnings] == told


def test_sorted_rows_carry_their_own_prices(tmp_path: Path) -> None:
    bars = read(tmp_path, csv("2024-01-03,3,30", "2024-01-01,1,10", "2024-01-02,2,20")).bars
    assert bars.days == tuple(FIRST + timedelta(days=number) for number in range(3))
    assert bars.close.tolist() == [[1, 10], [2, 20], [3, 30]]


def test_blanks_are_filled_as_far_as_the_user_allows_and_counted(tmp_path: Path) -> None:
    rows = csv("2024-01-01,1,2", "2024-01-02,,2", "2024-01-03,,2", "2024-01-04,1.1,2")
    prices = read(tmp_path, rows, fill=2)
    assert prices.bars.close[:, 0].tolist() == [1, 1, 1, 1.1]
    assert prices.warnings == ("2 blanks filled with the last close",)
    with pytest.raises(PriceFileError, match=r"AAA has no price on 2024-01-03.*more than 1 sessions running"):
        read(tmp_path, rows, fill=1)
    with pytest.raises(InputError, match="fill must be 0 or more sessions, was -1"):
        read(tmp_path, rows, fill=-1)


def test_a_filled_open_leaves_the_close_that_is_known(tmp_path: Path) -> None:
    rows = csv("2024-01-01,1,2,9", "2024-01-02,,3,8", header="date,open,close,volume\n")
    bars = read(tmp_path, rows, fill=1).bars
    assert (bars.open[:, 0].tolist(), bars.close[:, 0].tolist(), bars.volume[:, 0].tolist()) == ([1, 2], [2, 3], [9, 8])


def test_what_a_symbol_did_not_live_is_unknown_and_a_blank_volume_too(tmp_path: Path) -> None:
    rows = csv("2024-01-01,A,1,9", "2024-01-02,A,1,", "2024-01-02,B,2,7", header="date,symbol,close,volume\n")
    bars = read(tmp_path, rows).bars
    np.testing.assert_array_equal(bars.close, [[1, np.nan], [1, 2]])
    np.testing.assert_array_equal(bars.volume, [[9, np.nan], [np.nan, 7]])
