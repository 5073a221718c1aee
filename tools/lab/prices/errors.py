"""What a price file is refused with."""

from __future__ import annotations

from functions.domain.kernel.errors import MaestroError, shortened

_LONGEST_VALUE = 60


class PriceFileError(MaestroError, ValueError):
    """
    A file of prices cannot be used.

    Parameters
    ----------
    place : str
        The file, and the line or row in it where there is one: ``prices.csv, line 7``.
    problem : str
        What is wrong there, as a sentence without its full stop.
    remedy : str
        What to do about it.
    column : str
        The column's name in the file.
    value : object
        What stands there; long values are cut in the message.
    """

    def __init__(
        self, place: str, problem: str, remedy: str = "", *, column: str | None = None, value: object = None
    ) -> None:
        self.place, self.problem, self.remedy, self.column, self.value = place, problem, remedy, column, value
        where = place if column is None else f"{place}, column {column}"
        what = problem if value is None else f"{shortened(repr(value), _LONGEST_VALUE)} {problem}"
        super().__init__(f"{where}: {what}; {remedy}" if remedy else f"{where}: {what}")
