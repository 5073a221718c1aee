"""The bars that every form of price file is read to, and what is told of each."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

FILES = Path(__file__).parent / "files"
DAYS = tuple(date(2024, 1, day) for day in (2, 3, 4, 5, 8))
AAA = np.array(
    [
        [100.1, 101.2, 99.5, 100.8, 1200100],
        [100.9, 102.0, 100.2, 101.7, 1100200],
        [101.5, 101.9, 99.8, 100.1, 1300300],
        [100.0, 100.7, 98.9, 99.4, 1250400],
        [99.6, 101.3, 99.2, 101.1, 1150500],
    ]
)
BBB = np.array(
    [
        [50.0, 50.6, 49.7, 50.2, 800100],
        [50.3, 50.9, 50.0, 50.5, 700200],
        [50.4, 50.5, 49.1, 49.3, 900300],
        [49.2, 49.9, 48.8, 49.6, 850400],
        [49.7, 50.8, 49.5, 50.6, 750500],
    ]
)
BOTH = {"AAA": AAA, "BBB": BBB}
CLOSES = {name: np.where(np.arange(5) == 3, bars, np.nan) for name, bars in BOTH.items()}
ADJUSTED_CLOSE = AAA * [0.98, 0.98, 0.98, 0.98, 1.0]
ADJUSTED_SPLIT = AAA * [0.5, 0.5, 0.5, 0.5, 2.0]
HUNDREDS = AAA * [1.0, 1.0, 1.0, 1.0, 0.01]
OHLCV = "open high low close volume"
SPAN = "2024-01-02 … 2024-01-08"
FORMS = [
    (
        "yfinance_single_header.csv",
        {"YFINANCE_SINGLE_HEADER": ADJUSTED_CLOSE},
        (
            f"CSV, one symbol, Open High Low Close Volume Adj Close, symbol YFINANCE_SINGLE_HEADER by file "
            f"name, {SPAN}, "
            "days as written, adjusted by Adj Close"
        ),
    ),
    (
        "yfinance_multi_header_one.csv",
        {"AAA": AAA},
        f"CSV, wide, Open High Low Close Volume, symbol AAA, {SPAN}, days as written, adjusted (yfinance's default)",
    ),
    (
        "yfinance_multi_header_two.csv",
        BOTH,
        f"CSV, wide, Open High Low Close Volume, 2 symbols, {SPAN}, days as written, adjusted (yfinance's default)",
    ),
    (
        "yfinance_ticker_history.csv",
        {"YFINANCE_TICKER_HISTORY": AAA},
        (
            f"CSV, one symbol, Open High Low Close Volume, symbol YFINANCE_TICKER_HISTORY by file name, {SPAN}, "
            "days as written, adjusted (yfinance's Ticker.history)"
        ),
    ),
    (
        "stooq_web.csv",
        {"STOOQ_WEB": AAA},
        (
            f"CSV, one symbol, Open High Low Close Volume, symbol STOOQ_WEB by file name, {SPAN}, days as written, "
            "adjustment unknown"
        ),
    ),
    (
        "stooq_bulk.txt",
        {"AAA": AAA},
        (
            f"CSV, long, <OPEN> <HIGH> <LOW> <CLOSE> <VOL>, symbol AAA, {SPAN}, days as written, "
            "adjusted for splits (Stooq; dividends not documented)"
        ),
    ),
    (
        "alpaca_bars.json",
        BOTH,
        (
            f"JSON, long, o h l c v, 2 symbols, {SPAN}, midnights of America/New_York, "
            "adjustment unknown (Alpaca adjusts only if asked)"
        ),
    ),
    (
        "alpaca_py.csv",
        BOTH,
        (
            f"CSV, long, {OHLCV}, 2 symbols, {SPAN}, midnights of America/New_York, "
            "adjustment unknown (Alpaca adjusts only if asked)"
        ),
    ),
    (
        "binance_spot_AAAUSDT-1d-2024-01.csv",
        {"AAAUSDT": AAA},
        (
            f"CSV, one symbol, {OHLCV}, symbol AAAUSDT by file name, {SPAN}, epoch milliseconds, midnights of UTC, "
            "not adjusted (Binance: there are no splits)"
        ),
    ),
    (
        "binance_futures_AAAUSDT-1d-2024-01.csv",
        {"AAAUSDT": AAA},
        (
            f"CSV, one symbol, {OHLCV}, symbol AAAUSDT by file name, {SPAN}, epoch milliseconds, midnights of UTC, "
            "not adjusted (Binance: there are no splits)"
        ),
    ),
    (
        "tiingo_AAA.csv",
        {"AAA": ADJUSTED_SPLIT},
        (
            f"CSV, one symbol, adjOpen adjHigh adjLow adjClose adjVolume, symbol AAA by file name, {SPAN}, "
            "days as written, adjusted by adjClose"
        ),
    ),
    (
        "ib_api_AAA.csv",
        {"AAA": HUNDREDS},
        (
            f"CSV, one symbol, {OHLCV}, symbol AAA by file name, {SPAN}, days as written, "
            "adjusted for splits (Interactive Brokers; dividends: ADJUSTED_LAST only)"
        ),
    ),
    (
        "ib_api_raw_AAA.csv",
        {"AAA": HUNDREDS},
        (
            f"CSV, one symbol, {OHLCV}, symbol AAA by file name, {SPAN}, days as written, "
            "adjusted for splits (Interactive Brokers; dividends: ADJUSTED_LAST only)"
        ),
    ),
    (
        "polygon_day_aggs.csv",
        BOTH,
        (
            f"CSV, long, {OHLCV}, 2 symbols, {SPAN}, epoch nanoseconds, midnights of America/New_York, "
            "not adjusted (Polygon)"
        ),
    ),
    (
        "freqtrade_AAA_USDT-1d.json",
        {"AAAUSDT": AAA},
        (
            f"JSON, one symbol, {OHLCV}, symbol AAAUSDT by file name, {SPAN}, epoch milliseconds, midnights of UTC, "
            "adjustment unknown"
        ),
    ),
    (
        "freqtrade_AAA_USDT-1d.feather",
        {"AAAUSDT": AAA},
        f"Feather, one symbol, {OHLCV}, symbol AAAUSDT by file name, {SPAN}, days as written, adjustment unknown",
    ),
    (
        "backtrader_generic.csv",
        {"BACKTRADER_GENERIC": AAA},
        (
            f"CSV, one symbol, {OHLCV}, symbol BACKTRADER_GENERIC by file name, {SPAN}, days as written, "
            "adjustment unknown"
        ),
    ),
    ("wide_closes.csv", CLOSES, f"CSV, wide, closes, 2 symbols, {SPAN}, days as written, adjustment unknown"),
    ("long_closes.csv", CLOSES, f"CSV, long, close, 2 symbols, {SPAN}, days as written, adjustment unknown"),
    ("excel_german.csv", CLOSES, f"CSV with ;, wide, closes, 2 symbols, {SPAN}, days as written, adjustment unknown"),
]
