"""The HTTPS function: hands requests to the Flask application."""

from __future__ import annotations

from firebase_functions import https_fn
from flask import Request, Response

from functions.settings import API_MIN_INSTANCES
from functions.triggers.serving import SERVING


@https_fn.on_request(timeout_sec=120, cpu=1, min_instances=API_MIN_INSTANCES, **SERVING["api"].options())
def api(request: Request) -> Response:
    """Answer a request; see ``docs/openapi.json``."""
    from functions.triggers.api.wsgi import application  # noqa: PLC0415 - pydantic's import is for this function only

    app = application()
    with app.request_context(request.environ):
        return app.full_dispatch_request()
