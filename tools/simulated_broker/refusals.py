"""What the simulated broker refuses, in Alpaca's words."""

from __future__ import annotations

from typing import Any

FORBIDDEN_CODE = 40310000
INVALID_CODE = 42210000


class RefusalError(Exception):
    """A request that is not done."""

    def __init__(self, status: int, message: str, code: int | None = None, **more: Any) -> None:
        self.status = status
        self.body = {"message": message, **({} if code is None else {"code": code}), **more}
        super().__init__(message)


def not_found(what: str) -> RefusalError:
    return RefusalError(404, what, 40410000)


def forbidden(message: str, **more: Any) -> RefusalError:
    return RefusalError(403, message, FORBIDDEN_CODE, **more)


def invalid(message: str) -> RefusalError:
    return RefusalError(422, message, INVALID_CODE)
