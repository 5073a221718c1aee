"""The HTTPS function: hands requests to the Flask application."""

from __future__ import annotations

from collections.abc import Mapping

from firebase_functions import https_fn
from flask import Request, Response, current_app, has_app_context
from flask import request as flask_request
from werkzeug.exceptions import HTTPException

from functions.settings import API_MIN_INSTANCES
from functions.triggers.serving import SERVING


@https_fn.on_request(timeout_sec=120, cpu=1, min_instances=API_MIN_INSTANCES, **SERVING["api"].options())
def api(request: Request) -> Response:
    """Answer a request; see ``docs/openapi.json``."""
    from functions.triggers.api.wsgi import application  # noqa: PLC0415 - pydantic's import is for this function only

    app = application()
    with app.request_context(request.environ):
        return app.full_dispatch_request()


def answer_every_path(environment: Mapping[str, str]) -> None:
    """
    Let the API answer paths that functions-framework does not route: the framework would answer or redirect in HTML.

    This applies only where the framework loads `functions.main` to serve this function.

    Parameters
    ----------
    environment : mapping
        The process's environment.
    """
    if environment.get("FUNCTION_TARGET") != "api" or not has_app_context():
        return
    framework = current_app
    framework.url_map.merge_slashes = False
    framework.register_error_handler(HTTPException, lambda _: api(flask_request))
