"""Stored alerts: a damaged one is reported, and stops no other."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from functions.domain.kernel.errors import DamagedDocument
from functions.domain.monitoring.alerts import check_alert
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import Document, Versioned

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class StoredAlerts:
    """Alerts by id: the readable ones, and what is wrong with the others."""

    readable: Mapping[str, Document]
    damaged: Mapping[str, str]


def read_alerts(alerts: Mapping[str, Versioned[Document]]) -> StoredAlerts:
    """Return the readable alerts; damaged ones are logged."""
    readable: dict[str, Document] = {}
    damaged: dict[str, str] = {}
    for key, alert in alerts.items():
        try:
            with reading(alert.value):
                check_alert(alert.value)
        except DamagedDocument as error:
            logger.error("Checking the other alerts: %s", error)
            damaged[key] = str(error)
        else:
            readable[key] = alert.value
    return StoredAlerts(readable, damaged)
