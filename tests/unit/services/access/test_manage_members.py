"""Who may be created, changed and disabled, in which order it is written, and what is left if it is cut short."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.domain.access.members import Account, Disagreement
from functions.domain.access.roles import Role, authorise, read_claims
from functions.domain.kernel.errors import InputError, RefusedError, StoreUnavailable, UnknownMemberError
from tests.fakes import MARCH_16
from tests.unit.services.access.fakes import BareOffice

ANN = "ann@example.com"
PASSWORD = "correct horse battery"


class Office(BareOffice):
    """Where members of acme are managed, and may be cut short."""

    def cut_short(self, at: str) -> None:
        """Let the next writes fail at one of them."""
        self.world.writes.clear()
        self.world.fails_at = at

    def role_that_holds(self) -> Role | None:
        """Return what Ann may do, as the API decides it."""
        claims = {"uid": "ann", **self.accounts.by_email[ANN].claims}
        try:
            claimed = read_claims(claims)
            return authorise(claimed, {}, self.store.membership("acme", "ann"), Role.VIEWER).role
        except RefusedError:
            return None


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_user_is_created_with_membership_and_claims(office: Office) -> None:
    member, is_new = office.members.create("acme", ANN, Role.TRADER, PASSWORD)
    assert (member.uid, member.role, is_new) == ("ann", "trader", True)
    assert office.store.membership("acme", "ann") == {"role": "trader", "email": ANN, "created_at": MARCH_16}
    assert office.accounts.by_email[ANN].rights == ("acme", "trader")


def test_whoever_can_sign_in_keeps_password_claims_and_what_a_second_time_would_write(office: Office) -> None:
    office.accounts.by_email[ANN] = Account("ann", ANN, is_disabled=False, claims={"beta_tester": True})
    assert office.members.create("acme", ANN, Role.ADMIN, PASSWORD)[1] is False
    assert office.accounts.passwords == {}
    assert office.accounts.by_email[ANN].claims == {"beta_tester": True, "tenant_id": "acme", "role": "admin"}
    office.world.writes.clear()
    office.members.create("acme", ANN, Role.ADMIN, PASSWORD)
    assert office.world.writes == []


@pytest.mark.parametrize(("before", "after"), [(Role.ADMIN, Role.VIEWER), (Role.VIEWER, Role.ADMIN)])
def test_a_change_of_role_cut_short_leaves_the_lower_role_and_is_completed_by_a_repeat(
    before: Role, after: Role, office: Office
) -> None:
    office.members.create("acme", ANN, before, PASSWORD)
    office.clock.time += timedelta(days=1)
    office.cut_short("claims")
    with pytest.raises(StoreUnavailable):
        office.members.change_role("acme", ANN, after)
    assert office.world.writes == ["membership"]
    assert office.role_that_holds() is Role.VIEWER
    assert [one.disagreement for one in office.members.all("acme")] == [Disagreement.RIGHTS_DIFFER]
    office.world.fails_at = None
    office.members.change_role("acme", ANN, after)
    assert office.role_that_holds() is after
    assert office.members.all("acme")[0].created_at == MARCH_16, "a membership begins once"


def test_a_new_user_cut_short_has_no_rights_and_is_completed_by_a_repeat(office: Office) -> None:
    office.cut_short("membership")
    with pytest.raises(StoreUnavailable):
        office.members.create("acme", ANN, Role.ADMIN, PASSWORD)
    assert office.role_that_holds() is None
    office.world.fails_at = None
    assert office.members.create("acme", ANN, Role.ADMIN, PASSWORD)[1] is False
    assert office.role_that_holds() is Role.ADMIN


def test_disabling_closes_the_tenant_first_and_enabling_opens_it_last(office: Office) -> None:
    office.members.create("acme", ANN, Role.TRADER, PASSWORD)
    office.cut_short("account disabled")
    with pytest.raises(StoreUnavailable):
        office.members.disable("acme", ANN)
    assert office.role_that_holds() is None, "ID tokens that are out there do not count any more"
    office.cut_short("account enabled")
    with pytest.raises(StoreUnavailable):
        office.members.enable("acme", ANN)
    assert office.role_that_holds() is None
    office.world.fails_at = None
    office.members.enable("acme", ANN)
    assert office.role_that_holds() is Role.TRADER


@pytest.mark.parametrize("fault", ["membership removed", "sessions ended", "claims"])
def test_removing_closes_the_tenant_first_and_a_repeat_finishes_whatever_was_cut_short(
    fault: str, office: Office
) -> None:
    office.accounts.by_email[ANN] = Account("ann", ANN, is_disabled=False, claims={"beta_tester": True})
    office.members.create("acme", ANN, Role.ADMIN, PASSWORD)
    office.cut_short(fault)
    with pytest.raises(StoreUnavailable):
        office.members.remove("acme", ANN)
    is_first = fault == "membership removed"
    assert office.role_that_holds() is (Role.ADMIN if is_first else None), "all that was, or nothing"
    office.cut_short("nothing")
    assert office.members.remove("acme", ANN) == "ann"
    assert office.world.writes == ["membership removed", "sessions ended", "claims"]
    assert (office.role_that_holds(), office.accounts.by_email[ANN].claims) == (None, {"beta_tester": True})
    assert office.members.all("acme") == []
    with pytest.raises(UnknownMemberError):
        office.members.remove("acme", ANN)


def test_a_membership_of_a_user_whose_rights_are_elsewhere_is_removed_and_the_rights_stay(office: Office) -> None:
    office.accounts.by_email[ANN] = Account("ann", ANN, is_disabled=False, claims={"tenant_id": "other"})
    office.store.members["acme", "ann"] = {"role": "viewer"}
    office.members.remove("acme", ANN)
    assert office.world.writes == ["membership removed"]
    assert office.accounts.by_email[ANN].claims == {"tenant_id": "other"}


def test_a_role_does_not_bring_a_disabled_user_back(office: Office) -> None:
    office.members.create("acme", ANN, Role.VIEWER, PASSWORD)
    office.members.disable("acme", ANN)
    office.members.create("acme", ANN, Role.ADMIN, PASSWORD)
    office.members.change_role("acme", ANN, Role.TRADER)
    assert office.role_that_holds() is None
    assert office.accounts.by_email[ANN].is_disabled


@pytest.mark.parametrize("tenant", ["other", ["acme"]])
def test_a_user_of_another_tenant_is_left_alone(office: Office, tenant: object) -> None:
    office.accounts.by_email[ANN] = Account("ann", ANN, is_disabled=False, claims={"tenant_id": tenant})
    office.store.members["acme", "ann"] = {"role": "viewer"}
    with pytest.raises(InputError, match="a user belongs to one tenant"):
        office.members.create("acme", ANN, Role.ADMIN, PASSWORD)
    changes: list[Callable[[], object]] = [
        lambda: office.members.change_role("acme", ANN, Role.ADMIN),
        lambda: office.members.rotate_password("acme", ANN, PASSWORD),
        lambda: office.members.disable("acme", ANN),
        lambda: office.members.enable("acme", ANN),
    ]
    for change in changes:
        with pytest.raises(UnknownMemberError) as refused:
            change()
        assert (refused.value.tenant_id, refused.value.value) == ("acme", ANN)
    assert office.world.writes == []


def test_a_short_password_is_refused_before_anything_is_written_and_not_repeated(office: Office) -> None:
    with pytest.raises(InputError) as refused:
        office.members.create("acme", ANN, Role.ADMIN, "hunter2")
    assert "hunter2" not in str(refused.value)
    office.members.create("acme", ANN, Role.ADMIN, PASSWORD)
    with pytest.raises(InputError, match="was 11"):
        office.members.rotate_password("acme", ANN, "a" * 11)
    assert office.accounts.passwords == {ANN: PASSWORD}
    office.members.rotate_password("acme", ANN, "a" * 12)
    assert office.accounts.passwords == {ANN: "a" * 12}


def test_users_are_listed_by_address_with_what_disagrees(office: Office) -> None:
    for name in ("cyd", "bob", "ann"):
        office.members.create("acme", f"{name}@example.com", Role.VIEWER, PASSWORD)
    del office.accounts.by_email["bob@example.com"]
    office.accounts.disable(office.accounts.by_email["cyd@example.com"])
    assert {one.uid: one.disagreement for one in office.members.all("acme")} == {
        "ann": None,
        "bob": Disagreement.NO_ACCOUNT,
        "cyd": Disagreement.STATUS_DIFFERS,
    }
    assert [one.uid for one in office.members.all("acme")] == ["ann", "bob", "cyd"]
