"""Whose membership is closed without a command, what is told of it, and what is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.domain.access.members import ClosedBecause
from functions.domain.access.roles import Role
from functions.domain.kernel.errors import StoreUnavailable
from functions.services.access.close_memberships import ClosedMembership, CloseMemberships
from tests.fakes import MARCH_16
from tests.unit.services.access.fakes import BareOffice

PASSWORD = "correct horse battery"


class Office(BareOffice):
    """A tenant of three, of whom authentication lost one and disabled another."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("ann", "bob", "cyd"):
            self.members.create("acme", f"{name}@example.com", Role.ADMIN, PASSWORD)
        del self.accounts.by_email["bob@example.com"]
        self.accounts.disable(self.accounts.by_email["cyd@example.com"])
        self.world.writes.clear()
        self.close = CloseMemberships(self.store, self.accounts, self.clock)

    def open(self) -> set[str]:
        return {uid for uid, one in self.store.memberships("acme").items() if "disabled" not in one}


@pytest.fixture
def office() -> Office:
    return Office()


BOB = ClosedMembership("bob", "bob@example.com", "DELETED", MARCH_16)
CYD = ClosedMembership("cyd", "cyd@example.com", "DISABLED", MARCH_16)


def test_the_deleted_and_the_disabled_are_closed_once_and_told_for_a_day(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    assert office.close.run("acme") == [BOB, CYD]
    assert office.open() == {"ann"}
    assert [record.getMessage() for record in caplog.records if record.name == "maestro"] == [
        "Membership of bob closed: user deleted",
        "Membership of cyd closed: user disabled",
    ]
    office.clock.time += timedelta(hours=23)
    assert office.close.run("acme") == [BOB, CYD], "whoever was to raise the alert may have failed"
    office.clock.time += timedelta(hours=1)
    assert office.close.run("acme") == []
    assert office.world.writes == ["membership of bob closed", "membership of cyd closed"]


def test_what_is_cut_short_is_finished_by_the_next_run_and_told_whole(office: Office) -> None:
    office.world.fails_at = "membership of cyd closed"
    with pytest.raises(StoreUnavailable):
        office.close.run("acme")
    assert office.open() == {"ann", "cyd"}
    office.world.fails_at = None
    assert office.close.run("acme") == [BOB, CYD]
    assert office.open() == {"ann"}


def test_whoever_was_disabled_by_command_or_holds_no_role_is_left_alone(office: Office) -> None:
    office.members.disable("acme", "cyd@example.com")
    office.store.members["acme", "bob"] = {"portfolio": "a document of somebody's own"}
    office.world.writes.clear()
    assert office.close.run("acme") == []
    assert office.world.writes == []


def test_enabling_opens_a_closed_membership_and_leaves_no_trace(office: Office) -> None:
    office.close.run("acme")
    office.members.enable("acme", "cyd@example.com")
    assert office.store.membership("acme", "cyd") == {
        "role": "admin",
        "email": "cyd@example.com",
        "created_at": MARCH_16,
    }
    assert [one.uid for one in office.close.run("acme")] == ["bob"]


def test_a_closed_membership_of_nobody_is_no_disagreement(office: Office) -> None:
    office.close.run("acme")
    assert {one.uid: (one.is_disabled, one.disagreement) for one in office.members.all("acme")} == {
        "ann": (False, None),
        "bob": (True, None),
        "cyd": (True, None),
    }
    assert set(ClosedBecause) == {"DELETED", "DISABLED"}
