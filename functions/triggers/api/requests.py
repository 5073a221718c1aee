"""What clients send, validated where it enters."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from functions.domain.kernel.policy import TRADING_STATE_FIELDS, TradingState, setting_schemas
from functions.domain.orchestration.inputs import MAX_POSITIONS, MAX_SYMBOLS

MAX_HOURS = 168
MAX_PAGE = 100
MAX_CURVE_DAYS = 500
_MAX_USD = 1e15
_NO_OTHER_KEYS: dict[str, Any] = {"additionalProperties": False}
"""By default JSON Schema allows keys that match no pattern."""
_EPOCH, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


def _utc(value: datetime) -> datetime:
    try:
        at = value.astimezone(UTC)
    except OverflowError:
        at = _LATEST
    if not _EPOCH <= at < _LATEST:
        raise ValueError("must be a time from 1970 to 9997")
    return at


Time = Annotated[AwareDatetime, AfterValidator(_utc), Field(examples=["2026-01-05T15:00:00Z"])]
"""With its zone; normalised to UTC."""


def _or_text(pattern: str, example: str, **number: Any) -> tuple[BeforeValidator, WithJsonSchema]:
    """Accept a number as text, as brokers' APIs write figures: with any number of decimals, rounded to float64."""

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be a number, or text such as {example}")
        return float(value)

    text = {"type": "string", "pattern": f"^({pattern})$", "examples": [example]}
    return BeforeValidator(read), WithJsonSchema({"anyOf": [{"type": "number", **number}, text]})


_DECIMALS = r"(\.[0-9]+)?([eE]-[0-9]{1,3})?"
_ABOVE_0 = r"(0*[1-9][0-9]{0,14}(\.[0-9]+)?|0+\.[0-9]*[1-9][0-9]*)([eE]-[0-9]{1,2})?"
_any_usd = _or_text(rf"-?[0-9]{{1,15}}{_DECIMALS}", "-12.3456789012", minimum=-_MAX_USD, maximum=_MAX_USD)
_above_0 = _or_text(_ABOVE_0, "187.6543210987", exclusiveMinimum=0, maximum=_MAX_USD)
_cost = _or_text(rf"[0-9]{{1,15}}{_DECIMALS}", "0.35", minimum=0, maximum=_MAX_USD)
Usd = Annotated[float, Field(strict=True, ge=-_MAX_USD, le=_MAX_USD), *_any_usd]
PositiveUsd = Annotated[float, Field(strict=True, gt=0, le=_MAX_USD), *_above_0]
Cost = Annotated[float, Field(strict=True, ge=0, le=_MAX_USD), *_cost]
Flag = Annotated[bool, Field(strict=True)]
Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9^][A-Za-z0-9._/:^=-]{0,31}$", examples=["AAPL"])]
StrategyId = Annotated[
    str, Field(pattern=r"^_?[^_/\x00-\x1f\x7f][^/\x00-\x1f\x7f]{0,126}$", examples=["MomentumStrategy"])
]
Label = Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,128}$")]
Nonce = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["0f" * 16])]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Whole = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
Scalar = Flag | Whole | Annotated[float, Field(strict=True)] | Annotated[str, Field(max_length=1000)] | None
DocumentId = Annotated[str, Field(pattern=r"^_?[^_./\x00-\x1f\x7f][^/\x00-\x1f\x7f]{0,254}$")]


