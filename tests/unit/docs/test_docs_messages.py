"""Messages, reason codes and diagrams in the documents are those of the code."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest

from functions.domain.access.roles import Role
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import TradingState, setting_schemas
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.alerts import AlertKind, AlertState
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.risk_rules import RISK_RULES
from functions.domain.orchestration.signals import Action
from functions.domain.trading.redemption import RedemptionStatus
from functions.domain.trading.reported_fills import FillStatus
from functions.services.monitoring.deliver_notification import DeliveryStatus
from functions.services.monitoring.delivery_errors import DeliveryReason
from tools.prerequisites import ROOT

TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
IMPLEMENTATION = ROOT / "docs" / "MAESTRO_ORCHESTRATION_IMPLEMENTATION.md"
VISUAL = ROOT / "docs" / "MAESTRO_VISUAL_ARCHITECTURE.md"
QUICKSTART = ROOT / "functions" / "strategies" / "MAESTRO_QUICKSTART.md"
OURS = (TROUBLESHOOTING, IMPLEMENTATION, VISUAL, QUICKSTART)
ANY = "…"
"""Stands for a value, in documents and here."""
FEWEST_LETTERS = 10
"""Of a template that stands for a message with its values filled in: a bare "%s: %s" would stand for anything."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def tables(page: Path) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yield heads and rows of every table."""
    for found in re.finditer(r"^(\|.*\|)\n\|[-| ]+\|\n((?:\|.*\|\n?)+)", text_of(page), re.MULTILINE):
        yield cells(found[1]), [cells(row) for row in found[2].splitlines()]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_section_that_links_name_exists(page: Path) -> None:
    for target, section in re.findall(r"\]\(([^)#]*)#([^)]+)\)", text_of(page)):
        heads = re.findall(r"^#+ (.+)$", text_of((page.parent / target) if target else page), re.MULTILINE)
        assert section in [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads], target


# Messages


@cache
def templates() -> frozenset[str]:
    """Return every text of the source, with … where a value goes."""
    sources = [*(ROOT / "tools").rglob("*.py")]
    sources += [path for path in (ROOT / "functions").rglob("*.py") if "venv" not in path.parts]
    found = set()
    for path in sources:
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else ANY for part in node.values]
                found.add(plain("".join(map(str, parts))))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(plain(re.sub(r"%[-.\d]*[sdf]", ANY, node.value)))
    return frozenset(found)


def plain(text: str) -> str:
    """Return a message or template with single blanks, and one … where several values meet."""
    return re.sub("…+", ANY, " ".join(text.split()))


def is_in_the_source(message: str) -> bool:
    message = plain(message)
    if message in templates():
        return True
    limit = re.fullmatch(r"\S+ must be (.+), was …", message)
    if limit is not None:  # every InputError says its limit this way
        return limit[1] in templates()
    beginning = message.removesuffix(ANY).strip()
    return any(
        (message.endswith(ANY) and tells_enough(beginning) and template.startswith(beginning))
        or template.endswith(f"{ANY}; {message}")
        or (tells_enough(template) and pattern(template).fullmatch(message))
        for template in templates()
    )


def tells_enough(template: str) -> bool:
    return len(re.findall(r"[A-Za-z]", template)) >= FEWEST_LETTERS


@cache
def pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.{1,30})".join(map(re.escape, template.split(ANY))), re.DOTALL)


def documented_messages() -> list[str]:
    return [
        message
        for head, rows in tables(TROUBLESHOOTING)
        for row in rows
        for message in quoted(row[head.index("message or symptom")])
        if not re.fullmatch(r"[a-z_]+|[A-Z_]+(=\S+)?", message)  # names of fields and codes are looked up below
    ]


def test_the_page_quotes_messages() -> None:
    assert len(documented_messages()) > 80
    assert len(list(tables(TROUBLESHOOTING))) == 9


@pytest.mark.parametrize("message", documented_messages())
def test_every_message_in_troubleshooting_is_in_the_source(message: str) -> None:
    assert is_in_the_source(message)


