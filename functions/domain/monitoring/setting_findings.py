"""Settings of the deployment that cannot be used, as alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from functions.domain.kernel.errors import InputError
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.links import DASHBOARD_URL
from functions.domain.monitoring.notifications import Severity

_UNTIL_THEN: Mapping[str, str] = {DASHBOARD_URL: "notifications carry no links"}


def malformed_settings(errors: Sequence[InputError]) -> Iterator[Finding]:
    """Yield a finding for each setting that cannot be used, with what happens until it is corrected."""
    for error in errors:
        yield Finding(
            f"setting:{error.field}",
            AlertKind.SETTING,
            Severity.WARNING,
            f"⚙️ The setting {error.field} cannot be used",
            f"{error}. Until it is corrected in functions/.env and deployed, {_UNTIL_THEN[error.field]}.",
        )