class Request(BaseModel):
    """Base of all requests: unknown fields, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Quote(Request):
    """One symbol."""

    price: PositiveUsd = Field(description="Last price, USD, of the session that had last opened at `as_of`.")
    volume: Cost | None = Field(default=None, description="Units traded.")
    history: list[PositiveUsd] | None = Field(
        default=None,
        max_length=2000,
        description=(
            "Daily closes of the sessions before that of `price`, oldest first, USD; or, for all symbols alike, with "
            "`price` itself as the last one."
        ),
    )


class MarketData(Request):
    """Everything strategies see of the market."""

    as_of: Time
    symbols: dict[Symbol, Quote] = Field(min_length=1, max_length=MAX_SYMBOLS, json_schema_extra=_NO_OTHER_KEYS)


class AccountSnapshot(Request):
    """The account as the broker reports it."""

    as_of: Time
    equity: Usd | None = Field(
        default=None, description="USD; negative: everything is lost. Null: unknown, so breakers ignore it."
    )
    buying_power: Usd | None = Field(
        default=None,
        description="What may be spent, USD; negative, as in a margin call: nothing. Null: unknown, so nothing.",
    )
    cash: Usd | None = None
    ledger_version: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=2**53,
        description="From the last answer of this API before you asked the broker: the figures include fills up to it.",
    )
    positions: list[Annotated[dict[FieldName, Scalar], Field(json_schema_extra=_NO_OTHER_KEYS)]] = Field(
        default_factory=list,
        max_length=MAX_POSITIONS,
        description="`symbol`, `qty`, and `strategy_id` if the position belongs to one strategy.",
        examples=[[{"symbol": "AAPL", "qty": 10.0, "strategy_id": "MomentumStrategy"}]],
    )


class TradingStateChange(Request):
    """The kill switch."""

    state: TradingState = Field(description="HALT and REDUCE_ONLY let only exits pass.")
    reason: str = Field(min_length=1, max_length=500, description="Why, for whoever is on call at 3 a.m.")
    until: Time | None = Field(default=None, description="When it returns to RUN by itself.")


_SETTINGS: dict[str, Any] = {
    name: (Annotated[Any, WithJsonSchema(dict(schema))], None)
    for name, schema in setting_schemas().items()
    if name not in TRADING_STATE_FIELDS
}
_Settings: Any = create_model("_Settings", __base__=Request, **_SETTINGS)


def _as_documented(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    for setting in schema["properties"].values():
        del setting["default"]  # the policy's default, which GET policy shows


class PolicyChange(_Settings):  # type: ignore[misc]  # its fields are the policy's
    """Everything the tenant sets; what is left out takes its default."""

    # Unknown fields are left to the policy's own rules, which report them together with all other problems.
    model_config = ConfigDict(extra="allow", json_schema_extra=_as_documented)


class NoncePath(Request):
    """Which signal."""

    nonce: Nonce


class SessionPath(Request):
    """Which decision."""

    session_id: DocumentId


class AlertPath(Request):
    """Which alert."""

    alert_id: DocumentId


class DatePath(Request):
    """Which day."""

    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-01-05"])]


class StrategyPath(Request):
    """Which strategy."""

    strategy_id: StrategyId


class CurveQuery(Request):
    """How much of a record."""

    days: Annotated[int, Field(ge=1, le=MAX_CURVE_DAYS)] = 250


class IdempotencyHeader(BaseModel):
    """A key that the client chooses: the same request with the same key gets the first answer again."""

    idempotency_key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,128}$")] | None = Field(
        default=None,
        alias="Idempotency-Key",
        description="The same request with the same key gets the first answer again.",
    )


class PolicyHeader(IdempotencyHeader):
    """The version that the change applies to."""

    if_match: Annotated[str, Field(pattern=r'^"[0-9]{1,9}"$')] | None = Field(
        default=None, alias="If-Match", description='The ETag that GET policy gave, like `"3"`.'
    )


class ChangeQuery(Request):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Why, in your words; the policy's history keeps it."
    )


class PageQuery(Request):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20
    page_token: DocumentId | None = Field(default=None, description="`next_page_token` of the previous page.")


class PerformanceQuery(PageQuery):
    """Which performance."""

    period: Literal["day", "month"] = "month"
    strategy_id: StrategyId | None = None


class AlertQuery(PageQuery):
    """Which alerts."""

    state: Literal["OPEN", "ACKNOWLEDGED", "RESOLVED"] | None = None


class HistoryQuery(Request):
    """Which changes."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20
    before: Annotated[int, Field(ge=1, le=2**31)] | None = Field(
        default=None, description="Only versions below this one."
    )


class ExplanationQuery(Request):
    """Which signal."""

    strategy_id: StrategyId
    at: Time | None = Field(
        default=None, description="Explain the decision in force at this time; by default the latest."
    )


class HoursQuery(Request):
    """How far back."""

    hours: Annotated[int, Field(ge=1, le=MAX_HOURS)] = 24