def test_what_no_code_says_is_found_out() -> None:
    for made_up in ("Market shut at …: no cycles", "Strategy … is gone: …", "Maestro not initialised", "nothing: …"):
        assert not is_in_the_source(made_up), made_up


# Codes


def words(kinds: tuple[type[StrEnum], ...]) -> set[str]:
    return {str(word) for kind in kinds for word in kind}


CODES = words((ReasonCode, DeliveryReason, AlertKind))
OTHER_WORDS = words(
    (AgentMode, TradingState, Action, RedemptionStatus, AlertState, DeliveryStatus, FillStatus, Severity, Role)
)
JOB_WORDS = {"RUNNING", "DONE", "FAILED", "DECIDED"}


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_code_that_documents_name_exists(page: Path) -> None:
    known = CODES | OTHER_WORDS | JOB_WORDS | set(setting_schemas())
    named = {word for one in quoted(prose(page)) for word in re.findall(r"^[A-Z][A-Z_]{3,}$", one)}
    unknown = {word for word in named - known if not is_a_variable(word)}
    assert not unknown


def prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)


def is_a_variable(word: str) -> bool:
    """Tell whether the code, or Python itself, reads a parameter or a variable of this name."""
    return word in templates() or word == "PYTHONPATH"


def table_under(page: Path, first_head: str) -> list[list[str]]:
    (rows,) = [rows for head, rows in tables(page) if head[0] == first_head]
    return rows


def test_the_implementation_page_lists_the_rules_in_order() -> None:
    rows = table_under(IMPLEMENTATION, "rule, in order")
    assert [quoted(row[0])[0] for row in rows] == [type(rule).__name__ for rule in RISK_RULES]
    for row in rows:
        assert set(quoted(row[-1])) <= set(ReasonCode), row[0]


def test_the_implementation_page_says_what_fails_with_which_code() -> None:
    rows = table_under(IMPLEMENTATION, "what fails")
    assert len(rows) >= 15
    for row in rows:
        assert row[-1] == "none" or set(quoted(row[-1])) <= CODES, row[0]


# Diagrams

DIAGRAMS = ("flowchart", "sequenceDiagram", "stateDiagram-v2", "erDiagram", "classDiagram", "gantt", "timeline")
PAIRS = {"(": ")", "[": "]", "{": "}"}
SEQUENCE_BLOCKS = ("alt", "opt", "loop", "par", "critical", "break", "rect")


def diagrams() -> list[tuple[str, str]]:
    """Return (page, diagram) of every Mermaid block."""
    pages = [
        path
        for path in ROOT.rglob("*.md")
        if not {"node_modules", "venv", ".venv", ".setup", ".pytest_cache"} & {*path.parts}
    ]
    return [(page.name, one) for page in pages for one in re.findall(r"```mermaid\n(.*?)```", text_of(page), re.DOTALL)]


def test_there_are_diagrams_to_check() -> None:
    kinds = [diagram.split()[0] for name, diagram in diagrams() if name == VISUAL.name]
    assert len(kinds) >= 9
    assert {"flowchart", "sequenceDiagram", "stateDiagram-v2"} <= set(kinds)


@pytest.mark.parametrize(("page", "diagram"), diagrams(), ids=lambda text: text.split("\n")[0][:40])
def test_every_diagram_can_be_read(page: str, diagram: str) -> None:
    assert problems_of(diagram) == [], page


@pytest.mark.parametrize(
    "broken",
    [
        "flowchat LR\n a --> b",
        "flowchart LR\n a[open --> b",
        "flowchart LR\n subgraph one\n a --> b",
        "flowchart LR\n a -> b",
        "sequenceDiagram\n participant A\n A->>B: hello",
        "sequenceDiagram\n participant A\n participant B\n alt maybe\n A->>B: hello",
        "stateDiagram-v2\n A -> B",
    ],
)
def test_a_broken_diagram_is_found_out(broken: str) -> None:
    assert problems_of(broken)


