"""What schedules need to know of every tenant, read in batches; no tenant can stall another."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError, StoreError, StoreUnavailable
from functions.domain.kernel.policy import Policy
from functions.services.kernel.ports import Document, MarketCalendars, TenantDirectory

logger = logging.getLogger("maestro")

_AT_ONCE = 500
"""Tenants in one batched read."""


@dataclass(frozen=True, slots=True)
class EnabledTenants:
    """Every enabled tenant, with the requested settings of its policy."""

    policies: Mapping[str, Policy]
    """By tenant; settings that were not requested have their defaults."""
    unread: Mapping[str, Policy]
    """The defaults, for tenants whose settings could not be read now."""

    def check_all_read(self) -> None:
        """Raise StoreUnavailable if some could not be read, so that the caller retries."""
        if self.unread:
            raise StoreUnavailable(f"the settings of {len(self.unread)} tenants could not be read")


def enabled_tenants(directory: TenantDirectory, names: Sequence[str], defaults: Mapping[str, Any]) -> EnabledTenants:
    """
    Read some settings of every enabled tenant.

    Parameters
    ----------
    names : sequence of str
        The settings, by document name.
    defaults : mapping
        What applies if a tenant's policy does not set it, or sets an invalid value.

    Raises
    ------
    StoreUnavailable
        If the list of tenants cannot be read.
    """
    policies: dict[str, Policy] = {}
    unread: dict[str, Policy] = {}
    defaults = _readable_defaults(defaults)
    there_are = list(directory.enabled_tenants())
    for tenant_ids in (there_are[first : first + _AT_ONCE] for first in range(0, len(there_are), _AT_ONCE)):
        try:
            found = directory.settings(tenant_ids, names)
        except StoreError as error:
            logger.error("Policies of %d tenants cannot be read: %s", len(tenant_ids), error)
            unread |= dict.fromkeys(tenant_ids, Policy.from_sources(defaults, None))
            continue
        policies |= {one: _overlaid(defaults, found.get(one), names) for one in tenant_ids}
    return EnabledTenants(policies, unread)


def as_far_as_readable(defaults: Mapping[str, Any], document: Document | None, names: Sequence[str]) -> Policy:
    """
    Return some settings of a document, even if others are invalid.

    An invalid setting takes its default, or the code's own default if that cannot be read either.

    Parameters
    ----------
    names : sequence of str
        The settings, by document name; their checks must be independent.
    """
    return _overlaid(_readable_defaults(defaults), document, names)


def _overlaid(readable_defaults: Mapping[str, Any], document: Document | None, names: Sequence[str]) -> Policy:
    said = {name: document[name] for name in names if name in document} if document else {}
    wrong = {error.field for error in Policy.problems({}, said)}
    readable = {name: value for name, value in said.items() if name not in wrong}
    return Policy.from_sources(readable_defaults, readable)


def _readable_defaults(defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        Policy.from_sources(defaults, None)
    except InputError as error:  # decisions report it as an input issue, which raises an alert
        logger.error("Class attribute cannot be read: %s", error)
        return {}
    return defaults


def is_open(calendars: MarketCalendars, market: str, defaults: Mapping[str, Any], at: datetime) -> bool:
    """
    Return whether a market is open, or the deployment's if its hours are unknown; True if both are unknown.

    A superfluous cycle decides as any other; a missing one stops exits.
    """
    try:
        return calendars.of(market).is_open(at)
    except InputError as error:
        logger.error("Market hours unknown: %s", error)
    try:
        return calendars.of(as_far_as_readable(defaults, None, ()).market).is_open(at)
    except InputError as error:
        logger.error("Market hours unknown: %s", error)
    return True
