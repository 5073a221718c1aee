"""Firebase ID tokens, verified with the Admin SDK, and memberships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firebase_admin import auth, exceptions
from google.auth.exceptions import GoogleAuthError

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.domain.kernel.errors import RefusedError, StoreUnavailable
from functions.domain.kernel.reasons import ReasonCode
from functions.services.kernel.ports import ABSENT, Document


class FirebaseTokens(FirestoreStore):
    """`Tokens` on Firebase Authentication and Firestore."""

    def verify(self, token: str, *, is_revocation_checked: bool) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = auth.verify_id_token(token, check_revoked=is_revocation_checked)
        except (ValueError, auth.InvalidIdTokenError, auth.UserDisabledError, auth.UserNotFoundError) as error:
            raise RefusedError(
                ReasonCode.UNAUTHENTICATED, f"{_first_sentence(error)}: sign in and send a fresh ID token"
            ) from error
        except (
            exceptions.FirebaseError,
            GoogleAuthError,
        ) as error:  # it could not be checked: the token may be valid
            raise StoreUnavailable(f"verifying an ID token: {error}") from error
        return claims

    def memberships(self, tenant_id: str, uid: str) -> tuple[Document | None, Document | None]:
        tenant, member = paths.tenant(self._db, tenant_id), paths.member(self._db, tenant_id, uid)
        found = self._get_all([tenant, member], f"reading the membership of tenant {tenant_id}")
        return found.get(tenant.path, ABSENT).value, found.get(member.path, ABSENT).value


def _first_sentence(error: Exception) -> str:
    """Return what is wrong with a token, without its content."""
    known = {
        auth.ExpiredIdTokenError: "the ID token expired",
        auth.RevokedIdTokenError: "the ID token was revoked",
        auth.UserDisabledError: "the user is disabled",
        auth.UserNotFoundError: "the user was deleted",
    }
    return next((text for kind, text in known.items() if isinstance(error, kind)), "the ID token is not valid")
