"""A table as a file has it, before it is known what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.lab.prices.errors import PriceFileError


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells with their header; text where the file is text, numbers where it has numbers."""

    file: str
    """The file's name, for messages."""
    form: str
    """CSV, JSON, Parquet …"""
    header: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    """Each as long as the header."""
    row_numbers: Sequence[int]
    """The line of each row in a text file, else its count from 1."""
    row_word: str = "line"
    """What its numbers count."""
    second_header: tuple[str, ...] | None = None
    """The symbols of the columns, where the first header names figures: as yfinance writes it."""
    has_decimal_comma: bool = False
    warnings: tuple[str, ...] = field(default=())

    @property
    def head(self) -> str:
        """Where the header is, for a message."""
        return f"{self.file}, line 1" if self.row_word == "line" else self.file

    def place(self, index: int) -> str:
        """Return where a row is, for a message."""
        return f"{self.file}, {self.row_word} {self.row_numbers[index]}"

    def column(self, index: int) -> list[Any]:
        return [row[index] for row in self.rows]

    def refused(self, index: int, column: int, value: object, problem: str, remedy: str = "") -> PriceFileError:
        """Return the error about one cell."""
        name = self.header[column] or f"number {column + 1}"
        if self.second_header is not None and self.second_header[column]:
            name = f"{name} {self.second_header[column]}"
        return PriceFileError(self.place(index), problem, remedy, column=name, value=value)
