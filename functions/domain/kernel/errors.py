"""
The errors that Maestro raises on purpose, with a common base.

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
    │   └── UnknownMemberError     … the tenant has no user with this address
    ├── RefusedError               a rule says no: carries its reason code
    ├── StoreError                 the store refused or failed
    │   ├── StoreConflict          another writer came first: read again and retry
    │   │   └── AccountExists      … the account of the same person
    │   └── StoreUnavailable       unreachable or too slow: the write may or may not have happened
    │       └── StoreRefused       … and a retry will not help: too large, not allowed, no index
    │           └── DamagedDocument  … a stored document is malformed
    ├── BrokerError                a broker gave an error (subclasses in domain/broker/errors.py)
    ├── StrategyProcessesError     the processes that run strategies are unavailable: nothing was decided
    ├── DeliveryError              a channel did not take a notification (services/monitoring/delivery_errors.py)
    └── SummaryFailed              no summary from the model (services/monitoring/summarise_decision.py)

The last two are defined next to the ports that raise them. A bare ValueError or TypeError, as from `Period.of_month`,
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
        The field's name as the sender knows it.
    limit : str
        What it must be, as the end of "must be …".
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
        super().__init__("tenant", "the id of an existing tenant", tenant_id)


class TenantExistsError(InputError):
    """The id of a new tenant is taken."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__("tenant", "new", tenant_id)


class UnknownMemberError(InputError):
    """The tenant ``tenant_id`` has no user with this address."""

    def __init__(self, tenant_id: str, email: str) -> None:
        self.tenant_id = tenant_id
        super().__init__("email", f"the address of a user of tenant {tenant_id}", email)


class RefusedError(MaestroError):
    """
    A rule says no.

    Parameters
    ----------
    reason_code : ReasonCode
        The stable, machine-readable reason.
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
    """Another writer came first: read again and retry."""


class AccountExists(StoreConflict):
    """An account for the same person was created first."""


class StoreUnavailable(StoreError):
    """The store is unreachable or too slow: the write may or may not have happened."""


class StoreRefused(StoreUnavailable):
    """The store refuses it, and a retry will not help: too large, not allowed, or an index is missing."""


class StrategyProcessesError(MaestroError):
    """The processes that run strategies cannot be started, or all ended at once."""


class DamagedDocument(StoreRefused):
    """
    A stored document is malformed, and stays so until someone fixes it.

    Only the type of the field's value is reported: the value may be anything, even a secret.

    Parameters
    ----------
    path : str
        Its path, like `tenants/acme/state/session`; nonces are cut as in logs.
    field : str
        The field at fault, or the fields that contradict each other.
    limit : str
        What it must be, as the end of "must be …".
    found : str
        What it is, as the end of "and is …".
    remedy : str
        How to fix it, if that is not obvious.
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
    Return an error's type and message, even if its ``__str__`` fails.

    >>> described(ValueError("no price"))
    'ValueError: no price'
    """
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException as another:  # noqa: BLE001 - a user's class: a failing text must not hide the error
        return f"{type(error).__name__}, whose message cannot be read: {type(another).__name__}"
