"""Manage who may sign in to a tenant, and in which role: accounts together with memberships."""

from __future__ import annotations

from functions.domain.access.members import (
    Account,
    ListedMember,
    Member,
    check_password,
    listed_member,
    membership_fields,
)
from functions.domain.access.roles import Role
from functions.domain.kernel.errors import InputError, UnknownMemberError
from functions.services.access.manage_tenants import require_tenant
from functions.services.access.ports import Accounts, MemberStore
from functions.services.kernel.ports import Clock, Document


class ManageMembers:
    """
    The use case.

    Membership and claims are two writes. A failure between them leaves the lower of the rights before and after,
    because the lower of the two roles applies, and a repeat completes it. Revoking starts with the membership, because
    API and security rules check it on every request.

    Every method raises UnknownTenantError if there is no such tenant, and StoreUnavailable; those that change a member
    raise UnknownMemberError if the tenant has no such user.
    """

    def __init__(self, store: MemberStore, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    def create(self, tenant_id: str, email: str, role: Role, password: str) -> tuple[Member, bool]:
        """
        Create a user of a tenant; for a user who can already sign in, only set role and membership.

        Returns
        -------
        member : Member
        is_new : bool
            False: the user existed, and the given password is not used.

        Raises
        ------
        InputError
            If the email or the password is malformed, or the user belongs to another tenant.
        AccountExists
            If the user was created by another request at the same time.
        """
        require_tenant(self._store, tenant_id)
        check_password(password)
        found = self._accounts.find(email)
        account = found or self._accounts.create(email, password)
        if not account.may_belong_to(tenant_id):
            limit = "an address that no other tenant's user has (a user belongs to one tenant: use another address)"
            raise InputError("email", limit, email)
        membership = self._store.membership(tenant_id, account.uid) or {}
        return self._set_rights(tenant_id, account, role, membership), found is None

    def change_role(self, tenant_id: str, email: str, role: Role) -> Member:
        """Give a user another role."""
        account, membership = self._require_member(tenant_id, email)
        return self._set_rights(tenant_id, account, role, membership)

    def rotate_password(self, tenant_id: str, email: str, password: str) -> Member:
        """
        Replace a user's password and end their sessions; ID tokens issued before are valid for another hour at most.

        Raises
        ------
        InputError
            If the password is too short.
        """
        account, membership = self._require_member(tenant_id, email)
        check_password(password)
        self._accounts.replace_password(account, password)
        return _member(account, membership)

    def disable(self, tenant_id: str, email: str) -> Member:
        """Block a user from signing in, and from doing anything while still signed in."""
        account, membership = self._require_member(tenant_id, email)
        # The membership first: that blocks ID tokens already issued.
        self._store.set_disabled(tenant_id, account.uid, is_disabled=True)
        self._accounts.disable(account)
        return _member(account, membership)

    def remove(self, tenant_id: str, email: str) -> str:
        """
        Remove a user from the tenant, and return the user's id; the account stays, without rights.

        Raises
        ------
        UnknownMemberError
            If neither membership nor claims say that the user belongs to the tenant.
        """
        require_tenant(self._store, tenant_id)
        account = self._accounts.find(email)
        if account is None:
            raise UnknownMemberError(tenant_id, email)
        is_claimed = account.rights[0] == tenant_id
        if not is_claimed and self._store.membership(tenant_id, account.uid) is None:
            raise UnknownMemberError(tenant_id, email)
        # The membership first: that blocks ID tokens already issued.
        self._store.remove_membership(tenant_id, account.uid)
        if is_claimed:
            # Sessions before claims: a repeat after a fault finds the user by the claims.
            self._accounts.end_sessions(account)
            kept = {name: value for name, value in account.claims.items() if name not in {"tenant_id", "role"}}
            self._accounts.set_claims(account, kept)
        return account.uid

    def enable(self, tenant_id: str, email: str) -> Member:
        """Undo `disable`; the user must sign in again."""
        account, membership = self._require_member(tenant_id, email)
        self._accounts.enable(account)
        self._store.set_disabled(tenant_id, account.uid, is_disabled=False)
        return _member(account, membership)

    def all(self, tenant_id: str) -> list[ListedMember]:
        """Return a tenant's users by address."""
        require_tenant(self._store, tenant_id)
        memberships = self._store.memberships(tenant_id)
        accounts = self._accounts.of_uids(list(memberships))
        listed = [listed_member(tenant_id, uid, one, accounts.get(uid)) for uid, one in memberships.items()]
        return sorted(listed, key=lambda one: (one.email, one.uid))

    def _set_rights(self, tenant_id: str, account: Account, role: Role, before: Document) -> Member:
        """Write membership and claims if they changed: the membership first, as it takes effect at once."""
        after = membership_fields(account, role, before, self._clock.now())
        if not before.items() >= after.items():
            self._store.merge_membership(tenant_id, account.uid, after)
        claims = {**account.claims, "tenant_id": tenant_id, "role": str(role)}
        if claims != account.claims:
            self._accounts.set_claims(account, claims)
        return Member(account.uid, account.email, role)

    def _require_member(self, tenant_id: str, email: str) -> tuple[Account, Document]:
        """Return a tenant's user, as authentication and the tenant record them."""
        require_tenant(self._store, tenant_id)
        account = self._accounts.find(email)
        membership = None if account is None else self._store.membership(tenant_id, account.uid)
        if account is None or membership is None or not account.may_belong_to(tenant_id):
            raise UnknownMemberError(tenant_id, email)
        return account, membership


def _member(account: Account, membership: Document) -> Member:
    return Member(account.uid, account.email, str(membership.get("role")))
