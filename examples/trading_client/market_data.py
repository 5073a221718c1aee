"""Market data from a file that your own feed writes: prices for a paper broker, and what cycles decide on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .client import MaestroClient
from .errors import Refused
from .orders import BrokerError


class QuotesError(BrokerError):
    """The file cannot be read, or holds no price of a symbol."""


class QuotesFile:
    """
    A JSON file as ``PUT /v1/market-data`` takes it: ``symbols``, each with a ``price``.

    Without ``as_of`` its data is of the time it was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def price(self, symbol: str) -> float:
        """Return a symbol's last price, USD. Raises QuotesError."""
        _, symbols = self._read()
        try:
            price = float(symbols[symbol]["price"])
        except (LookupError, TypeError, ValueError):
            price = 0.0
        if not price > 0:
            raise QuotesError(f"{self._path} holds no price of {symbol}")
        return price

    def publish(self, client: MaestroClient) -> None:
        """Send the file to Maestro. Raises QuotesError, MaestroApiError."""
        as_of, symbols = self._read()
        try:
            client.put_market_data(as_of, symbols)
        except Refused as error:
            if error.reason_code != "OUTDATED_SNAPSHOT":  # another client sent newer data: that is better
                raise

    def _read(self) -> tuple[datetime, Mapping[str, Mapping[str, Any]]]:
        try:
            content = json.loads(self._path.read_text())
            written = datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
            as_of = datetime.fromisoformat(content["as_of"]) if "as_of" in content else written
            return as_of, dict(content["symbols"])
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise QuotesError(f"{self._path} is not a file of quotes: {error}") from error
