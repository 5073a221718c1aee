"""CSV and other delimited text as a raw table."""

from __future__ import annotations

import csv
import io
import re

from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.raw_table import RawTable

SEPARATORS = {",": "CSV", ";": "CSV with ;", "\t": "text with tabs", "|": "text with |"}
BINANCE_HEADER = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
"""Of Binance's archives, most of which come without it."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"-?\d[\d.]*,\d+")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(file: str, content: bytes) -> RawTable:
    """
    Read delimited text.

    The separator is the one of ``, ; tab |`` that the first line has most of. With ``;`` numbers may have a decimal
    comma: they do if any cell looks like one.
    """
    text = decoded(file, content)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise PriceFileError(file, "the file is empty")
    separator = max(SEPARATORS, key=lines[0].count)
    if lines[0].count(separator) == 0:
        raise PriceFileError(
            f"{file}, line 1",
            "is not a line of a table",
            "there is no comma, semicolon, tab or | in it: is this a source's error message?",
            value=lines[0],
        )
    cells, numbers = _cells(file, text, separator)
    if not cells:
        raise PriceFileError(file, "the file has nothing but blank cells")
    first, second = cells[0], cells[1] if len(cells) > 1 else []
    second_header: tuple[str, ...] | None = None
    header, skipped = tuple(first), 1
    if first[0].lower() == "price" and second and second[0].lower() == "ticker":
        if len(second) != len(first):
            problem = f"has {len(second)} cells, and line {numbers[0]} has {len(first)} columns"
            raise PriceFileError(f"{file}, line {numbers[1]}", f"the line {problem}", "was the file cut off?")
        second_header = ("", *second[1:])
        header = ("Date", *first[1:])
        skipped = 3 if len(cells) > 2 and not any(cells[2][1:]) else 2
    elif len(first) == len(BINANCE_HEADER) and _NUMBER.fullmatch(first[0]):
        header, skipped = BINANCE_HEADER, 0
    rows, numbers = cells[skipped:], numbers[skipped:]
    for row, number in zip(rows, numbers, strict=True):
        if len(row) != len(header):
            problem = f"has {len(row)} cells and the header {len(header)}"
            raise PriceFileError(f"{file}, line {number}", f"the line {problem}", "was the file cut off?")
    while len(header) > 1 and header[-1] == "" and not any(row[-1] for row in rows):  # as spreadsheets leave them
        header, rows = header[:-1], [row[:-1] for row in rows]
    commas = separator == ";" and any(_DECIMAL_COMMA.fullmatch(cell) for row in rows for cell in row)
    return RawTable(
        file,
        SEPARATORS[separator],
        header,
        rows,
        numbers,
        second_header=second_header,
        has_decimal_comma=commas,
    )


def decoded(file: str, content: bytes) -> str:
    """Return a file's text; UTF-8 with or without a byte order mark."""
    if content.startswith(_UTF_16):
        raise PriceFileError(file, "is UTF-16", "save it as UTF-8")
    if b"\0" in content:
        raise PriceFileError(file, "is not text: it has bytes of 0", "save it as CSV in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PriceFileError(
            f"{file}, line {line}",
            f"byte {error.start + 1} of the file is not UTF-8",
            "save the file as UTF-8",
            value=content[error.start : error.start + 1],
        ) from error


def _cells(file: str, text: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Return the cells of every line that is not blank, without spaces around them, and the lines' numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    cells, numbers = [], []
    try:
        for row in reader:
            stripped = [cell.strip() for cell in row]
            if any(stripped):
                cells.append(stripped)
                numbers.append(reader.line_num)
    except csv.Error as error:
        raise PriceFileError(f"{file}, line {reader.line_num}", f"the line cannot be read: {error}") from error
    return cells, numbers
