"""Figures as brokers send them: numbers, or text of any number of decimals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.triggers.api.ledger_requests import Fill
from functions.triggers.api.requests import AccountSnapshot, MarketData, Quote

AS_OF = "2026-01-05T15:00:00Z"
FILL = {"strategy_id": "Trend", "symbol": "SPY", "side": "buy", "ts": AS_OF, "broker_fill_id": "b1"}


def account(**figures: Any) -> dict[str, Any]:
    read = AccountSnapshot.model_validate({"as_of": AS_OF, **figures})
    return read.model_dump(exclude_unset=True, exclude_none=True, exclude={"as_of"})


@pytest.mark.parametrize("figure", ["equity", "buying_power", "cash"])
@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (-1234.5, -1234.5),
        ("-1234.5", -1234.5),
        ("1000.123456789012", 1000.123456789012),
        ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
        ("0E-8", 0.0),
        (5, 5.0),
    ],
)
def test_an_accounts_figures_are_taken_as_they_are(figure: str, sent: Any, taken: float) -> None:
    assert account(**{figure: sent}) == {figure: taken}


def test_what_the_broker_does_not_say_stays_unknown() -> None:
    assert account(equity=None, buying_power=None, cash=None) == account() == {}


@pytest.mark.parametrize("sent", ["", "lots", "NaN", "1e3", "1,000", " 1", True, 2e15, "9999999999999999", []])
def test_what_is_no_amount_is_refused(sent: Any) -> None:
    for figure in ("equity", "buying_power", "cash"):
        with pytest.raises(ValidationError):
            AccountSnapshot.model_validate({"as_of": AS_OF, figure: sent})
    with pytest.raises(ValidationError):
        Quote.model_validate({"price": sent})


def test_prices_and_fills_may_be_text() -> None:
    quote = {"price": "187.650000000001", "volume": "0", "history": ["186.1", 187, "0.00000712", "7.12e-06"]}
    read = MarketData.model_validate({"as_of": AS_OF, "symbols": {"SPY": quote}}).symbols["SPY"]
    assert (read.price, read.volume) == (187.650000000001, 0.0)
    assert read.history == [186.1, 187.0, 0.00000712, 0.00000712]
    fill = Fill.model_validate({**FILL, "qty": "0.333333333333", "price": "450.10", "fees": "0.00", "slippage": "1E-7"})
    assert (fill.qty, fill.price, fill.fees, fill.slippage) == (0.333333333333, 450.1, 0.0, 1e-7)


@pytest.mark.parametrize("sent", ["0", "0.000", "-1", "00", "0e-3", f"0.{'0' * 400}1"])
def test_a_price_or_a_quantity_is_above_0(sent: str) -> None:
    with pytest.raises(ValidationError):
        Quote.model_validate({"price": sent})
    with pytest.raises(ValidationError):
        Fill.model_validate({**FILL, "qty": sent, "price": 1.0})


@given(st.decimals(min_value="0.000001", max_value="999999999999999", places=6))
def test_every_plain_decimal_above_0_is_a_price(value: Any) -> None:
    assert Quote.model_validate({"price": f"{value:f}"}).price == float(value)


@pytest.mark.parametrize("sent", ["ten", "", "1,000", "-1", 0, True])
def test_a_figure_that_is_wrong_is_one_error(sent: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Quote.model_validate({"price": sent})
    assert [one["loc"] for one in refused.value.errors()] == [("price",)]
