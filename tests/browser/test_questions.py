"""The questions a trader asks, each answered within two clicks of the first page; docs/dashboard.md lists the paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import expect

from tests.browser.conftest import Dashboard
from tests.browser.test_every_page import settled
from tools import trading_day
from tools.prerequisites import ROOT


@dataclass(frozen=True)
class Question:
    """A question, the links to its answer, and where the answer is."""

    asked: str
    clicks: tuple[str, ...]
    role: Literal["region", "table", "row", "heading"]
    name: str
    says: str


QUESTIONS = (
    Question("How is my money?", (), "region", "Money", "109,143.55"),
    Question("How much may I still lose today?", (), "region", "Money", "Left to lose today"),
    Question("Who halted trading?", (), "region", "Trading state", "prices look wrong"),
    Question("What does a shadowed strategy still hold?", (), "table", "Positions", "shadowed, still held"),
    Question("What got better?", (), "region", "Needs you", "TurtleChannel promoted to Reduced"),
    Question("Does the broker agree?", ("Positions",), "region", "Live positions", "12 KO"),
    Question("What is under way?", ("Positions",), "region", "Live positions", "Orders under way"),
    Question("Who loses money?", ("Strategies",), "table", "Strategies", "90 sessions"),
    Question("Is this ratio luck?", ("Strategies",), "table", "Strategies", "90 % interval"),
    Question("Is it real money?", ("Admin",), "region", "Broker", "paper"),
    Question("Why did KO not trade?", ("PairsReversion", "Decisions of PairsReversion"), "region", "Timeline", "KO"),
    Question("What did the rules stop today?", ("Decisions", "Today"), "table", "What rules stopped", "Strategies"),
)


def test_every_question_is_answered_within_two_clicks(dashboard: Dashboard) -> None:
    trading_day.live(dashboard.db, dashboard.tenant_id)
    halt = {"state": "HALT", "reason": "prices look wrong"}
    assert dashboard.call("PUT", "trading-state", "admin", json=halt).status_code == 200
    page = dashboard.signed_in("viewer")
    for question in QUESTIONS:
        assert len(question.clicks) <= 2, question.asked
        page.goto(dashboard.url)
        settled(page)
        for name in question.clicks:
            page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_role(question.role, name=question.name).first, question.asked).to_contain_text(question.says)


def test_the_documentation_lists_every_question() -> None:
    text = (ROOT / "docs/dashboard.md").read_text(encoding="utf-8")
    for question in QUESTIONS:
        path = " → ".join(("Now", *question.clicks))
        assert f"| {question.asked} | {path}" in text
