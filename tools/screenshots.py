"""
Take the pictures of the dashboard that the documents show.

Replays the days of make demo in the emulators, and beside them lets a trading day happen by today's clock, with
positions, orders under way and a broker that differs. Signs in as admin, and writes docs/dashboard/*.png; or, with
--all, every page of both in full at three widths in both themes, for looking at.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from examples.demo import FIRST_DAY, LAST_DAY, demo_policy
from examples.demo_walk import PASSWORD, Demo, email_of
from examples.replay import Prices
from functions.domain.access.roles import Role
from tools import trading_day
from tools.access import manage_members, manage_tenants
from tools.emulator_suite import EmulatorSuite
from tools.interrupts import interruptible
from tools.prerequisites import ROOT, browser

PICTURES = ROOT / "docs/dashboard"
DEMO, DAY = "demo-1", "trading-day"
"""The tenants: one has four months of real prices, the other everything that only happens by today's clock."""
PAGES = {
    "now": "/",
    "decisions": "/decisions",
    "strategies": "/strategies",
    "strategy": "/strategies/BollingerBreakout",
    "positions": "/positions",
    "ledger": "/ledger",
    "health": "/health",
    "settings": "/settings",
    "admin": "/admin",
}
OF_DAY = ("now", "strategies", "positions", "health", "admin", "kill-switch")
"""Pictures in the documents of the trading day; the others are of the demo."""
WHOLE = ("positions",)
"""Pictures in the documents of more than a screen: what matters is at the bottom, too."""
DESKTOP = {"width": 1440, "height": 1000}
TABLET = {"width": 768, "height": 1024}
PHONE = {"width": 390, "height": 844}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make screenshots ARGS=…", description=__doc__)
    day = date.fromisoformat
    parser.add_argument("--to", dest="end", type=day, default=LAST_DAY, help="last day (%(default)s)")
    parser.add_argument("--all", dest="folder", type=Path, help="write every page, width and theme into this folder")
    arguments = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    prices = Prices.load()
    with interruptible(), EmulatorSuite() as suite:
        os.environ.update(suite.env)
        demo = Demo(suite, prices, 1)
        demo.seed(demo_policy())
        for walked in demo.walk(prices.between(FIRST_DAY, arguments.end)):
            print(f"\rTrading day {walked}", end="", flush=True)
        print()
        begin_day(suite)
        with sync_playwright() as playwright:
            chromium, url = playwright.chromium.launch(executable_path=browser()), f"http://{suite.host('hosting')}"
            if arguments.folder is None:
                take(chromium, url)
            else:
                take_all(chromium, url, arguments.folder)
            chromium.close()
    return 0


def begin_day(suite: EmulatorSuite) -> None:
    """Create the other tenant, and let its day happen."""
    db = suite.client()
    manage_tenants(db).create(DAY, "Trading day")
    for role in Role:
        manage_members(db).create(DAY, email_of(role, DAY), role, PASSWORD)
    trading_day.order(db, DAY, trading_day.live(db, DAY))


def take(chromium: Browser, url: str) -> None:
    """Write the documents' pictures."""
    pages = {tenant: signed_in(chromium, url, tenant, DESKTOP, "light") for tenant in (DEMO, DAY)}
    for name, open_view in VIEWS.items():
        page = pages[DAY if name in OF_DAY else DEMO]
        open_view(page, url)
        shot(page, PICTURES / f"{name}.png", is_whole=name in WHOLE)
    phone = signed_in(chromium, url, DAY, PHONE, "dark")
    settle(phone)
    shot(phone, PICTURES / "phone.png")


def take_all(chromium: Browser, url: str, folder: Path) -> None:
    """Write every page and view of both tenants, in full, at three widths in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, scheme, tenant in product((PHONE, TABLET, DESKTOP), ("light", "dark"), (DAY, DEMO)):
        page = signed_in(chromium, url, tenant, size, scheme)
        for name, open_view in {**VIEWS, "strategy-switch": open_strategy_switch}.items():
            open_view(page, url)
            shot(page, folder / f"{tenant}-{name}-{size['width']}-{scheme}.png", is_whole=True)


def open_page(path: str) -> Callable[[Page, str], None]:
    def open_it(page: Page, url: str) -> None:
        page.goto(f"{url}{path}")
        settle(page)

    return open_it


def open_decision(page: Page, url: str) -> None:
    page.goto(f"{url}/decisions")
    page.locator(".timeline a").first.click()
    settle(page)


def open_kill_switch(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Halt").click()
    settle(page)


def open_strategy_switch(page: Page, url: str) -> None:
    page.goto(f"{url}/strategies")
    page.get_by_role("switch").first.click()
    settle(page)


def open_preview(page: Page, url: str) -> None:
    """Try a policy that allows less, without saving it."""
    page.goto(f"{url}/settings")
    page.locator("#max_gross_allocation").fill("0.3")
    page.get_by_role("button", name="What would have changed").click()
    settle(page)
    page.get_by_role("heading", name="What would have changed").evaluate("one => one.scrollIntoView()")


VIEWS: dict[str, Callable[[Page, str], None]] = {
    **{name: open_page(path) for name, path in PAGES.items()},
    "decision": open_decision,
    "kill-switch": open_kill_switch,
    "preview": open_preview,
}


def signed_in(chromium: Browser, url: str, tenant: str, size: dict[str, int], scheme: str) -> Page:
    is_dark = scheme == "dark"
    page = chromium.new_context(
        viewport={"width": size["width"], "height": size["height"]}, color_scheme="dark" if is_dark else "light"
    ).new_page()
    page.goto(url)
    page.get_by_label("E-mail").fill(email_of(Role.ADMIN, tenant))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Pages").wait_for()
    return page


def settle(page: Page) -> None:
    """Wait until everything on a page is loaded."""
    page.get_by_role("heading", level=1).wait_for(state="attached")
    expect(page.get_by_text("Loading")).to_have_count(0, timeout=30_000)
    page.wait_for_timeout(300)  # a chart draws in the next frame


def shot(page: Page, path: Path, *, is_whole: bool = False) -> None:
    size = page.viewport_size
    if is_whole and size is not None:  # so tall that bars at the screen's bottom cover nothing
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": height})
        page.wait_for_timeout(200)
    page.screenshot(path=path)
    if size is not None:
        page.set_viewport_size(size)
    print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
