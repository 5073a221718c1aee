"""Write into the documents what programs know and print; `tools/docs/pages.py` says what is written where."""

from __future__ import annotations

import argparse
import sys

from tools.docs.pages import pages
from tools.docs.printed import PROGRAMS, taken
from tools.docs.sections import DocumentError


def main(arguments: list[str] | None = None) -> int:
    """Write what changed, or with ``--check`` name it and return 1."""
    parser = argparse.ArgumentParser(prog="make docs ARGS=…", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a document is stale")
    told = "run this first, which takes minutes, and show what it prints: " + ", ".join(PROGRAMS)
    parser.add_argument("programs", nargs="*", choices=[[], *PROGRAMS], metavar="PROGRAM", help=told)
    given = parser.parse_args(arguments)
    try:
        parts = {name: part for program in given.programs for name, part in taken(program).items()}
        stale = [page for page in pages(parts) if page.is_stale]
    except DocumentError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    for page in stale:
        if not given.check:
            page.write()
        print(f"stale: make docs (writes {page.name})" if given.check else f"wrote {page.name}")
    return int(given.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
