"""
Everything about a deployment that can be set.

The only place that reads parameters and the environment, except the variables that announce a running emulator.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from firebase_functions.params import IntParam, SecretParam, StringParam

from functions.domain.kernel.errors import InputError
from functions.domain.monitoring.links import read_dashboard_url

REGION = "us-central1"
"""Where all functions run. Deployment options cannot read parameters here, so it is set in this line."""

MARKET_CALENDAR = StringParam(
    "MARKET_CALENDAR",
    default="XNYS",
    label="Market calendar",
    description="Market of tenants whose policy names none: ISO 10383 code of the exchange, or 24x7",
)


API_CORS_ORIGINS = StringParam(
    "API_CORS_ORIGINS",
    default="",
    label="CORS origins of the API",
    description="Web origins that may call the API from a browser, separated by commas; none when empty",
)


DASHBOARD_URL = StringParam(
    "DASHBOARD_URL",
    default="",
    label="URL of the dashboard",
    description="What links in notifications begin with: https and a host; empty: the project's own Hosting site",
)

API_MIN_INSTANCES = IntParam(
    "API_MIN_INSTANCES",
    default=0,
    label="API instances kept warm",
    description="1: no cold start for the kill switch and redemptions, at the price of an idle instance. 0: none",
)


AI_SUMMARIES = StringParam(
    "AI_SUMMARIES",
    default="off",
    label="AI summaries",
    description="on: Gemini on Vertex AI summarises decisions, and receives what strategies wrote. off: plain text",
)
AI_MODEL = StringParam("AI_MODEL", default="gemini-2.5-flash", label="Model of AI summaries")
AI_REGION = StringParam("AI_REGION", default="us-central1", label="Vertex AI region of AI summaries")

BROKER_SERVICE_ACCOUNT = StringParam(
    "BROKER_SERVICE_ACCOUNT",
    default="",
    label="Service account of the function that talks to brokers",
    description="Email address of the one account that may read brokers' keys. Empty: the default one, for no broker",
)

WEBHOOK_SIGNING_KEY = SecretParam("WEBHOOK_SIGNING_KEY")
"""Signs generic webhooks; each channel's own secret is derived from it."""


@dataclass(frozen=True, slots=True)
class AiSettings:
    """How decisions are summarised."""

    model: str
    region: str
    project: str
    base_url: str | None
    """A server to use instead of Vertex AI, in the emulator only."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process runs with."""

    region: str
    market: str
    """Market of tenants whose policy names none: an exchange's ISO 10383 code, or 24x7."""
    cors_origins: tuple[str, ...]
    """Web origins that may call the API from a browser."""
    dashboard_url: str
    """What links in notifications begin with, without a slash at the end; empty: they carry none."""
    malformed: tuple[InputError, ...]
    """What is wrong with settings that cannot be used, and so are as if empty."""
    ai: AiSettings | None
    """None: no model writes summaries."""
    is_emulated: bool
    """Whether the functions run in the local emulator, where history may be replayed."""


def read_settings() -> Settings:
    """Read the environment as it is now."""
    origins = tuple(origin.strip() for origin in API_CORS_ORIGINS.value.split(",") if origin.strip())
    is_emulated = os.environ.get("FUNCTIONS_EMULATOR") == "true"
    url, malformed = _dashboard_url(is_emulated)
    return Settings(REGION, MARKET_CALENDAR.value, origins, url, malformed, _ai_settings(is_emulated), is_emulated)


def _dashboard_url(is_emulated: bool) -> tuple[str, tuple[InputError, ...]]:
    """Return where people find the dashboard; in the emulator only if somebody says so, as its port changes."""
    hosted = "" if is_emulated or not project_id() else f"https://{project_id()}.web.app"
    try:
        return read_dashboard_url(DASHBOARD_URL.value) or hosted, ()
    except InputError as error:  # people are told all the same, without a link
        return "", (error,)


def project_id() -> str:
    """Return the project id of this process; empty if nothing names one."""
    names = ("FIREBASE_PROJECT_ID", "GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _ai_settings(is_emulated: bool) -> AiSettings | None:
    if AI_SUMMARIES.value != "on":
        return None
    base_url = os.environ.get("AI_BASE_URL") if is_emulated else None
    return AiSettings(AI_MODEL.value, AI_REGION.value, project_id(), base_url)
