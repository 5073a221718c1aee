"""What an order and those that replaced it come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.domain.broker.orders import BrokerOrder, OrderState, whole

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def order(order_id: str, **changed: Any) -> BrokerOrder:
    fields: dict[str, Any] = {
        "order_id": order_id,
        "client_order_id": f"of {order_id}",
        "symbol": "SPY",
        "side": "buy",
        "qty": 10.0,
        "state": OrderState.OPEN,
        "filled_qty": 0.0,
        "filled_price": None,
        "submitted_at": AT,
        "updated_at": AT,
        "replaces": None,
        "replaced_by": None,
    }
    return BrokerOrder(**fields | changed)


def replaced(**changed: Any) -> BrokerOrder:
    return order("1", **{"state": OrderState.REPLACED, "replaced_by": "2", **changed})


def test_an_order_alone_is_itself() -> None:
    alone = order("1", filled_qty=4.0, filled_price=450.0)
    assert whole([alone]) is alone


def test_four_filled_before_and_six_after_are_ten_at_what_was_paid() -> None:
    last = order("2", qty=6.0, state=OrderState.FILLED, filled_qty=6.0, filled_price=460.0, replaces="1")
    both = whole([replaced(filled_qty=4.0, filled_price=450.0), last])
    assert (both.order_id, both.client_order_id) == ("1", "of 1")
    assert (both.state, both.is_done, both.qty, both.filled_qty) == (OrderState.FILLED, True, 10.0, 10.0)
    assert both.filled_price == pytest.approx((4 * 450 + 6 * 460) / 10)


def test_what_is_replaced_is_not_done_while_its_replacement_is_open() -> None:
    both = whole([replaced(filled_qty=4.0, filled_price=450.0), order("2", qty=6.0, replaces="1")])
    assert (both.state, both.is_done, both.filled_qty) == (OrderState.PARTIALLY_FILLED, False, 4.0)
    nothing_yet = whole([replaced(), order("2", replaces="1")])
    assert (nothing_yet.state, nothing_yet.filled_price) == (OrderState.OPEN, None)


def test_an_average_of_which_a_part_is_unknown_is_unknown() -> None:
    last = order("2", qty=6.0, state=OrderState.FILLED, filled_qty=6.0, filled_price=None, replaces="1")
    both = whole([replaced(filled_qty=4.0, filled_price=450.0), last])
    assert (both.filled_qty, both.filled_price) == (10.0, None)


def test_it_changed_when_any_of_them_did() -> None:
    late = replaced(updated_at=AT + timedelta(seconds=9))
    assert whole([late, order("2", replaces="1")]).updated_at == late.updated_at


@pytest.mark.parametrize("state", list(OrderState))
def test_only_what_may_still_fill_is_not_done(state: OrderState) -> None:
    assert order("1", state=state).is_done == (state not in {OrderState.OPEN, OrderState.PARTIALLY_FILLED})