def problems_of(diagram: str) -> list[str]:
    """Return what is wrong with a diagram, as far as a light look tells."""
    kind, *lines = [line.strip() for line in diagram.strip().splitlines() if line.strip()]
    if kind.split()[0] not in DIAGRAMS:
        return [f"{kind!r} is no diagram that is known here"]
    says = "" if kind.startswith("flowchart") else r"|:.*$"  # what follows a colon is text, whatever it is
    problems = [line for line in lines if not is_balanced(re.sub(rf'"[^"]*"|-\){says}', "", line))]
    opens = ("subgraph", *SEQUENCE_BLOCKS) if not kind.startswith("state") else ()
    depth = sum(line.split()[0] in opens for line in lines) - lines.count("end")
    problems += ["a block has no end"] if depth else []
    checks = {"flowchart": wrong_in_flowchart, "sequenceDiagram": wrong_in_sequence, "stateDiagram-v2": wrong_in_states}
    check = checks.get(kind.split()[0])
    return problems + (check(lines) if check else [])


def is_balanced(line: str) -> bool:
    """Tell whether brackets close in order, and no quote is left open."""
    closing: list[str] = []
    for one in line:
        if one in PAIRS:
            closing.append(PAIRS[one])
        elif one in PAIRS.values() and (not closing or closing.pop() != one):
            return False
    return not closing and '"' not in line


def wrong_in_flowchart(lines: list[str]) -> list[str]:
    node = r'\w+(?:[(\[{]+(?:"[^"]*"|[^"()\[\]{}]+)[)\]}]+)?'
    nodes = rf"{node}(?: & {node})*"
    edge = r'(?:-->|---|-\.->|==>|<-->)(?:\|[^|]+\|)?|-\. "[^"]+" \.->|-- "[^"]+" -->'
    allowed = rf"{nodes}(?: (?:{edge}) {nodes})*|subgraph .+|end|direction (?:LR|TB|RL|BT)|%%.*|class .+|classDef .+"
    return [line for line in lines if not re.fullmatch(allowed, line)]


def wrong_in_sequence(lines: list[str]) -> list[str]:
    declared = {found[1] for line in lines if (found := re.match(r"(?:participant|actor) (\w+)", line))}
    problems = []
    for line in lines:
        message = re.fullmatch(r"(\w+)(?:->>|-->>|-\)|--\)|-x|--x)[+-]?(\w+): .+", line)
        other = rf"(?:participant|actor|Note|{'|'.join(SEQUENCE_BLOCKS)}|else|and) .+|else|end|autonumber|%%.*"
        if message is None and not re.fullmatch(other, line):
            problems.append(line)
        elif message is not None and not {message[1], message[2]} <= declared:
            problems.append(f"not declared: {line}")
    return problems


def wrong_in_states(lines: list[str]) -> list[str]:
    state = r"(?:\[\*\]|\w+)"
    allowed = rf"{state} --> {state}(?: ?: .+)?|state .+|note .+|end note|\w+ ?: .+|direction \w+|%%.*|[{{}}]"
    return [line for line in lines if not re.fullmatch(allowed, line)]


def test_the_layers_drawn_are_those_that_are_checked() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    (drawn,) = [one for _, one in diagrams() if "bootstrap" in one and one.startswith("flowchart TB")]
    order = sorted(layers, key=lambda layer: drawn.index(f"{layer.removeprefix('functions.')}["))
    assert order == layers


def test_every_function_drawn_is_deployed() -> None:
    source = ast.parse(text_of(ROOT / "functions" / "main.py"))
    assigned = next(statement.value for statement in source.body if isinstance(statement, ast.Assign))
    deployed = set(ast.literal_eval(assigned))
    drawn = {word for word in deployed if re.search(rf"\b{word}\b", text_of(VISUAL))}
    assert drawn == deployed, "the system context has every function"
