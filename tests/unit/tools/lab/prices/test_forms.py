"""Every form of price file that people have is read to the same bars, and told in one line."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.prices.forms import AAA, ADJUSTED_SPLIT, BBB, CLOSES, DAYS, FILES, FORMS
from tools.lab.prices.read import Prices, read_prices
from tools.prerequisites import ROOT

SAMPLE = ROOT / "examples/data/us_equities_daily_2018_2022.csv"


def shown(prices: Prices) -> NDArray[np.float64]:
    """Return all bars, shape (symbols, days, fields)."""
    bars = prices.bars
    return np.stack([bars.open, bars.high, bars.low, bars.close, bars.volume], axis=-1).swapaxes(0, 1)


@pytest.mark.parametrize(("file", "expected", "detected"), FORMS, ids=[file for file, _, _ in FORMS])
def test_every_form_is_read_to_the_same_bars(
    file: str, expected: dict[str, NDArray[np.float64]], detected: str
) -> None:
    prices = read_prices(FILES / file, market="XNYS")
    assert prices.bars.days == DAYS
    assert prices.bars.symbols == tuple(expected)
    np.testing.assert_allclose(shown(prices), [*expected.values()], rtol=1e-12)
    assert prices.detected == f"{file}: {detected}; 5 sessions, {5 * len(expected)} bars"
    alone = "one symbol: strategies that compare symbols have nothing to compare"
    assert prices.warnings == (() if len(expected) > 1 else (alone,))


def test_binances_microseconds_of_2025_are_days_of_2025() -> None:
    prices = read_prices(FILES / "binance_spot_AAAUSDT-1d-2025-01.csv", market="24x7")
    assert prices.bars.days == tuple(date(2025, 1, day) for day in range(2, 7))
    np.testing.assert_array_equal(shown(prices), [AAA])
    assert "epoch microseconds, midnights of UTC" in prices.detected


def test_every_example_is_a_row() -> None:
    rows = {file for file, _, _ in FORMS} | {"binance_spot_AAAUSDT-1d-2025-01.csv", "README.md"}
    assert rows == {path.name for path in FILES.iterdir()}
    assert len(rows) == 22


def test_the_sample_prices_are_told_in_the_one_line() -> None:
    prices = read_prices(SAMPLE, market="XNYS")
    assert prices.detected.startswith(
        f"{SAMPLE.name}: CSV, wide, closes, 21 symbols, 2018-01-02 … 2022-12-28, days as written, adjustment unknown"
    )
    assert prices.bars.close.shape == (1257, 21)
    assert prices.bars.close[0, 0] == 40.832


def test_bars_cannot_be_changed() -> None:
    bars = read_prices(FILES / "wide_closes.csv", market="XNYS").bars
    for array in (bars.open, bars.close):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0


def test_parquet_is_read_with_columns_or_an_index_and_with_yfinances_two_header_rows(tmp_path: Path) -> None:
    frame = pd.read_csv(FILES / "wide_closes.csv", parse_dates=["date"])
    two = pd.read_csv(FILES / "yfinance_multi_header_two.csv", header=[0, 1], index_col=0, parse_dates=True)
    two.index.name = "Date"
    frame.to_parquet(tmp_path / "columns.parquet")
    frame.assign(date=frame["date"].dt.date).to_parquet(tmp_path / "days.parquet")
    frame.set_index("date").to_parquet(tmp_path / "index.parquet")
    frame.set_index(frame["date"].dt.tz_localize("America/New_York")).drop(columns="date").to_feather(
        tmp_path / "zone.feather"
    )
    two.to_parquet(tmp_path / "two.parquet")
    for file in ("columns.parquet", "days.parquet", "index.parquet", "zone.feather"):
        prices = read_prices(tmp_path / file, market="XNYS")
        assert prices.bars.days == DAYS, file
        np.testing.assert_allclose(shown(prices), [*CLOSES.values()])
    prices = read_prices(tmp_path / "two.parquet", market="XNYS")
    assert prices.bars.symbols == ("AAA", "BBB")
    np.testing.assert_allclose(shown(prices), [AAA, BBB])


def test_two_header_rows_with_adjusted_closes_are_scaled(tmp_path: Path) -> None:
    rows = [
        "Price,Adj Close,Close,Open",
        "Ticker,AAA,AAA,AAA",
        "Date,,,",
        "2024-01-02,50,100,99",
        "2024-01-03,51,102,101",
    ]
    (tmp_path / "two.csv").write_text("\n".join(rows))
    prices = read_prices(tmp_path / "two.csv", market="XNYS")
    assert (prices.bars.close[:, 0].tolist(), prices.bars.open[:, 0].tolist()) == ([50.0, 51.0], [49.5, 50.5])
    assert "adjusted by Adj Close" in prices.detected


def test_packed_files_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    content = (FILES / "tiingo_AAA.csv").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/tiingo_AAA.csv", content)
    (tmp_path / "whatever.bin").write_bytes(packed.getvalue())
    (tmp_path / "tiingo_AAA.csv.gz").write_bytes(gzip.compress(content))
    (tmp_path / "marked_AAA.csv").write_bytes(b"\xef\xbb\xbf" + content)
    for file in ("whatever.bin", "tiingo_AAA.csv.gz", "marked_AAA.csv"):
        prices = read_prices(tmp_path / file, market="XNYS")
        assert prices.bars.symbols == ("AAA",), file
        np.testing.assert_allclose(shown(prices), [ADJUSTED_SPLIT])


def test_a_folder_is_one_table_whatever_units_its_files_have(tmp_path: Path) -> None:
    lines = (FILES / "binance_spot_AAAUSDT-1d-2025-01.csv").read_text().splitlines()
    header = (FILES / "binance_futures_AAAUSDT-1d-2024-01.csv").read_text().splitlines()[0]
    start = 1735603200000  # 2024-12-31, the last in milliseconds
    (tmp_path / "AAAUSDT-1d-2024-12.csv").write_text(f"{header}\n{start},99,99,99,99,7,0,0,0,0,0,0\n")
    first = f"{(start + 86_400_000) * 1000},99.5,99.5,99.5,99.5,7,0,0,0,0,0,0"
    (tmp_path / "AAAUSDT-1d-2025-01.csv").write_text("\n".join([first, *lines]))
    (tmp_path / ".DS_Store").write_bytes(b"\x00\xff")
    prices = read_prices(tmp_path, market="24x7")
    assert prices.bars.days[0] == date(2024, 12, 31)
    assert prices.bars.close[:3, 0].tolist() == [99.0, 99.5, 100.8]
    assert "2 files, CSV, one symbol" in prices.detected
    assert "epoch milliseconds, midnights of UTC or epoch microseconds, midnights of UTC" in prices.detected


def test_a_folder_of_one_symbol_a_file_has_them_all(tmp_path: Path) -> None:
    for symbol, factor in (("aapl_us_d", 1), ("msft_us_d", 2)):
        rows = [f"2024-01-0{day},{factor * (100 + day)}" for day in (2, 3, 4)]
        (tmp_path / f"{symbol}.csv").write_text("\n".join(["Date,Close", *rows]))
    prices = read_prices(tmp_path, market="XNYS")
    assert prices.bars.symbols == ("AAPL", "MSFT")
    assert prices.bars.close[-1].tolist() == [104.0, 208.0]


def test_the_day_of_a_time_is_the_markets(tmp_path: Path) -> None:
    for file, market, rows, reading in (
        ("summer", "XNYS", ["2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z"], "midnights of America/New_York"),
        ("close", "XNYS", ["2024-07-01T20:00:00Z", "2024-07-02T20:00:00Z"], "times of America/New_York"),
        ("tokyo", "XTKS", ["2024-07-01 00:00:00+09:00", "2024-07-02 00:00:00+09:00"], "days as written"),
        ("ahead", "XTKS", ["2024-06-30T15:00:00Z", "2024-07-01T15:00:00Z"], "midnights of Asia/Tokyo"),
        ("coins", "24x7", ["2024-07-01T05:00:00Z", "2024-07-02T05:00:00Z"], "midnights of America/Chicago"),
    ):
        path = tmp_path / f"{file}.csv"
        path.write_text("date,AAA,BBB\n" + "".join(f"{row},100,{number}\n" for number, row in enumerate(rows, 50)))
        prices = read_prices(path, market=market)
        assert prices.bars.days == (date(2024, 7, 1), date(2024, 7, 2)), file
        assert reading in prices.detected


def test_days_with_slashes_are_read_where_some_day_tells_which_is_the_month(tmp_path: Path) -> None:
    for order, rows in (
        ("month/day/year", ["1/31/2024", "2/1/2024"]),
        ("day/month/year", ["31/01/2024", "01/02/2024"]),
    ):
        path = tmp_path / "slashes.csv"
        path.write_text("date,AAA,BBB\n" + "".join(f"{row},100,50\n" for row in rows))
        prices = read_prices(path, market="XNYS")
        assert prices.bars.days == (date(2024, 1, 31), date(2024, 2, 1))
        assert f"days as {order}" in prices.detected


def test_days_with_the_year_first_are_read_with_slashes_too(tmp_path: Path) -> None:
    (tmp_path / "slashes.csv").write_text("date,AAA\n2024/1/2,1\n2024/01/03,2\n")
    assert read_prices(tmp_path / "slashes.csv", market="XNYS").bars.days == DAYS[:2]


def test_unknown_figures_of_a_parquet_file_are_blanks(tmp_path: Path) -> None:
    rows = {"date": ["2024-01-02", "2024-01-03"], "close": [1.0, 2.0], "volume": pd.array([None, 7], dtype="Int64")}
    pd.DataFrame(rows).to_parquet(tmp_path / "blank.parquet")
    bars = read_prices(tmp_path / "blank.parquet", market="XNYS").bars
    np.testing.assert_array_equal(bars.volume, [[np.nan], [7]])


def test_a_symbol_that_the_user_names_counts_before_the_files_name() -> None:
    prices = read_prices(FILES / "stooq_web.csv", market="XNYS", symbol="brk-b")
    assert prices.bars.symbols == ("BRK-B",)
    assert "symbol BRK-B, 2024" in prices.detected


def test_what_the_user_knows_of_adjustment_is_told() -> None:
    detected = read_prices(FILES / "wide_closes.csv", market="XNYS", is_adjusted=True).detected
    assert "adjusted, as you say" in detected


def test_an_unknown_market_is_refused() -> None:
    with pytest.raises(InputError, match="market must be one of 24x7, AIXK"):
        read_prices(FILES / "wide_closes.csv", market="NYSE")


def test_symbols_that_are_letters_or_words_of_bars_are_symbols(tmp_path: Path) -> None:
    (tmp_path / "letters.csv").write_text("Date,C,T,V,LOW,NA\n2024-01-02,1,2,3,4,5\n2024-01-03,1.1,2,3,4,5\n")
    bars = read_prices(tmp_path / "letters.csv", market="XNYS").bars
    assert bars.symbols == ("C", "T", "V", "LOW", "NA")
    assert bars.close[0].tolist() == [1, 2, 3, 4, 5]
    (tmp_path / "long.csv").write_text("date,symbol,close\n2024-01-02,NA,1\n2024-01-02,TRUE,2\n")
    assert read_prices(tmp_path / "long.csv", market="XNYS").bars.symbols == ("NA", "TRUE")


def test_with_a_decimal_comma_dots_are_thousands(tmp_path: Path) -> None:
    (tmp_path / "german.csv").write_text("Datum;AAA;BBB\n02.01.2024;1.234,5;50\n03.01.2024;1.235;51,5\n")
    assert read_prices(tmp_path / "german.csv", market="XNYS").bars.close.tolist() == [[1234.5, 50], [1235, 51.5]]


def test_blank_columns_behind_the_last_are_no_symbols(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text("date,AAA,BBB,,\n2024-01-02,1,2,,\n2024-01-03,1,3,,\n")
    assert read_prices(tmp_path / "sheet.csv", market="XNYS").bars.symbols == ("AAA", "BBB")
