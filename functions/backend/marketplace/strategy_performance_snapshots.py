"""Monthly strategy performance from the ledger: compute, then write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.cloud.firestore import Client

from functions.domain.ledger.periods import Period
from functions.strategies import wiring
from functions.strategies.maestro_controller import MaestroController

__all__ = ["compute_monthly_strategy_performance_from_firestore", "write_strategy_performance_snapshots"]


def compute_monthly_strategy_performance_from_firestore(
    db: Client,
    tenant_id: str,
    year: int,
    month: int,
    uid: str | None = None,
    strategy_id: str | None = None,
    mark_prices: Mapping[str, float] | None = None,
) -> dict[str, dict[str, Any]]:
    """
    Compute the performance of every (uid, strategy) in the market's sessions of a month; nothing is written.

    Parameters
    ----------
    uid, strategy_id : str, optional
        Only this user's, or this strategy's.
    mark_prices : mapping, optional
        Prices at the month's last session's end, USD by symbol; by default the last daily snapshot's.

    Returns
    -------
    dict
        Performance documents by id, ``{uid}__{strategy}__{YYYY-MM}``.

    Raises
    ------
    ValueError
        If the month is not 1 to 12.
    StoreUnavailable
    """
    period = Period.of_month(year, month)
    defaults = MaestroController.policy_defaults()
    snapshots = wiring.compute_month(db).from_fills(tenant_id, period, defaults, mark_prices).snapshots
    return {
        perf_id: document
        for perf_id, document in snapshots.items()
        if uid in (None, document["uid"]) and strategy_id in (None, document["strategy_id"])
    }


def write_strategy_performance_snapshots(
    db: Client, tenant_id: str, snapshots_by_perf_id: Mapping[str, Mapping[str, Any]]
) -> int:
    """
    Store performance documents under ``tenants/{t}/strategy_performance``, and return how many there are.

    Repeating it changes nothing.

    Raises
    ------
    StoreUnavailable
    """
    wiring.ledger_store(db).write_snapshots(tenant_id, snapshots_by_perf_id)
    return len(snapshots_by_perf_id)
