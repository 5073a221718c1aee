"""How the API's routes are made."""

from __future__ import annotations

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag


def routes(name: str) -> APIBlueprint:
    """Return an empty group of ``/v1`` routes that require an ID token; operations are named after their functions."""
    return APIBlueprint(
        name,
        __name__,
        url_prefix="/v1",
        abp_tags=[Tag(name=name)],
        abp_security=[{"firebase": []}],
        operation_id_callback=lambda **named: named["name"],
    )
