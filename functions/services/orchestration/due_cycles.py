"""The cycles due at one tick of the schedule: one task per tenant."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.slots import parse_slot, slot_of
from functions.services.kernel.enabled_tenants import EnabledTenants, enabled_tenants, is_open
from functions.services.kernel.ports import MarketCalendars, TenantDirectory
from functions.services.kernel.tasks import Task, hashed_id

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class CycleTask(Task):
    """One cycle to run for one tenant."""

    SHAPE = "a map of tenant_id and slot"

    slot: str

    @property
    def task_id(self) -> str:
        return hashed_id(self.tenant_id, self.slot, label=self.slot.replace(":", ""))

    @property
    def title(self) -> str:
        return "Cycle"

    @property
    def log_fields(self) -> dict[str, str]:
        return {"tenant": self.tenant_id, "slot": self.slot}

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.slot)

    def details(self) -> dict[str, str]:
        return {"slot": self.slot}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> CycleTask:
        return cls(tenant_id, parse_slot(details.get("slot")))


@dataclass(frozen=True, slots=True)
class DueCycles:
    """The cycles of one slot."""

    slot: str
    tasks: Sequence[CycleTask]
    found: EnabledTenants


def due_cycles(
    directory: TenantDirectory, calendars: MarketCalendars, policy_defaults: Mapping[str, Any], at: datetime
) -> DueCycles:
    """
    Return one cycle per enabled tenant whose own market is open.

    A tenant whose policy cannot be read, or whose market hours are unknown, follows the deployment's market.

    Parameters
    ----------
    at : datetime
        The scheduled time, aware.

    Raises
    ------
    StoreError
        If tenants could not be read.
    """
    slot = slot_of(at)
    found = enabled_tenants(directory, ["market"], policy_defaults)
    markets = {tenant_id: policy.market for tenant_id, policy in {**found.unread, **found.policies}.items()}
    opened = {market: is_open(calendars, market, policy_defaults, at) for market in sorted(set(markets.values()))}
    for market in (one for one, is_market_open in opened.items() if not is_market_open):
        logger.info("Market %s closed at %s: no cycles", market, slot, extra={"slot": slot})
    return DueCycles(slot, [CycleTask(one, slot) for one, market in markets.items() if opened[market]], found)
