"""Write docs/openapi.json, as the running function serves it, and docs/api-reference.md, the same for people."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from functions.triggers.api.app import build_app
from tools.api_reference import REFERENCE, reference, roles_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def openapi_text() -> str:
    return json.dumps(build_app().api_doc, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def reference_text() -> str:
    return reference(json.loads(openapi_text()), roles_of(build_app()))


def main() -> int:
    for path, text in ((DOCUMENT, openapi_text()), (REFERENCE, reference_text())):
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
