"""Sign in to Firebase by e-mail and password, and keep the ID token fresh."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from .errors import NO_ANSWER, UNREADABLE, MaestroApiError, Unauthorized, Unavailable

REFRESH_BEFORE_SECONDS = 300
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Tokens:
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float


class SignIn(httpx.Auth):
    """
    Gives every request its ID token; threads may share it.

    Tokens are refreshed before they expire, and once when the API says 401. Neither they nor the password are ever
    logged or shown.

    Parameters
    ----------
    api_key : str
        The Firebase project's web API key; anything for the emulator.
    emulator_host : str, optional
        host:port of the Auth emulator; the cloud by default.
    """

    def __init__(
        self,
        email: str,
        password: str,
        api_key: str = "emulator",
        emulator_host: str | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.email = email
        self._password = password
        self._root = f"http://{emulator_host}/" if emulator_host else "https://"
        self._http = httpx.Client(headers={"X-Goog-Api-Key": api_key}, timeout=_TIMEOUT_SECONDS)
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: _Tokens | None = None

    def __repr__(self) -> str:
        return f"SignIn({self.email!r})"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer {self.token(refused=token)}"
            yield request

    def token(self, refused: str | None = None) -> str:
        """
        Return an ID token that is valid for a while.

        Parameters
        ----------
        refused : str, optional
            A token that the API no longer accepts.

        Raises
        ------
        Unauthorized
            If e-mail or password are wrong, or the account is disabled.
        Unavailable
        """
        with self._lock:
            if self._tokens is None:
                self._tokens = self._signed_in()
            elif self._tokens.id_token == refused or self._clock() > self._tokens.expires_at - REFRESH_BEFORE_SECONDS:
                self._tokens = self._refreshed(self._tokens)
            return self._tokens.id_token

    def _signed_in(self) -> _Tokens:
        body = {"email": self.email, "password": self._password, "returnSecureToken": True}
        answer = self._post("identitytoolkit.googleapis.com/v1/accounts:signInWithPassword", json=body)
        return self._read(answer, "idToken", "refreshToken", "expiresIn")

    def _refreshed(self, tokens: _Tokens) -> _Tokens:
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        try:
            answer = self._post("securetoken.googleapis.com/v1/token", data=form)
        except Unauthorized:  # a changed password ends refresh tokens, for one
            return self._signed_in()
        return self._read(answer, "id_token", "refresh_token", "expires_in")

    def _post(self, path: str, **content: Any) -> Mapping[str, Any]:
        try:
            response = self._http.post(self._root + path, **content)
        except httpx.RequestError as error:
            raise Unavailable(0, NO_ANSWER, f"no answer from the sign-in: {error or type(error).__name__}") from error
        try:
            answer = response.json()
            if response.is_success:
                return dict(answer)
            raise _refusal(response.status_code, str(answer["error"]["message"]))
        except (ValueError, TypeError, LookupError) as error:
            raise Unavailable(response.status_code, UNREADABLE, "the sign-in's answer cannot be read") from error

    def _read(self, answer: Mapping[str, Any], *names: str) -> _Tokens:
        try:
            id_token, refresh_token, seconds = (str(answer[name]) for name in names)
            return _Tokens(id_token, refresh_token, self._clock() + float(seconds))
        except (LookupError, ValueError) as error:
            raise Unavailable(200, UNREADABLE, "the sign-in's answer holds no token") from error


def _refusal(status: int, message: str) -> MaestroApiError:
    word = message.split(" ", maxsplit=1)[0]
    if status >= 500 or status == 429 or word.startswith("TOO_MANY_ATTEMPTS"):
        return Unavailable(429 if status == 400 else status, word, message)
    return Unauthorized(401, word, f"the sign-in was refused: {message}")
