"""Record the fills that clients report, except those of an account that the feed reads: the feed books them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from functions.domain.broker.connection import BrokerConnection
from functions.domain.kernel.errors import DamagedDocument
from functions.domain.trading.reported_fills import FillResult, FillStatus, ReportedFill
from functions.services.broker.connection_ports import ConnectionStore
from functions.services.trading.batch_state import RecordedBatch
from functions.services.trading.record_fills import RecordFills

logger = logging.getLogger("maestro")


class TakeClientFills:
    """The use case; keep one per process."""

    def __init__(self, connections: ConnectionStore, record_fills: RecordFills) -> None:
        self._connections = connections
        self._record_fills = record_fills

    def run(
        self, tenant_id: str, uid: str, fills: Sequence[ReportedFill], policy_defaults: Mapping[str, Any]
    ) -> RecordedBatch:
        """
        Record fills as `RecordFills.run` does, but leave out those that the feed books from the broker's reports.

        A client reports what an order filled since it last looked, the broker each execution: recording both would
        count trades twice.
        """
        connection = self._connection(tenant_id)
        left = [connection is not None and _is_fed(connection, one) for one in fills]
        own = [one for one, is_left in zip(fills, left, strict=True) if not is_left]
        recorded = self._record_fills.run(tenant_id, uid, own, policy_defaults)
        results = iter(recorded.results)
        together = [
            FillResult(one.fill_id, FillStatus.LEFT_TO_FEED) if is_left else next(results)
            for one, is_left in zip(fills, left, strict=True)
        ]
        return RecordedBatch(together, recorded.ledger_version)

    def _connection(self, tenant_id: str) -> BrokerConnection | None:
        try:
            return self._connections.read(tenant_id).value
        except DamagedDocument as error:  # then there is no feed either, and a fill is a fact
            logger.error("%s: fills are recorded as clients report them", error, extra={"tenant": tenant_id})
            return None


def _is_fed(connection: BrokerConnection, fill: ReportedFill) -> bool:
    return fill.account_id in (None, connection.account_id) and connection.is_fed(fill.ts)
