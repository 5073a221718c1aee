"""
Take the pictures of the dashboard that the documents show, from the demo's data.

Replays the days of make demo in the emulators, signs in as the demo's admin, and writes docs/dashboard/*.png.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from examples.demo import FIRST_DAY, LAST_DAY, demo_policy
from examples.demo_walk import PASSWORD, Demo, email_of
from examples.replay import Prices
from functions.domain.access.roles import Role
from tools.emulator_suite import EmulatorSuite
from tools.interrupts import interruptible
from tools.prerequisites import ROOT, browser

PICTURES = ROOT / "docs/dashboard"
PAGES = {
    "now": "/",
    "decisions": "/decisions",
    "strategies": "/strategies",
    "strategy": "/strategies/BollingerBreakout",
    "positions": "/positions",
    "ledger": "/ledger",
    "settings": "/settings",
}
DESKTOP = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make screenshots ARGS=…", description=__doc__)
    day = date.fromisoformat
    parser.add_argument("--to", dest="end", type=day, default=LAST_DAY, help="last day (%(default)s)")
    arguments = parser.parse_args()
    prices = Prices.load()
    with interruptible(), EmulatorSuite() as suite:
        os.environ.update(suite.env)
        demo = Demo(suite, prices, 1)
        demo.seed(demo_policy())
        for walked in demo.walk(prices.between(FIRST_DAY, arguments.end)):
            print(f"\rTrading day {walked}", end="", flush=True)
        print()
        with sync_playwright() as playwright:
            take(playwright.chromium.launch(executable_path=browser()), f"http://{suite.host('hosting')}")
    return 0


def take(chromium: Browser, url: str) -> None:
    """Write every picture."""
    PICTURES.mkdir(exist_ok=True)
    page = signed_in(chromium, url, DESKTOP, "light")
    for name, path in PAGES.items():
        shoot(page, f"{url}{path}", PICTURES / f"{name}.png")
    page.goto(f"{url}/decisions")
    page.locator(".timeline a").first.click()
    shoot(page, page.url, PICTURES / "decision.png")
    page.goto(url)
    page.get_by_role("button", name="Halt trading").click()
    page.screenshot(path=PICTURES / "kill-switch.png")
    shoot(signed_in(chromium, url, PHONE, "dark"), url, PICTURES / "phone.png")
    chromium.close()


def signed_in(chromium: Browser, url: str, size: dict[str, int], scheme: str) -> Page:
    is_dark = scheme == "dark"
    page = chromium.new_context(
        viewport={"width": size["width"], "height": size["height"]}, color_scheme="dark" if is_dark else "light"
    ).new_page()
    page.goto(url)
    page.get_by_label("E-mail").fill(email_of(Role.ADMIN, "demo-1"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Pages").wait_for()
    return page


def shoot(page: Page, url: str, path: Path) -> None:
    """Write a picture of a page once everything on it is loaded."""
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for(state="attached")
    expect(page.get_by_text("Loading")).to_have_count(0, timeout=30_000)
    page.wait_for_timeout(300)  # a chart draws in the next frame
    page.screenshot(path=path)
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
