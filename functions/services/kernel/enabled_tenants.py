"""What schedules have to know of every tenant, read for many at once; none of them can stall another."""

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
    """Every enabled tenant, and what its policy says of the settings that were asked for."""

    policies: Mapping[str, Policy]
    """By tenant; settings that were not asked for are the defaults."""
    unread: Mapping[str, Policy]
    """The defaults, by tenant whose settings could not be read now."""

    def check_all_read(self) -> None:
        """Raise StoreUnavailable if some were not, so that whoever was called tries again."""
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
        What holds where a tenant's policy says nothing, or something that no policy can say.

    Raises
    ------
    StoreUnavailable
        If nobody can tell which tenants there are.
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
    Return what a document says of some settings, whatever else it says.

    Where one cannot be read the default holds, and the code's own where the defaults cannot be read.

    Parameters
    ----------
    names : sequence of str
        The settings, by document name; none of them limits another.
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
    except InputError as error:  # decisions report it as an input issue, which is an alert of its own
        logger.error("Class attribute cannot be read: %s", error)
        return {}
    return defaults


def is_open(calendars: MarketCalendars, market: str, defaults: Mapping[str, Any], at: datetime) -> bool:
    """
    Tell whether a market is open, or the deployment's where nobody knows its hours; True if nobody knows either's.

    A cycle too many holds or adds what any other would; one too few stops exits.
    """
    try:
        return calendars.of(market).is_open(at)
    except InputError as error:
        logger.error("Hours of the market are not known: %s", error)
    try:
        return calendars.of(as_far_as_readable(defaults, None, ()).market).is_open(at)
    except InputError as error:
        logger.error("Hours of the market are not known: %s", error)
    return True
