"""What users' own code needs outside a cycle: weights, track records, identities, shadow trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.orchestration.cycle_documents import own_shadow_record
from functions.domain.orchestration.identity import AgentIdentity, new_identity, session_id_of
from functions.domain.track_record.metrics import StrategyPerformanceMetrics, performance_metrics
from functions.domain.track_record.standing import standings
from functions.services.kernel.ports import Clock, Ids
from functions.services.orchestration.known_state import Known, validated
from functions.services.orchestration.ports import CycleStore


class OutsideCycles:
    """The use cases; keep one per process."""

    def __init__(self, store: CycleStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def weights(
        self,
        tenant_id: str,
        uid: str | None,
        strategy_names: Sequence[str],
        samples: Set[str],
        policy_defaults: Mapping[str, Any],
    ) -> dict[str, tuple[float, AgentMode]]:
        """Return each strategy's (weight, mode) as a cycle would find it now. Raises StoreUnavailable."""
        known = self._known(tenant_id, uid, policy_defaults)
        found = standings(
            strategy_names,
            known.windows,
            known.modes,
            known.policy,
            self._clock.now(),
            samples=samples,
            is_readable=known.is_readable,
        )
        return {name: (standing.weight, standing.state.mode) for name, standing in found.items()}

    def performance(
        self, tenant_id: str, uid: str | None, strategy_name: str, policy_defaults: Mapping[str, Any]
    ) -> StrategyPerformanceMetrics:
        """Return a strategy's statistics over the policy's lookback. Raises StoreUnavailable."""
        known = self._known(tenant_id, uid, policy_defaults)
        lookback = known.policy.performance_lookback_days
        sessions = known.windows.rows([strategy_name], lookback)[0]
        return performance_metrics(strategy_name, sessions, known.windows.dates[-lookback:], known.policy)

    def log_shadow_trade(self, tenant_id: str, strategy_name: str, signal: Mapping[str, Any]) -> None:
        """Record a shadow signal; repeating it changes nothing. Raises StoreUnavailable."""
        record_id, record = own_shadow_record(strategy_name, signal, self._clock.now())
        self._store.write_shadow_record(tenant_id, record_id, record)

    def new_session_id(self) -> str:
        """Return the id of a session that starts now."""
        return session_id_of(self._clock.now(), self._ids.nonce())

    def new_identity(self, tenant_id: str, strategy_name: str, session_id: str) -> AgentIdentity:
        """Return a fresh identity in a session."""
        return new_identity(tenant_id, strategy_name, session_id, self._clock.now(), self._ids.nonce)

    def _known(self, tenant_id: str, uid: str | None, policy_defaults: Mapping[str, Any]) -> Known:
        return validated(self._store.read(tenant_id, uid, None), policy_defaults)
