"""The lab's report: one file that needs no network, readable by everybody on every screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_every_page import serious
from tools.lab.given import Given
from tools.lab.policies import chosen_policies
from tools.lab.results.beside import Chance
from tools.lab.run import Folder, run_policies
from tools.prerequisites import ROOT

PRICES = ROOT / "examples/data/us_equities_daily_2018_2022.csv"
DRAWN = "[...document.querySelectorAll('.chart canvas')].every(one => one.width > 0)"
LINES = """[...new Uint32Array(document.querySelector('#chart-equity canvas').getContext('2d')
    .getImageData(0, 0, 400, 200).data.buffer)].filter((one, at, all) => one && all.indexOf(one) === at).length"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    task = Given(prices=PRICES, out=folder, first="2020-02-18", last="2020-03-31", leave_out=["SP500"]).task()
    run_policies(task, chosen_policies(["guide", "aggressive"]), Folder(folder), Chance(seed=1), with_rules=True)
    return folder / "report.html"


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Callable[..., Page]]:
    """Open the report without a network; at the end nothing may have been asked for, or gone wrong."""
    troubles: list[str] = []
    contexts = []

    def opening(**options: Any) -> Page:
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text))
        page.on("request", lambda asked: troubles.extend([asked.url] if asked.url != report.as_uri() else []))
        page.goto(report.as_uri())
        page.wait_for_function(DRAWN)
        return page

    yield opening
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_report_is_drawn_fits_and_is_accessible(opened: Callable[..., Page], scheme: str, width: int) -> None:
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 900})
    assert page.locator(".chart canvas").count() == 4
    assert page.evaluate(LINES) > 20, "lines of several colours, and not all black"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for details in page.locator("summary").all():
        details.click()
    assert serious(page) == []
