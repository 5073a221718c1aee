"""
The errors Maestro raises on purpose, and their one base.

::

    MaestroError
    ├── InputError                 something from outside is malformed: names the field, the limit and the value
    │   ├── SignalError            … in what a strategy proposed
    │   ├── PolicyError            … in the tenant's policy document
    │   │   └── PolicyProblemsError  … in several of its fields
    │   ├── AccountError           … in the account snapshot
    │   ├── MarketDataError        … in the market data
    │   ├── MetricInputError       … in a return series
    │   ├── PackedStateError       … in packed state: performance windows, a checkpoint
    │   ├── FillError              … in a ledger document
    │   ├── UnknownTenantError     … no tenant has this id
    │   ├── TenantExistsError      … a new tenant's id is taken
    │   └── UnknownMemberError     … the tenant has no user of this address
    ├── RefusedError               a rule says no: carries its reason code
    ├── StoreError                 the store refused or failed
    │   ├── StoreConflict          somebody else wrote first: read again and retry
    │   │   └── AccountExists      … the account of the same person
    │   └── StoreUnavailable       unreachable or too slow: nothing is known to be written
    │       └── StoreRefused       … nor will it be, however often it is tried: too large, not allowed, no index
    │           └── DamagedDocument  … what is stored is not what its writers make of it
    ├── BrokerError                a broker answered something else (domain/broker/errors.py has those below it)
    ├── StrategyProcessesError     the processes that run strategies cannot be had: nothing was decided
    ├── DeliveryError              a channel did not take a notification (services/monitoring/notification_ports.py)
    └── SummaryFailed              no summary from the model (services/monitoring/summarise_decision.py)

The last two are defined beside the ports that raise them. A bare ValueError or TypeError, as of `Period.of_month`,
means that the calling code is wrong.
"""

import re
from collections.abc import Sequence

from functions.domain.kernel.reasons import ReasonCode


class MaestroError(Exception):
    """Base of every error that Maestro raises on purpose."""


class InputError(MaestroError, ValueError):
    """
    A value from outside breaks a limit.

    Parameters
    ----------
    field : str
        The name the sender knows it by.
    limit : str
        What it has to be, as the end of "must be …".
    value : object
        What it was; long values are cut in the message.
    """

    def __init__(self, field: str, limit: str, value: object) -> None:
        self.field = field
        self.limit = limit
        self.value = value
        super().__init__(f"{field} must be {limit}, was {shortened(repr(value), 80)}")


class SignalError(InputError):
    """A strategy's signal is malformed."""


class PolicyError(InputError):
    """The policy document is malformed."""


class PolicyProblemsError(PolicyError):
    """Several fields of a policy are malformed; ``problems`` has an error for each."""

    def __init__(self, problems: Sequence[PolicyError]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.field, first.limit, first.value)


class AccountError(InputError):
    """The account snapshot is malformed."""


class MarketDataError(InputError):
    """The market data is malformed."""


class MetricInputError(InputError):
    """A return series is malformed."""


class PackedStateError(InputError):
    """Packed state cannot be read: performance windows, or a checkpoint of the books."""


class FillError(InputError):
    """A ledger document is malformed."""


class UnknownTenantError(InputError):
    """No tenant has this id."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__("tenant", "one that exists", tenant_id)


class TenantExistsError(InputError):
    """The id of a new tenant is taken."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__("tenant", "new", tenant_id)


class UnknownMemberError(InputError):
    """The tenant ``tenant_id`` has no user of this address."""

    def __init__(self, tenant_id: str, email: str) -> None:
        self.tenant_id = tenant_id
        super().__init__("email", f"that of a user of tenant {tenant_id}", email)


class RefusedError(MaestroError):
    """
    A rule says no.

    Parameters
    ----------
    reason_code : ReasonCode
        The stable word for it.
    detail : str
        What it means and what to do next.
    """

    def __init__(self, reason_code: ReasonCode, detail: str) -> None:
        self.reason_code = reason_code
        self.detail = detail
        super().__init__(f"{reason_code}: {detail}")


class StoreError(MaestroError):
    """The store refused or failed."""


class StoreConflict(StoreError):
    """Somebody else wrote first: read again and retry."""


class AccountExists(StoreConflict):
    """Somebody else created an account for the same person first."""


class StoreUnavailable(StoreError):
    """The store is unreachable or too slow: nothing is known to be written."""


class StoreRefused(StoreUnavailable):
    """The store will not do it, however often it is tried: too large, not allowed, or an index is missing."""


class StrategyProcessesError(MaestroError):
    """The processes that run strategies cannot be started, or ended under all strategies at once."""


class DamagedDocument(StoreRefused):
    """
    A stored document is not what its writers make of it: it stays so until somebody mends it.

    What the field holds is not told, only of what kind it is: it may be anything, a secret too.

    Parameters
    ----------
    path : str
        Where it is, as `tenants/acme/state/session`; nonces are cut as in logs.
    field : str
        The field at fault, or the fields that contradict each other.
    limit : str
        What it has to be, as the end of "must be …".
    found : str
        What it is, as the end of "and is …".
    remedy : str
        What mends it, if that is not plain from the rest.
    """

    def __init__(self, path: str, field: str, limit: str, found: str, remedy: str = "") -> None:
        self.path = _NONCE.sub(r"\1…", path)
        self.field = _NONCE.sub(r"\1…", field)
        more = f"; {remedy}" if remedy else ""
        super().__init__(f"{self.path}: {self.field} must be {limit}, and is {found}{more}")


_NONCE = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")


def shortened(text: str, limit: int) -> str:
    """
    Return ``text`` cut to ``limit`` characters, saying how long it was.

    >>> shortened("abcdefghij", 4)
    'abcd… (10 characters)'
    """
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def described(error: BaseException) -> str:
    """
    Return an error's type and message, whatever its ``__str__`` does.

    >>> described(ValueError("no price"))
    'ValueError: no price'
    """
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException as another:  # noqa: BLE001 - a user's class: its own text must not hide who failed
        return f"{type(error).__name__}, whose message cannot be read: {type(another).__name__}"
