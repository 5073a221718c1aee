"""Small price files, as tests write them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from tools.lab.prices.read import Prices, read_prices

HEADER = "date,AAA,BBB\n"
FIRST = date(2024, 1, 1)


def csv(*rows: str, header: str = HEADER) -> str:
    return header + "".join(f"{row}\n" for row in rows)


def days(count: int, **changed: str) -> str:
    """Return a wide file around the clock; ``changed`` are the cells of some days, by d<number>."""
    rows = []
    for number in range(count):
        cells = changed.get(f"d{number}", f"{100 + number % 7},{50 + number % 5}")
        rows.append(f"{FIRST + timedelta(days=number)},{cells}")
    return csv(*rows)


def read(folder: Path, content: str | bytes, file: str = "prices.csv", **options: object) -> Prices:
    path = folder / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_prices(path, **{"market": "24x7", **options})  # type: ignore[arg-type]
