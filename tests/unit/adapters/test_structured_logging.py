"""Records become Cloud Logging's in a deployed function, and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from functions import bootstrap, main
from functions.adapters.structured_logging import CloudLoggingHandler, configure_logging

MAESTRO = logging.getLogger("maestro")


@pytest.fixture
def restored() -> Iterator[None]:
    level, propagate, handlers = MAESTRO.level, MAESTRO.propagate, MAESTRO.handlers[:]
    yield
    MAESTRO.setLevel(level)
    MAESTRO.propagate, MAESTRO.handlers = propagate, handlers


def test_a_program_that_uses_the_services_keeps_its_own_logging(caplog: pytest.LogCaptureFixture) -> None:
    assert main.__all__, "importing it is no deployment"
    bootstrap.settings.cache_clear()
    bootstrap.settings()
    bootstrap.calendars()
    configure_logging({})
    MAESTRO.warning("heard")
    assert caplog.messages == ["heard"]


@pytest.mark.usefixtures("restored")
def test_in_a_deployed_function_a_record_is_one_line_of_json_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        configure_logging({"FUNCTION_TARGET": "api"})
    assert len([one for one in MAESTRO.handlers if isinstance(one, CloudLoggingHandler)]) == 1
    MAESTRO.info("decided", extra={"tenant": "acme"})
    lines = "".join(capsys.readouterr()).splitlines()
    assert len(lines) == 1
    assert all(part in lines[0] for part in ('"severity": "INFO"', '"message": "decided"', '"tenant": "acme"'))
