"""Log records for Cloud Logging: one JSON object per line."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from firebase_functions import logger as cloud_logger

FIELDS = ("tenant", "session", "slot", "strategy", "reason_code", "duration_ms", "count")
"""Fields that a record may carry besides its message, by ``extra``."""

_SEVERITIES = {
    logging.DEBUG: cloud_logger.LogSeverity.DEBUG,
    logging.INFO: cloud_logger.LogSeverity.INFO,
    logging.WARNING: cloud_logger.LogSeverity.WARNING,
    logging.ERROR: cloud_logger.LogSeverity.ERROR,
    logging.CRITICAL: cloud_logger.LogSeverity.CRITICAL,
}


class CloudLoggingHandler(logging.Handler):
    """Passes records to the Functions SDK's structured logger."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            cloud_logger.write(log_entry(record))  # type: ignore[arg-type]  # its TypedDict cannot name extra fields
        except Exception:  # noqa: BLE001 - as in every handler: logging must not break the program
            self.handleError(record)


def log_entry(record: logging.LogRecord) -> dict[str, Any]:
    """Return a record's JSON object: severity, message, and its `FIELDS`."""
    message = record.getMessage()
    if record.exc_info:
        message = f"{message}\n{logging.Formatter().formatException(record.exc_info)}"
    entry: dict[str, Any] = {"severity": _SEVERITIES.get(record.levelno, cloud_logger.LogSeverity.INFO)}
    entry |= {"message": message, "logger": record.name}
    return entry | {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}


def configure_logging(environment: Mapping[str, str]) -> None:
    """
    Send Maestro's records to Cloud Logging where functions-framework serves a function; repeating it changes nothing.

    Elsewhere (commands, users' own programs, tests) records go where the program's own logging sends them.

    Parameters
    ----------
    environment : mapping
        The process's environment.
    """
    if not environment.get("FUNCTION_TARGET"):
        return
    maestro = logging.getLogger("maestro")
    if not any(isinstance(handler, CloudLoggingHandler) for handler in maestro.handlers):
        maestro.addHandler(CloudLoggingHandler())
        maestro.setLevel(logging.INFO)
        maestro.propagate = False
