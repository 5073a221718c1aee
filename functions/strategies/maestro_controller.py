"""The façade for users: thresholds to tune, and orchestration of any set of signals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import fields
from datetime import datetime
from typing import Any

from google.cloud.firestore import Client

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import StoreUnavailable
from functions.domain.kernel.parsing import check_document_id
from functions.domain.kernel.policy import Policy, document_name
from functions.domain.orchestration.decision import AllocationDecision, MaestroDecision
from functions.domain.orchestration.given_signals import override_systemic_buys, read_given
from functions.domain.orchestration.identity import AgentIdentity
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.domain.track_record.metrics import StrategyPerformanceMetrics
from functions.sandbox.find_strategies import sample_names
from functions.services.kernel.idempotency import RequestKey
from functions.services.monitoring.summarise_decision import INLINE_SECONDS
from functions.services.orchestration.begun_loading import Load
from functions.services.orchestration.cycle_request import CycleRequest, CycleResult, GivenInputs, ProposeSignals
from functions.strategies import wiring

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
    sample_strategies: Collection[str] = _DEFAULTS.sample_strategies

    def __init__(self, db: Client, tenant_id: str = "default", uid: str | None = None) -> None:
        check_document_id("tenant_id", tenant_id)
        if uid is not None:
            check_document_id("uid", uid)
        self.tenant_id = tenant_id
        self.uid = uid
        self._db = db
        self._run_cycle = wiring.run_cycle(db)
        self._outside = wiring.outside_cycles(db)
        self.session_id = self._outside.new_session_id()
        logger.info("MaestroController initialized: tenant=%s, uid=%s", tenant_id, uid, extra={"tenant": tenant_id})

    @classmethod
    def policy_defaults(cls) -> dict[str, Any]:
        """Return the defaults for tenants' documents: class attributes, and the deployment's market."""
        return {"market": wiring.deployed_market(), **cls.class_settings()}

    @classmethod
    def class_settings(cls) -> dict[str, Any]:
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
            Each strategy's proposal, by strategy name.
        strategies : mapping or iterable of names
            All strategies; one without a signal holds. Samples are recognised by the strategies, not by names.
        market_data, account_snapshot : mapping, optional
            The inputs of the signals; an ``as_of`` in them is checked, and buying power determines notionals.
        """
        proposals = read_given(signals, strategies)

        async def propose(_inputs: CycleInputs, _policy: Policy) -> list[ProposedSignal]:
            return proposals

        given = GivenInputs({} if market_data is None else market_data, account_snapshot or {})
        result = await self.run(propose, given=given, samples=sample_names(strategies))
        if result is None:
            raise StoreUnavailable("a cycle without a slot was taken for an already decided one")
        return result.signals, result.decision

    async def run(
        self,
        propose: ProposeSignals,
        *,
        given: GivenInputs | None = None,
        load: Load | None = None,
        samples: Set[str] = frozenset(),
        slot: str | None = None,
        key: RequestKey | None = None,
        now: datetime | None = None,
    ) -> CycleResult | None:
        """Run one cycle as `functions.services.orchestration.run_cycle.RunCycle.run` describes."""
        request = CycleRequest(
            tenant_id=self.tenant_id,
            uid=self.uid,
            propose=propose,
            policy_defaults=self.policy_defaults(),
            samples=samples,
            load=load,
            given=given,
            slot=slot,
            key=key,
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
        return await self.weights_of(list(strategies), sample_names(strategies))

    async def weights_of(self, names: Sequence[str], samples: Set[str]) -> dict[str, tuple[float, AgentMode]]:
        """Like `calculate_strategy_weights`, for strategies that are not objects in this program."""
        defaults = self.policy_defaults()
        return await asyncio.to_thread(self._outside.weights, self.tenant_id, self.uid, names, samples, defaults)

    async def fetch_strategy_performance(self, strategy_name: str) -> StrategyPerformanceMetrics:
        """
        Return a strategy's statistics over the policy's lookback.

        Raises
        ------
        StoreUnavailable
        """
        defaults = self.policy_defaults()
        return await asyncio.to_thread(self._outside.performance, self.tenant_id, self.uid, strategy_name, defaults)

    async def log_shadow_trade(self, strategy_name: str, signal: Mapping[str, Any]) -> None:
        """
        Record a shadow signal that your own code trades on paper; repeating it changes nothing.

        A cycle on market data with prices does this by itself. A signal with ``qty`` and ``price`` is a fill of the
        shadow book and counts in the strategy's record; one without is a note.

        Raises
        ------
        StoreUnavailable
        """
        await asyncio.to_thread(self._outside.log_shadow_trade, self.tenant_id, strategy_name, signal)

    async def generate_ai_summary(self, decision: MaestroDecision, *, deadline_seconds: float = INLINE_SECONDS) -> str:
        """
        Return the model's summary of a decision, or the decision's own text, with one warning if the model failed.

        A model is used if ``AI_SUMMARIES`` is ``on`` in the environment, and only once: the logged decision keeps its
        answer.

        Parameters
        ----------
        decision : MaestroDecision
        deadline_seconds : float
            How long to wait for it at most; the first call of a process additionally imports the model's client.
        """
        summarise = await asyncio.to_thread(wiring.inline_summaries, self._db, deadline_seconds)
        if summarise is None:
            return decision.ai_summary
        return (await summarise.run_within(deadline_seconds, decision)).ai_summary

    def apply_systemic_risk_override(
        self, signals: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, dict[str, Any]], bool, str | None]:
        """
        Turn every BUY into HOLD if enough distinct strategies SELL.

        Returns
        -------
        tuple
            The signals (copies), whether systemic risk was detected, and its details or None.
        """
        policy = Policy.from_sources(self.policy_defaults(), None)
        overridden, risk = override_systemic_buys(signals, policy)
        return overridden, risk is not None, risk.details if risk else None

    def generate_agent_identity(self, strategy_name: str) -> AgentIdentity:
        """Return a fresh identity in the controller's current session."""
        return self._outside.new_identity(self.tenant_id, strategy_name, self.session_id)

    def enrich_signals_with_identity(self, signals: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return copies of signals stamped with fresh identities of a new session."""
        self.session_id = self._outside.new_session_id()
        return {name: {**signal, **self.generate_agent_identity(name).stamp()} for name, signal in signals.items()}
