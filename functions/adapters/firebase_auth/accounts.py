"""Firebase Authentication's users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from firebase_admin import auth, exceptions

from functions.domain.access.members import Account
from functions.domain.kernel.errors import AccountExists, InputError, StoreUnavailable

_LONGEST_UID = 128
_USERS_PER_CALL = 100
"""Maximum users that Firebase looks up at once."""


class FirebaseAccounts:
    """`Accounts` on Firebase Authentication, in the project of Firebase's default app."""

    def find(self, email: str) -> Account | None:
        try:
            with _translated_errors(f"looking up {email}"):
                return _account(auth.get_user_by_email(email))
        except auth.UserNotFoundError:
            return None
        except ValueError as error:
            raise InputError("email", "an address such as ann@example.com", email) from error

    def of_uids(self, uids: Sequence[str]) -> dict[str, Account]:
        found: dict[str, Account] = {}
        possible = [uid for uid in uids if 0 < len(uid) <= _LONGEST_UID]
        for start in range(0, len(possible), _USERS_PER_CALL):
            identifiers = [auth.UidIdentifier(uid) for uid in possible[start : start + _USERS_PER_CALL]]
            with _translated_errors("looking up users"):
                found |= {user.uid: _account(user) for user in auth.get_users(identifiers).users}
        return found

    def create(self, email: str, password: str) -> Account:
        with _translated_errors(f"creating user {email}"):
            return _account(auth.create_user(email=email, password=password))

    def set_claims(self, account: Account, claims: Mapping[str, Any]) -> None:
        with _translated_errors(f"setting the claims of {account.email}"):
            auth.set_custom_user_claims(account.uid, dict(claims))

    def replace_password(self, account: Account, password: str) -> None:
        with _translated_errors(f"changing the password of {account.email}"):
            auth.update_user(account.uid, password=password)
            auth.revoke_refresh_tokens(account.uid)

    def disable(self, account: Account) -> None:
        with _translated_errors(f"disabling {account.email}"):
            auth.update_user(account.uid, disabled=True)
            auth.revoke_refresh_tokens(account.uid)

    def end_sessions(self, account: Account) -> None:
        with _translated_errors(f"ending the sessions of {account.email}"):
            auth.revoke_refresh_tokens(account.uid)

    def enable(self, account: Account) -> None:
        with _translated_errors(f"enabling {account.email}"):
            auth.update_user(account.uid, disabled=False)


def _account(user: Any) -> Account:
    return Account(user.uid, user.email, user.disabled, user.custom_claims or {})


@contextmanager
def _translated_errors(doing: str) -> Iterator[None]:
    """Turn errors of Firebase Authentication into AccountExists or StoreUnavailable."""
    try:
        yield
    except auth.UserNotFoundError:
        raise
    except exceptions.AlreadyExistsError as error:
        raise AccountExists(f"{doing}: the account was created at the same time") from error
    except exceptions.FirebaseError as error:
        raise StoreUnavailable(f"{doing}: {error}") from error
