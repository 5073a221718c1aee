"""The façade users import: thresholds to tune, and orchestration over any set of signals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.system import SecretIds, SystemClock
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import SignalError, StoreUnavailable
from functions.domain.kernel.policy import Policy, document_name
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import own_shadow_record
from functions.domain.orchestration.decision import AllocationDecision, MaestroDecision
from functions.domain.orchestration.identity import AgentIdentity, new_identity, session_id_of
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.risk_rules import RiskContext, RuledSignal, SystemicSellsRule, systemic_risk_of
from functions.domain.orchestration.signals import Action, ProposedSignal, failed_signal, parse_action, read_signal
from functions.domain.track_record.metrics import StrategyPerformanceMetrics, performance_metrics
from functions.domain.track_record.standing import Standing, standings
from functions.services.orchestration.known_state import Known
from functions.services.orchestration.run_cycle import (
    CycleRequest,
    CycleResult,
    GivenInputs,
    ProposeSignals,
    RunCycle,
)

__all__ = [
    "AgentIdentity",
    "AgentMode",
    "AllocationDecision",
    "MaestroController",
    "MaestroDecision",
    "StrategyPerformanceMetrics",
]

logger = logging.getLogger("maestro")

_DEFAULTS = Policy()


class MaestroController:
    """
    Orchestrates the strategies of one tenant.

    The class attributes are the policy's defaults: set them, on this class or a subclass, to tune every tenant; a
    tenant's own document ``tenants/{t}/config/maestro`` overrides them without a redeploy.
    """

    SHARPE_THRESHOLD_REDUCE: float = _DEFAULTS.sharpe_threshold_reduce
    SHARPE_THRESHOLD_SHADOW: float = _DEFAULTS.sharpe_threshold_shadow
    SYSTEMIC_SELL_THRESHOLD: int = _DEFAULTS.systemic_sell_threshold
    PERFORMANCE_LOOKBACK_DAYS: int = _DEFAULTS.performance_lookback_days
    MIN_DATA_POINTS: int = _DEFAULTS.min_data_points
    RISK_FREE_RATE: float = _DEFAULTS.risk_free_rate
    base_capital: float = _DEFAULTS.base_capital
    max_gross_allocation: float = _DEFAULTS.max_gross_allocation
    insufficient_data_mode: str = _DEFAULTS.insufficient_data_mode
    promotion_margin: float = _DEFAULTS.promotion_margin
    min_dwell_days: float = _DEFAULTS.min_dwell_days
    signal_ttl_seconds: int = _DEFAULTS.signal_ttl_seconds
    max_input_age_seconds: int = _DEFAULTS.max_input_age_seconds
    strategy_timeout_seconds: float = _DEFAULTS.strategy_timeout_seconds

    def __init__(self, db: Client, tenant_id: str = "default", uid: str | None = None) -> None:
        self.tenant_id = tenant_id
        self.uid = uid
        self._clock = SystemClock()
        self._ids = SecretIds()
        self._store = FirestoreCycleStore(db)
        self._run_cycle = RunCycle(self._store, self._clock, self._ids)
        self.session_id = self._new_session_id()
        logger.info("MaestroController initialized: tenant=%s, uid=%s", tenant_id, uid, extra={"tenant": tenant_id})

    @classmethod
    def policy_defaults(cls) -> dict[str, Any]:
        """Return the class attributes that set the policy, by document name."""
        names = (document_name(setting.name) for setting in fields(Policy))
        return {name: getattr(cls, name) for name in names if hasattr(cls, name)}

    async def orchestrate(
        self,
        signals: Mapping[str, Any],
        strategies: Mapping[str, Any] | Iterable[str] = (),
        *,
        market_data: Mapping[str, Any] | None = None,
        account_snapshot: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, dict[str, Any]], MaestroDecision]:
        """
        Decide over signals that were evaluated elsewhere, log the decision and stamp the signals.

        Parameters
        ----------
        signals : mapping
            What each strategy proposed, by strategy name.
        strategies : mapping or iterable of names
            The strategies there are; one without a signal holds.
        market_data, account_snapshot : mapping, optional
            What the signals were evaluated on; an ``as_of`` in them is checked, and buying power sets notionals.
        """
        proposals = [read_signal(name, signal) for name, signal in signals.items()]
        silent = [name for name in strategies if name not in signals]
        proposals += [failed_signal(name, "gave no signal", ReasonCode.MALFORMED_SIGNAL) for name in silent]

        async def propose(_inputs: CycleInputs, _policy: Policy) -> list[ProposedSignal]:
            return proposals

        given = GivenInputs({} if market_data is None else market_data, account_snapshot or {})
        result = await self.run(propose, given=given)
        if result is None:
            raise StoreUnavailable("a cycle without a slot was taken for one decided already")
        return result.signals, result.decision

    async def run(
        self,
        propose: ProposeSignals,
        *,
        given: GivenInputs | None = None,
        load_errors: Mapping[str, str] | None = None,
        slot: str | None = None,
        request_id: str | None = None,
        now: datetime | None = None,
    ) -> CycleResult | None:
        """Run one cycle as `functions.services.orchestration.run_cycle.RunCycle.run` describes."""
        request = CycleRequest(
            tenant_id=self.tenant_id,
            uid=self.uid,
            propose=propose,
            policy_defaults=self.policy_defaults(),
            load_errors=load_errors or {},
            given=given,
            slot=slot,
            request_id=request_id,
            now=now,
        )
        result = await self._run_cycle.run(request)
        if result is not None:
            self.session_id = result.decision.session_id
        return result

    async def calculate_strategy_weights(
        self, strategies: Mapping[str, Any] | Iterable[str]
    ) -> dict[str, tuple[float, AgentMode]]:
        """
        Return each strategy's (weight, mode) as a cycle would find it now; nothing is stored.

        Raises
        ------
        StoreUnavailable
        """
        names = list(strategies)
        known = await self._known()
        standing = self._standings(names, known)
        return {name: (standing[name].weight, standing[name].state.mode) for name in names}

    async def fetch_strategy_performance(self, strategy_name: str) -> StrategyPerformanceMetrics:
        """
        Return a strategy's statistics over the policy's lookback.

        Raises
        ------
        StoreUnavailable
        """
        known = await self._known()
        returns = known.windows.rows([strategy_name], known.policy.performance_lookback_days)[0]
        return performance_metrics(strategy_name, returns, known.policy)

    async def log_shadow_trade(self, strategy_name: str, signal: Mapping[str, Any]) -> None:
        """
        Record a shadow signal that your own code follows on paper; doing it again changes nothing.

        A cycle on market data with prices does this by itself. A signal with ``qty`` and ``price`` is a fill of the
        shadow book and counts in the strategy's record; one without is a note.

        Raises
        ------
        StoreUnavailable
        """
        record_id, record = own_shadow_record(strategy_name, signal, self._clock.now())
        await asyncio.to_thread(self._store.write_shadow_record, self.tenant_id, record_id, record)

    def apply_systemic_risk_override(
        self, signals: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, dict[str, Any]], bool, str | None]:
        """
        Turn every BUY into HOLD when enough distinct strategies say SELL.

        Returns
        -------
        tuple
            The signals (copies), whether systemic risk was detected, and its details or None.
        """
        policy = Policy.from_sources(self.policy_defaults(), None)
        ruled = [_as_ruled(name, signal) for name, signal in signals.items()]
        ruled = SystemicSellsRule().apply(ruled, RiskContext(policy))
        risk = systemic_risk_of(ruled, policy)
        overridden = {signal.name: dict(signals[signal.name]) for signal in ruled}
        for signal in ruled:
            if signal.changes:
                overridden[signal.name] |= {
                    "action": str(signal.action),
                    "allocation": signal.allocation,
                    "confidence": signal.confidence,
                    "original_action": str(signal.proposed.action),
                    "override_reason": signal.changes[-1].detail,
                }
        return overridden, risk is not None, risk.details if risk else None

    def generate_agent_identity(self, strategy_name: str) -> AgentIdentity:
        """Return a fresh identity in the controller's current session."""
        return new_identity(self.tenant_id, strategy_name, self.session_id, self._clock.now(), self._ids.nonce)

    def enrich_signals_with_identity(self, signals: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return copies of signals stamped with fresh identities of a new session."""
        self.session_id = self._new_session_id()
        return {name: {**signal, **_stamp(self.generate_agent_identity(name))} for name, signal in signals.items()}

    def _new_session_id(self) -> str:
        return session_id_of(self._clock.now(), self._ids.nonce())

    async def _known(self) -> Known:
        return await asyncio.to_thread(self._run_cycle.known_state, self.tenant_id, self.uid, self.policy_defaults())

    def _standings(self, names: list[str], known: Known) -> dict[str, Standing]:
        return standings(
            names, known.windows, known.modes, known.policy, self._clock.now(), is_readable=known.is_readable
        )


def _stamp(identity: AgentIdentity) -> dict[str, str]:
    stamp = asdict(identity)
    stamp["identity_timestamp"] = stamp.pop("timestamp")
    del stamp["strategy_name"]
    return stamp


def _as_ruled(name: str, signal: Mapping[str, Any]) -> RuledSignal:
    """Read just enough of a raw signal for the systemic rule; an unknown action counts as HOLD."""
    try:
        action = Action.HOLD if signal.get("error") else parse_action(signal.get("action"))
    except SignalError:
        action = Action.HOLD
    mode = AgentMode.DISABLED if signal.get("mode") == AgentMode.DISABLED else AgentMode.ACTIVE
    return RuledSignal(ProposedSignal(name, action), mode, 1.0, action, 0.0, 0.0)
