"""Universe of the sample strategies: every stock of the sample prices, so that none is hand-picked."""

SAMPLE_SYMBOLS = (
    *("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO"),
    *("LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM"),
)
