"""Whatever a route takes, what is no JSON is refused before any model sees it."""

from __future__ import annotations

from typing import Any

import pytest

from functions.domain.kernel.errors import RefusedError
from functions.triggers.api.app import build_app, check_body

APP = build_app()
ROUTES = [
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, operations in APP.api_doc["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
]


def test_there_are_routes_that_take_a_body() -> None:
    assert {("POST", "/v1/policy/preview"), ("POST", "/v1/fills"), ("PUT", "/v1/policy")} <= set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"data": "["}, "MALFORMED_JSON"),
        ({"data": "[" * 100_000}, "MALFORMED_JSON"),
        ({"data": '{"a": "\\ud800"}'}, "MALFORMED_JSON"),
        ({"data": "{}", "content_type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_what_is_no_json_is_refused(method: str, path: str, sent: dict[str, Any], refusal: str) -> None:
    request = APP.test_request_context(path, method=method, **{"content_type": "application/json", **sent})
    with request, pytest.raises(RefusedError) as refused:
        check_body()
    assert refused.value.reason_code == refusal
