"""Parquet and Feather as raw tables, through pandas."""

from __future__ import annotations

import io
from typing import Any

from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.raw_table import RawTable


def read_frame(file: str, form: str, content: bytes) -> RawTable:
    """
    Read a Parquet or Feather file.

    Parameters
    ----------
    form : str
        ``Parquet`` or ``Feather``.
    """
    import pandas as pd  # noqa: PLC0415 - heavy, and text files do not need it

    read = pd.read_parquet if form == "Parquet" else pd.read_feather
    try:
        frame = read(io.BytesIO(content))
    except ImportError as error:
        raise PriceFileError(file, f"{form} needs pyarrow", "`make lab` installs it") from error
    except Exception as error:  # of a file that is damaged they raise whatever comes of it
        raise PriceFileError(file, f"cannot be read as {form}: {error}", "was it cut off?") from error
    if any(name is not None for name in frame.index.names) or isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index(names=[name or "date" for name in frame.index.names])
    columns = [_plain(frame.iloc[:, number]) for number in range(frame.shape[1])]
    second_header = None
    if frame.columns.nlevels == 2:
        header = tuple(str(name) for name in frame.columns.get_level_values(0))
        second_header = tuple(str(name) for name in frame.columns.get_level_values(1))
    else:
        header = tuple(str(name) for name in frame.columns)
    rows = list(zip(*columns, strict=True))
    numbers = range(1, len(rows) + 1)
    return RawTable(file, form, header, rows, numbers, row_word="row", second_header=second_header)


def _plain(column: Any) -> list[Any]:
    """Return a column as numbers, and times as ISO text."""
    if column.dtype.kind == "M" or hasattr(column.dtype, "tz"):
        return [
            None if time is None else time.isoformat() for time in column.astype(object).where(column.notna(), None)
        ]
    return list(column.tolist())
