"""Read-only routes: decisions, summaries, performance, alerts and reports; and acknowledging an alert."""

from __future__ import annotations

import math
from datetime import timedelta

from flask import Response, g

from functions.domain.access.roles import Role
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.track_record.curves import Curve
from functions.domain.track_record.session_returns import Figures
from functions.services.monitoring.explain_trade import explain_trade
from functions.services.monitoring.logged_decisions import read_counted
from functions.services.monitoring.show_books import all_reserved, curves_of, open_positions
from functions.services.monitoring.show_positions import positions_now
from functions.triggers.api import record_answers, requests
from functions.triggers.api.authorisation import needs
from functions.triggers.api.dependencies import services
from functions.triggers.api.responses import as_json, responses_of, told
from functions.triggers.api.routes import routes

records = routes("records")


@records.get("/decisions", responses=responses_of(record_answers.Decisions))
@needs(Role.VIEWER)
def list_decisions(query: requests.PageQuery) -> Response:
    """List decisions, newest first."""
    page = services().records.decisions(g.principal.tenant_id, query.limit, query.page_token)
    items = [told(record_answers.Decision, document) for _, document in page.items]
    return as_json(record_answers.Decisions(items=items, next_page_token=page.next_page_token))


@records.get("/decisions/<session_id>", responses=responses_of(record_answers.Decision, 404))
@needs(Role.VIEWER)
def get_decision(path: requests.SessionPath) -> Response:
    """Get one decision in full."""
    document = services().records.decision(g.principal.tenant_id, path.session_id)
    if document is None:
        raise RefusedError(ReasonCode.NOT_FOUND, f"no decision has session_id {path.session_id}")
    return as_json(told(record_answers.Decision, document))


@records.get("/summary", responses=responses_of(record_answers.Summary))
@needs(Role.VIEWER)
def get_summary(query: requests.HoursQuery) -> Response:
    """Count decisions, risk events and modes of the last hours."""
    since = services().clock.now() - timedelta(hours=query.hours)
    counted = orchestration_summary(read_counted(services().records.decisions_since(g.principal.tenant_id, since)))
    return as_json(record_answers.Summary(**counted))


@records.get("/explanations", responses=responses_of(record_answers.Explanation, 404))
@needs(Role.VIEWER)
def get_explanation(query: requests.ExplanationQuery) -> Response:
    """Explain why a strategy did, or did not, trade: one decision, step by step."""
    at = query.at or services().clock.now()
    explanation = explain_trade(services().records, g.principal.tenant_id, query.strategy_id, at)
    return as_json(record_answers.Explanation.model_validate(explanation))


@records.get("/performance", responses=responses_of(record_answers.Performances))
@needs(Role.VIEWER)
def list_performance(query: requests.PerformanceQuery) -> Response:
    """List performance by day or month, newest first."""
    filters = {"period": str(query.period)}
    if query.strategy_id is not None:
        filters["strategy_id"] = query.strategy_id
    page = services().records.performance(g.principal.tenant_id, filters, query.limit, query.page_token)
    items = [told(record_answers.Performance, document, id=key) for key, document in page.items]
    return as_json(record_answers.Performances(items=items, next_page_token=page.next_page_token))


@records.get("/strategies/<strategy_id>/curve", responses=responses_of(record_answers.StrategyCurve, 404))
@needs(Role.VIEWER)
def get_strategy_curve(path: requests.StrategyPath, query: requests.CurveQuery) -> Response:
    """Get a strategy's equity, drawdown, rolling Sharpe ratio and mode by day, live and on paper."""
    tenant_id, strategy_id = g.principal.tenant_id, path.strategy_id
    policy = services().policy_of(tenant_id)
    curves = curves_of(services().records, tenant_id, strategy_id, query.days, policy)
    return as_json(
        record_answers.StrategyCurve(
            strategy_id=strategy_id,
            lookback_days=policy.performance_lookback_days,
            thresholds=record_answers.Thresholds(
                reduce=policy.sharpe_threshold_reduce, shadow=policy.sharpe_threshold_shadow
            ),
            days=list(curves.days),
            live=_curve(curves.live),
            shadow=_curve(curves.shadow),
            sharpe=_known(curves.sharpe),
            book=list(curves.book),
            mode=list(curves.mode),
        )
    )


def _curve(curve: Curve) -> record_answers.Curve:
    return record_answers.Curve(
        return_fraction=_known(curve.return_fraction), equity=_known(curve.equity), drawdown=_known(curve.drawdown)
    )


def _known(figures: Figures) -> list[float | None]:
    """Return figures as JSON can hold them: without NaN."""
    return [value if math.isfinite(value) else None for value in figures.tolist()]


@records.get("/lots", responses=responses_of(record_answers.OpenPositions))
@needs(Role.VIEWER)
def list_lots() -> Response:
    """
    List open lots by user, strategy and symbol, as of the last nightly snapshot.

    For what strategies hold at this moment, get positions.
    """
    return as_json(
        record_answers.OpenPositions.model_validate(open_positions(services().ledger, g.principal.tenant_id))
    )


@records.get("/positions", responses=responses_of(record_answers.LivePositions))
@needs(Role.VIEWER)
def list_positions() -> Response:
    """
    List what every strategy holds live now, and its orders under way, by the position book.

    Every fill updates it at once. For positions on paper, and positions by user, as of the last nightly snapshot, get
    lots.
    """
    found = positions_now(services().records, g.principal.tenant_id, services().clock.now())
    return as_json(record_answers.LivePositions.model_validate(found))


@records.get("/reservations", responses=responses_of(record_answers.AllReserved))
@needs(Role.VIEWER)
def list_reservations() -> Response:
    """List the buying power that redeemed signals hold now."""
    reserved = all_reserved(services().trading, g.principal.tenant_id, services().clock.now())
    return as_json(record_answers.AllReserved.model_validate(reserved))


@records.get("/alerts", responses=responses_of(record_answers.Alerts))
@needs(Role.VIEWER)
def list_alerts(query: requests.AlertQuery) -> Response:
    """List alerts, newest first."""
    page = services().records.alerts(g.principal.tenant_id, query.state, query.limit, query.page_token)
    items = [told(record_answers.Alert, document, id=key) for key, document in page.items]
    return as_json(record_answers.Alerts(items=items, next_page_token=page.next_page_token))


@records.post("/alerts/<alert_id>/ack", responses=responses_of(record_answers.Alert, 404))
@needs(Role.TRADER)
def acknowledge_alert(path: requests.AlertPath) -> Response:
    """Acknowledge an alert; repeating it changes nothing."""
    who = g.principal
    alert = services().acknowledge_alert.run(who.tenant_id, path.alert_id, who.uid)
    return as_json(told(record_answers.Alert, alert, id=path.alert_id))


@records.get("/reports/<date>", responses=responses_of(record_answers.Report, 404))
@needs(Role.VIEWER)
def get_report(path: requests.DatePath) -> Response:
    """Get a day's report."""
    document = services().records.report(g.principal.tenant_id, path.date)
    if document is None:
        raise RefusedError(ReasonCode.NOT_FOUND, f"there is no report for {path.date}")
    return as_json(told(record_answers.Report, document, date=path.date))
