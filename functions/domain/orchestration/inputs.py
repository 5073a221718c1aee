"""The account snapshot and the market data of a cycle, validated where they enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from functions.domain.kernel.errors import AccountError, InputError, MarketDataError
from functions.domain.kernel.parsing import as_number, check_not_ahead, parse_time
from functions.domain.kernel.reasons import ReasonCode

MAX_SYMBOLS = 2000
MAX_CLOSES = 300_000
"""Maximum of all symbols together: 2,000 with 150 each, or 500 with 600."""
MAX_POSITIONS = 2000
"""Maximum in an account snapshot."""
_OF_THE_ACCOUNT = frozenset({ReasonCode.MISSING_ACCOUNT, ReasonCode.MALFORMED_ACCOUNT, ReasonCode.STALE_ACCOUNT})


@dataclass(frozen=True, slots=True)
class InputIssue:
    """A problem with the inputs that stops new exposure."""

    reason_code: ReasonCode
    detail: str
    ticker: str | None = None
    """The only symbol affected; None: all."""
    subject: str | None = None
    """The wrong field, which distinguishes issues with the same code; None if the code suffices."""

    @classmethod
    def of_error(cls, reason_code: ReasonCode, error: InputError, ticker: str | None = None) -> InputIssue:
        return cls(reason_code, str(error), ticker, error.field)


@dataclass(frozen=True, slots=True)
class Account:
    """The tenant's account, USD; None: unknown."""

    equity: float | None = None
    """Negative if more than everything is lost."""
    buying_power: float | None = None
    cash: float | None = None
    as_of: datetime | None = None
    """By its sender's clock."""
    received_at: datetime | None = None
    """By the server's."""
    ledger_version: int | None = None
    """The ledger version that its sender saw before it asked the broker; None: not stated."""

    @property
    def spendable(self) -> float | None:
        """What entries may use, USD; 0 if equity or buying power is negative, as in a margin call; None: unknown."""
        if self.buying_power is None:
            return None
        return 0.0 if (self.equity or 0.0) < 0 else max(0.0, self.buying_power)


@dataclass(frozen=True, slots=True)
class CycleInputs:
    """Inputs of strategies, and of rules."""

    market_data: Mapping[str, Any]
    """For strategies: without malformed symbols."""
    account_snapshot: Mapping[str, Any]
    """For strategies: as sent, with their paper positions added."""
    account: Account
    issues: tuple[InputIssue, ...] = ()
    regime: Mapping[str, Any] | None = field(default=None)
    live_snapshot: Mapping[str, Any] = field(default_factory=dict)
    """The account snapshot without paper positions."""
    own_fields: Callable[[str], Mapping[str, Any]] = lambda _: {}
    """A strategy's own fields of the account snapshot, by its name."""

    @property
    def observed_equity(self) -> float | None:
        """Equity for account breakers, USD: None if the snapshot is stale, malformed or missing."""
        is_doubtful = any(issue.reason_code in _OF_THE_ACCOUNT for issue in self.issues)
        return None if is_doubtful else self.account.equity


@dataclass(frozen=True, slots=True)
class Quotes:
    """The quotes of a market data document, by symbol."""

    symbols: Mapping[str, Any]
    """The well-formed ones."""
    is_wrapped: bool
    """Whether they were under ``symbols``, and not at the top level."""
    issues: tuple[InputIssue, ...]


def read_market_data(document: Any) -> Quotes:
    """Return the well-formed symbols of a market data document, and what is wrong with the others."""
    if document is None:
        return Quotes({}, False, (InputIssue(ReasonCode.MISSING_MARKET_DATA, "there is no market data"),))
    issues: list[InputIssue] = []
    is_wrapped = isinstance(document, Mapping) and "symbols" in document
    symbols = document["symbols"] if is_wrapped else document
    if not isinstance(symbols, Mapping):
        wrong = MarketDataError("symbols", "a map", symbols)
        return Quotes({}, is_wrapped, (InputIssue.of_error(ReasonCode.MALFORMED_MARKET_DATA, wrong),))
    read: dict[str, Any] = {}
    for ticker, quote in symbols.items():
        try:
            if is_wrapped or (isinstance(quote, Mapping) and "price" in quote):  # flat data may have other fields
                check_quote(str(ticker), quote)
            read[ticker] = quote
        except MarketDataError as error:
            issues.append(InputIssue.of_error(ReasonCode.MALFORMED_MARKET_DATA, error, str(ticker)))
    return Quotes(read, is_wrapped, tuple(issues))


