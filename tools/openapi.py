"""Write the OpenAPI document of the API to docs/openapi.json, as the running function serves it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from functions.triggers.api.app import build_app

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def openapi_text() -> str:
    return json.dumps(build_app().api_doc, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    DOCUMENT.write_text(openapi_text(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
