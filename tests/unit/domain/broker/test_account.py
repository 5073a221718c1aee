"""What an account's figures tell of the broker's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from functions.domain.broker.account import BrokerAccount

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def account(broker_time: datetime | None) -> BrokerAccount:
    unknown = dict.fromkeys(("equity", "buying_power", "cash"))
    return BrokerAccount(
        account_id="1",
        account_number=None,
        is_live=False,
        is_blocked=None,
        as_of=AT,
        broker_time=broker_time,
        **unknown,
    )


def test_a_broker_whose_clock_is_off_shows() -> None:
    assert account(AT + timedelta(minutes=7)).clock_difference == timedelta(minutes=7)


def test_a_broker_that_names_no_time_may_be_right_or_wrong() -> None:
    assert account(None).clock_difference is None
