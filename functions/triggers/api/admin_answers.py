"""What routes answer about a tenant's connections: to its broker, and to notification channels."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from functions.domain.broker.connection import BrokerConnection
from functions.triggers.api.answers import Answer


class Told(Answer):
    """Something from the broker that needs attention."""

    at: datetime
    text: str


class BrokerFeed(Answer):
    """How the last feed ended."""

    at: datetime
    status: str = Field(description="OK; BEHIND, with activities left to book; or FAILED.")
    detail: str
    booked: int = Field(description="Ledger entries that it added.")


class Broker(Answer):
    """
    The connection to the tenant's account at a broker.

    If there never was one, `status` is NONE, `told` is empty, and all else is null.
    """

    status: str = Field(description="CONNECTED, DISCONNECTED, or NONE if there never was a connection.")
    broker: str | None = None
    is_live: bool | None = Field(default=None, description="Whether the account holds real money.")
    account: str | None = Field(default=None, description="The last four digits of the account's number.")
    connected_at: datetime | None = None
    connected_by: str | None = None
    feed: BrokerFeed | None = None
    failing_since: datetime | None = None
    told: list[Told] = Field(default=[], description="Newest first, 20 at most.")

    @classmethod
    def of(cls, connection: BrokerConnection | None) -> Broker:
        """Return what members may see of a connection; None: there never was one."""
        if connection is None:
            return cls(status="NONE")
        feed = connection.feed
        return cls(
            status=str(connection.status),
            broker=connection.broker,
            is_live=connection.is_live,
            account=connection.masked_account,
            connected_at=connection.connected_at,
            connected_by=connection.connected_by,
            feed=None if feed is None else BrokerFeed.model_validate(feed),
            failing_since=connection.failing_since,
            told=[Told(at=one["at"], text=str(one["text"])) for one in reversed(connection.told)],
        )


class ShownChannel(Answer):
    """A channel without its secrets."""

    id: str
    type: str | None = Field(description="slack, discord, webhook or fcm; null if it is malformed.")
    host: str | None
    is_enabled: bool
    rules: list[str] = Field(description="As text; the first that matches decides.")
    problem: str | None = Field(description="Why it cannot be used.")


class ShownChannels(Answer):
    """Where notifications go."""

    items: list[ShownChannel]


class ChannelTest(Answer):
    """The outcome of a test."""

    channel_id: str
    test_id: str
    status: str = Field(description="QUEUED, PENDING (it will be retried), DELIVERED or DEAD.")
    attempts: int
    detail: str | None = Field(description="The last error.")
