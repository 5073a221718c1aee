"""What docs/openapi.json holds, as the running function serves it, and docs/api-reference.md, the same for people."""

from __future__ import annotations

import json
from pathlib import Path

from functions.triggers.api.app import build_app
from tools.api_reference import reference, roles_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def openapi_text() -> str:
    return json.dumps(build_app().api_doc, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def reference_text() -> str:
    return reference(json.loads(openapi_text()), roles_of(build_app()))
