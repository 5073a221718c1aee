"""A cycle's request and result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.services.kernel.idempotency import RequestKey
from functions.services.orchestration.begun_loading import Load

ProposeSignals = Callable[[CycleInputs, Policy], Awaitable[Sequence[ProposedSignal]]]
"""Returns one signal per strategy."""


@dataclass(frozen=True, slots=True)
class GivenInputs:
    """Inputs that a caller passes instead of the stored ones."""

    market_data: Any
    account_snapshot: Any
    regime: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRequest:
    """One cycle to run."""

    tenant_id: str
    uid: str | None = None
    propose: ProposeSignals
    policy_defaults: Mapping[str, Any] = field(default_factory=dict)
    samples: Set[str] = frozenset()
    """Strategies that may act only if the policy names them."""
    load_errors: Mapping[str, str] = field(default_factory=dict)
    load: Load | None = None
    """Returns samples and load errors; awaited alongside the read, as it may have to start processes first."""
    given: GivenInputs | None = None
    """None: the stored inputs."""
    slot: str | None = None
    """None: a requested cycle, which belongs to no slot."""
    key: RequestKey | None = None
    """Key of a requested cycle: a repeated request runs no second cycle."""
    now: datetime | None = None
    """None: the clock's time; the emulator sets it to replay history."""

    @property
    def goes_on_record(self) -> bool:
        """Whether it must be decided, once, and is retried until it is."""
        return self.slot is not None or self.key is not None


@dataclass(frozen=True, slots=True, repr=False)
class CycleResult:
    """A cycle's result: the signals to act on, and the record."""

    signals: dict[str, dict[str, Any]]
    decision: MaestroDecision
