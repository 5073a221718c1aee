"""What a cycle is asked for, and what it gives."""

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
"""Gives one signal per strategy."""


@dataclass(frozen=True, slots=True)
class GivenInputs:
    """Inputs a caller hands over instead of the stored ones."""

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
    """Strategies that may act only where the policy names them."""
    load_errors: Mapping[str, str] = field(default_factory=dict)
    load: Load | None = None
    """Tells samples and load errors; awaited beside the read, as it may have to start processes first."""
    given: GivenInputs | None = None
    """None: the stored inputs."""
    slot: str | None = None
    """None: a cycle somebody asked for, which belongs to no slot."""
    key: RequestKey | None = None
    """Of a cycle somebody asked for and may ask for again: the second time there is none."""
    now: datetime | None = None
    """None: the clock's; the emulator replays history by setting it."""

    @property
    def goes_on_record(self) -> bool:
        """Whether it is decided once, and tried again until it is."""
        return self.slot is not None or self.key is not None


@dataclass(frozen=True, slots=True, repr=False)
class CycleResult:
    """What a cycle gives: the signals to act on, and the record."""

    signals: dict[str, dict[str, Any]]
    decision: MaestroDecision
