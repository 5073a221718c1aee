"""The dashboard in headless Chromium, served by the Hosting emulator with the deployed headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
import requests
from google.cloud.firestore import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.members import create_member, create_tenant, sign_in
from tools import prerequisites, trading_day
from tools.emulator_suite import EmulatorSuite

TENANT = "acme"
PROPOSED: dict[str, dict[str, Any]] = {
    "Trend": {"action": "BUY", "ticker": "AAPL", "allocation": 0.3, "confidence": 0.8, "reasoning": "the trend is up"},
    "Exit": {"action": "SELL", "ticker": "KO", "confidence": 0.9, "reasoning": "target reached"},
    "Idle": {"action": "HOLD", "reasoning": "nothing to do"},
}
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watched:
    """A page, and what it must not do."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    """Errors in the console, and requests to anybody else."""


@dataclass
class Dashboard:
    """One tenant's dashboard and the system behind it."""

    db: Client
    emulators: EmulatorSuite
    browser: Browser
    tenant_id: str = TENANT
    watched: list[Watched] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.emulators.host('hosting')}"

    def open(self, path: str = "/", **context: Any) -> Page:
        """Open a page that nobody is signed in to."""
        page = self._context(**context).new_page()
        watched = Watched(page)
        self.watched.append(watched)
        page.on("pageerror", lambda error: watched.troubles.append(f"error: {error}"))
        page.on("console", lambda line: watched.troubles.extend(_trouble_of(line.type, line.text)))
        page.on("requestfinished", lambda request: watched.troubles.extend(_stranger(request)))
        page.on("requestfailed", lambda request: watched.troubles.extend(_stranger(request)))
        page.goto(f"{self.url}{path}")
        return page

    def signed_in(self, role: str = "viewer", path: str = "/", tenant_id: str | None = None, **context: Any) -> Page:
        """Create a member, open a page and sign in as a person does."""
        member = create_member(self.emulators, tenant_id or self.tenant_id, role)
        page = self.open(path, **context)
        enter(page, member.email, member.password)
        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
        return page

    def cycle(
        self,
        proposed: Mapping[str, Any] = PROPOSED,
        equity: float = 1e5,
        prices: Mapping[str, float] = MappingProxyType({"AAPL": 100.0}),
        age: timedelta = timedelta(0),
    ) -> tuple[dict[str, dict[str, Any]], Any]:
        """Run a cycle on an account snapshot of some age, and return its signals and its decision."""
        return trading_day.cycle(self.db, self.tenant_id, proposed, prices, equity, age)

    def call(self, method: str, path: str, role: str = "trader", **request: Any) -> requests.Response:
        """Ask the API as another member does, through Hosting."""
        token = sign_in(self.emulators, self.tenant_id, role)
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        return requests.request(method, f"{self.url}/v1/{path}", headers=headers, timeout=60, **request)

    def _context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        context.set_default_timeout(PATIENCE_MS)
        return context


def enter(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _trouble_of(kind: str, text: str) -> list[str]:
    """Return what the console says went wrong; that an answer was a refusal is not, as pages show those."""
    return [f"console: {text}"] if kind == "error" and "status of 4" not in text else []


def _stranger(request: Request) -> list[str]:
    """Return a request that went to anybody else; what the content security policy blocked went nowhere."""
    is_own = request.url.startswith(("http://127.0.0.1:", "data:"))
    return [] if is_own or request.failure == "csp" else [f"third party: {request.url} {request.failure}"]


@pytest.fixture(scope="package")  # it has an event loop in this thread as long as it is there
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=prerequisites.browser())
        yield chromium
        chromium.close()


@pytest.fixture
def dashboard(db: Client, emulators: EmulatorSuite, browser: Browser) -> Iterator[Dashboard]:
    """A tenant nothing has happened in yet; at the end no page may have had trouble of its own."""
    create_tenant(db, TENANT)
    one = Dashboard(db, emulators, browser)
    yield one
    troubles = [trouble for watched in one.watched for trouble in watched.troubles]
    for context in browser.contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def trading(dashboard: Dashboard) -> Dashboard:
    """A tenant in the middle of a trading day."""
    trading_day.live(dashboard.db, dashboard.tenant_id)
    return dashboard


@pytest.fixture
def ordering(dashboard: Dashboard) -> Dashboard:
    """The same day with orders under way, and what they reserve."""
    trading_day.order(dashboard.db, dashboard.tenant_id, trading_day.live(dashboard.db, dashboard.tenant_id))
    return dashboard
