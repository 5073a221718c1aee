"""Run a document's Python blocks as written."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Block:
    """One Python block of a document."""

    page: Path
    line: int
    """Of the document, where the code begins."""
    code: str


def blocks(page: Path) -> list[Block]:
    """Return every Python block of a document, in order."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"```python\n(.*?)```", text, re.DOTALL)
    return [Block(page, text[: one.start(1)].count("\n"), one[1]) for one in found]


def run_blocks(found: Sequence[Block], names: dict[str, Any], check: Callable[[Block], None] = lambda _: None) -> None:
    """Run blocks in one namespace and one event loop; ``check`` is called after each."""

    async def run() -> None:
        for block in found:
            await run_block(block, names)
            check(block)

    asyncio.run(run())


async def run_block(block: Block, names: dict[str, Any]) -> None:
    """Run one block, which may await at its top level."""
    padded = "\n" * block.line + block.code  # a traceback then names the document's own line
    done = eval(compile(padded, str(block.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.iscoroutine(done):
        await done
