"""The paths of routes for notification channels, validated where they enter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.triggers.api.requests import Request


class ChannelPath(Request):
    """A channel."""

    channel_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$", max_length=64, examples=["ops"])]


class ChannelTestPath(ChannelPath):
    """A channel, and a test sent to it."""

    test_id: Annotated[str, Field(pattern=r"^test-[0-9a-f]{32}$")]
