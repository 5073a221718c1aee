"""Each way in which a price file cannot be used is refused by a message of its own."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.prices.refusals import REFUSED
from tests.unit.tools.lab.prices.written import csv, days, read
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.market import market_days
from tools.lab.prices.read import read_prices


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


def test_a_hundredth_of_the_sessions_may_be_missing_and_no_more(tmp_path: Path) -> None:
    rows = days(200).splitlines()[1:]
    assert read(tmp_path, csv(*rows[:50], *rows[52:])).warnings[0].startswith("2 of 200 sessions of 24x7 are missing")
    with pytest.raises(PriceFileError, match="3 of 200 sessions of 24x7 are missing"):
        read(tmp_path, csv(*rows[:50], *rows[53:]))


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


def test_of_an_archive_one_file_is_read_and_a_workbook_is_named(tmp_path: Path) -> None:
    for names, message in (
        (["[Content_Types].xml", "xl/workbook.xml"], "is a workbook; save its sheet as CSV in UTF-8"),
        (["one.csv", "two.csv"], "has 2 files in it; unpack it into a folder, and name that"),
    ):
        with zipfile.ZipFile(tmp_path / "packed", "w") as archive:
            for name in names:
                archive.writestr(name, "date,AAA\n2024-01-01,1\n")
        with pytest.raises(PriceFileError, match=re.escape(message)):
            read_prices(tmp_path / "packed", market="24x7")


def test_the_sessions_of_twenty_years_are_the_markets_own() -> None:
    known = market_days("XNYS", date(2003, 1, 1), date(2022, 12, 31))
    assert len(known.closes) == 5035
    assert date(2012, 10, 29) not in known.closes, "a storm"
    assert known.closes[date(2022, 11, 25)].isoformat() == "2022-11-25T18:00:00+00:00", "an early close"


@pytest.mark.parametrize("text", ["[" * 100_000, f"[{'9' * 5_000}]"], ids=["nested", "digits"])
def test_json_that_overwhelms_its_reader_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match="JSON"):
        read(tmp_path, text)