def read_inputs(
    market_data: Any,
    account_snapshot: Any,
    regime: Any,
    now: datetime,
    max_age_seconds: float,
    *,
    is_time_required: bool,
    received_at: datetime | None = None,
    ledger_version: int = 0,
    read_quotes: Callable[[Any], Quotes] = read_market_data,
) -> CycleInputs:
    """
    Validate a cycle's inputs; every problem becomes an issue, never an error.

    Parameters
    ----------
    market_data, account_snapshot : mapping or None
        The documents as stored, or as passed by the caller.
    now : datetime
        Aware; the instant that ages are measured at.
    is_time_required : bool
        True for stored documents: one without ``as_of`` is malformed. A caller that passes inputs vouches that they are
        current, so there ``as_of`` is only checked if given.
    received_at : datetime, optional
        When the server received the account snapshot; by default now.
    ledger_version : int
        The ledger's version: no snapshot can have seen a later one.
    read_quotes : callable
        Does what `read_market_data` does, possibly from a cache.
    """
    read = read_quotes(market_data)
    issues = list(read.issues)
    max_age = timedelta(seconds=max_age_seconds)
    if isinstance(market_data, Mapping):
        issues += _age_issues("MARKET_DATA", market_data.get("as_of"), now, max_age, is_time_required)
    account = _read_account(account_snapshot, ledger_version, issues)
    if isinstance(account_snapshot, Mapping):
        of_age = _age_issues("ACCOUNT", account_snapshot.get("as_of"), now, max_age, is_time_required)
        issues += of_age
        if any(issue.reason_code is ReasonCode.MALFORMED_ACCOUNT for issue in of_age):
            account = Account()
    if account.as_of is None and not is_time_required:
        account = replace(account, as_of=now)
    usable = _usable(account_snapshot)
    return CycleInputs(
        {**market_data, "symbols": read.symbols} if read.is_wrapped else read.symbols,
        usable,
        replace(account, received_at=received_at or now),
        tuple(issues),
        regime if isinstance(regime, Mapping) else None,
        usable,
    )


def check_quote(ticker: str, quote: Any) -> None:
    """
    Check one symbol's price and history.

    Raises
    ------
    MarketDataError
        If the price, or a close of the history, is not a finite number above 0.
    """
    if not isinstance(quote, Mapping):
        raise MarketDataError(ticker, "a map with price", quote)
    price = as_number(quote.get("price"))
    if price is None or price <= 0:
        raise MarketDataError(f"{ticker}.price", "a number > 0", quote.get("price"))
    history = quote.get("history")
    if history is None:
        return
    try:
        closes = np.asarray(history, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MarketDataError(f"{ticker}.history", "a list of numbers", history) from error
    if closes.ndim != 1:
        raise MarketDataError(f"{ticker}.history", "a list of numbers", history)
    is_wrong = ~(np.isfinite(closes) & (closes > 0))
    if is_wrong.any():
        first = int(np.argmax(is_wrong))
        raise MarketDataError(f"{ticker}.history[{first}]", "a number > 0", float(closes[first]))


def _read_account(snapshot: Any, ledger_version: int, issues: list[InputIssue]) -> Account:
    if snapshot is None:
        issues.append(InputIssue(ReasonCode.MISSING_ACCOUNT, "there is no account snapshot"))
        return Account()
    try:
        account = parse_account(snapshot)
        check_ledger_version(account, ledger_version)
        return account
    except InputError as error:
        issues.append(InputIssue.of_error(ReasonCode.MALFORMED_ACCOUNT, error))
        return Account()


def check_ledger_version(account: Account, ledger_version: int) -> None:
    """Refuse a snapshot that names a version the ledger has not reached. Raises AccountError."""
    if (account.ledger_version or 0) > ledger_version:
        raise AccountError("ledger_version", f"at most the ledger's, {ledger_version}", account.ledger_version)


def _usable(snapshot: Any) -> Mapping[str, Any]:
    """Return the snapshot for strategies: without malformed positions."""
    if not isinstance(snapshot, Mapping):
        return {}
    if _are_positions(snapshot.get("positions")):
        return snapshot
    return {name: value for name, value in snapshot.items() if name != "positions"}


def _are_positions(positions: Any) -> bool:
    is_list = isinstance(positions, list | tuple)
    return positions is None or (is_list and all(isinstance(position, Mapping) for position in positions))


def parse_account(snapshot: Any) -> Account:
    """
    Read the figures of an account snapshot; numbers or numeric strings, absent ones stay None.

    Raises
    ------
    AccountError
        If a figure is not a number, or positions is not a list of maps.
    """
    if not isinstance(snapshot, Mapping):
        raise AccountError("account", "a map", snapshot)
    figures = {name: _figure(name, snapshot.get(name)) for name in ("equity", "buying_power", "cash")}
    positions = snapshot.get("positions")
    if not _are_positions(positions):
        raise AccountError("positions", "a list of maps", positions)
    version = snapshot.get("ledger_version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 0):
        raise AccountError("ledger_version", "a whole number >= 0", version)
    account = Account(figures["equity"], figures["buying_power"], figures["cash"], ledger_version=version)
    try:
        return replace(account, as_of=parse_time("account as_of", snapshot.get("as_of")))
    except InputError:
        return account  # its age is a separate issue


def _figure(name: str, value: Any) -> float | None:
    number = as_number(value)
    if number is None and value is not None:
        raise AccountError(name, "a number or a numeric string", value)
    return number


def _age_issues(kind: str, as_of: Any, now: datetime, max_age: timedelta, is_time_required: bool) -> list[InputIssue]:
    name = kind.lower().replace("_", " ")
    if as_of is None and not is_time_required:
        return []
    try:
        at = parse_time(f"{name} as_of", as_of)
        check_not_ahead(f"{name} as_of", at, now)
    except InputError as error:
        return [InputIssue.of_error(ReasonCode[f"MALFORMED_{kind}"], error)]
    age = now - at
    if age > max_age:
        limit = max_age.total_seconds()
        return [
            InputIssue(ReasonCode[f"STALE_{kind}"], f"{name} is {age.total_seconds():.0f} s old, limit {limit:.0f} s")
        ]
    return []
