"""A tenant's position book now, for the dashboard."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import parse_time
from functions.domain.monitoring.live_positions import LivePositions, Surroundings, live_positions
from functions.domain.orchestration.inputs import parse_account
from functions.domain.orchestration.paper import prices_of
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.modes import read_modes
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import Document
from functions.services.monitoring.ports import PositionRecords, RecordStore
from functions.services.trading.redeem_signals import REOPEN

logger = logging.getLogger("maestro")


def positions_now(store: RecordStore, tenant_id: str, now: datetime) -> LivePositions:
    """
    Return every strategy's live positions, from one batched read.

    Information around the book (the account, prices, modes) is unknown if it cannot be read.

    Raises
    ------
    DamagedDocument
        If the book cannot be read.
    StoreUnavailable
    """
    records = store.positions(tenant_id)
    with reading(records.positions, REOPEN):
        book = PositionBook.from_document(records.positions)
    return live_positions(book, _surroundings(records), now)


def _surroundings(records: PositionRecords) -> Surroundings:
    market_data = records.market_data or {}
    return Surroundings(
        account_snapshot=_readable(records.account),
        prices=prices_of(market_data if isinstance(market_data.get("symbols", {}), Mapping) else {}),
        modes=_modes(records.modes),
        account_as_of=_as_of(records.account),
        market_data_as_of=_as_of(records.market_data),
    )


def _readable(account: Document | None) -> Mapping[str, Any]:
    """Return the account snapshot; None if its positions cannot be counted."""
    try:
        parse_account(account)
    except InputError:
        return {}
    return account or {}


def _modes(document: Document | None) -> dict[str, AgentMode]:
    try:
        return {name: state.mode for name, state in read_modes(document).items()}
    except InputError as error:  # the next cycle reports it too, and holds every entry
        logger.error("Modes cannot be read, showing positions without modes: %s", error)
        return {}


def _as_of(document: Document | None) -> datetime | None:
    try:
        return parse_time("as_of", (document or {}).get("as_of"))
    except InputError:
        return None
