"""Routes for a tenant's connections: to its broker, and to notification channels."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, g

from functions.domain.access.roles import Role
from functions.triggers.api import admin_answers, admin_requests
from functions.triggers.api.admission import rationed
from functions.triggers.api.authorisation import needs
from functions.triggers.api.dependencies import services
from functions.triggers.api.requests import IdempotencyHeader
from functions.triggers.api.responses import as_json, responses_of
from functions.triggers.api.routes import routes

admin = routes("admin")


@admin.get("/broker", responses=responses_of(admin_answers.Broker))
@needs(Role.VIEWER)
def get_broker() -> Response:
    """Show the connection to the tenant's broker, its last feed, and what needs attention; never the keys."""
    return as_json(admin_answers.Broker.of(services().connections.read(g.principal.tenant_id).value))


@admin.get("/channels", responses=responses_of(admin_answers.ShownChannels))
@needs(Role.ADMIN)
def list_channels() -> Response:
    """List the channels of notifications; of each address only the host is shown, because the rest is a secret."""
    found = services().try_channel.channels(g.principal.tenant_id)
    return as_json(admin_answers.ShownChannels(items=[admin_answers.ShownChannel(**asdict(one)) for one in found]))


@admin.post("/channels/<channel_id>/tests", responses=responses_of(admin_answers.ChannelTest, 404, 409))
@needs(Role.ADMIN)
@rationed
def test_channel(path: admin_requests.ChannelPath, header: IdempotencyHeader) -> Response:
    """
    Send a test to a channel, regardless of its rules; a channel that is switched off gets none.

    The test is queued: get it later to see its outcome.
    """
    who = g.principal
    trial = services().try_channel.run(who.tenant_id, path.channel_id, who.uid, header.idempotency_key)
    return as_json(admin_answers.ChannelTest(**asdict(trial)))


@admin.get("/channels/<channel_id>/tests/<test_id>", responses=responses_of(admin_answers.ChannelTest))
@needs(Role.ADMIN)
def get_channel_test(path: admin_requests.ChannelTestPath) -> Response:
    """Get the outcome of a test: QUEUED before the first attempt, or if there was no such test."""
    trial = services().try_channel.trial(g.principal.tenant_id, path.channel_id, path.test_id)
    return as_json(admin_answers.ChannelTest(**asdict(trial)))
