"""The reason codes, as their own module explains them."""

from __future__ import annotations

import ast
from pathlib import Path

from functions.domain.kernel import reasons
from functions.domain.kernel.reasons import ReasonCode
from functions.triggers.api.problems import STATUS
from tools.docs.sections import DocumentError, table


def reason_codes() -> str:
    """Return a table of all reason codes: where they come from, the API's status, and what they mean."""
    rows = []
    for code, (group, meaning) in explained().items():
        status = str(int(STATUS[ReasonCode(code)])) if code in STATUS else ""
        rows.append([f"`{code}`", group, status, meaning])
    return table(["reason code", "where", "HTTP", "what it means"], rows)


def explained() -> dict[str, tuple[str, str]]:
    """Return section and meaning of every code: the comment above it, and the text below it, in the source."""
    source = Path(reasons.__file__).read_text(encoding="utf-8")
    comments = {at: line.strip(" #\n") for at, line in enumerate(source.splitlines(), 1) if line.startswith("    # ")}
    (kind,) = [one for one in ast.parse(source).body if isinstance(one, ast.ClassDef)]
    texts = {one.lineno: _text(one.value) for one in kind.body if isinstance(one, ast.Expr)}
    found = {}
    for one in kind.body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            name = one.targets[0].id
            text = texts.get((one.end_lineno or one.lineno) + 1)
            group = [comment for at, comment in comments.items() if at < one.lineno][-1:]
            if text is None or not group:
                raise DocumentError(f"functions/domain/kernel/reasons.py: {name} lacks its meaning, or its section")
            found[name] = (group[0].lower(), " ".join(text.replace("``", "`").split()).removesuffix("."))
    return found


def _text(value: ast.expr) -> str | None:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
