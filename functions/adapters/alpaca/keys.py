"""An account's keys, whose text appears only in the headers of requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.domain.broker.errors import KeysRefused

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Keys:
    """
    A key id and its secret; those of paper and live accounts differ.

    Raises
    ------
    KeysRefused
        If one cannot be a key: empty, or with spaces or line ends, for example from copying.
    """

    key_id: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, value in (("key id", self.key_id), ("secret key", self.secret)):
            if _KEY.fullmatch(value) is None:
                what = "empty" if not value else "invalid: it contains spaces, line ends or other special characters"
                raise KeysRefused(f"the {name} for Alpaca is {what}")

    def headers(self) -> Mapping[str, str]:
        return {"APCA-API-KEY-ID": self.key_id, "APCA-API-SECRET-KEY": self.secret}

    def hidden_in(self, text: str) -> str:
        """Return a text with any quoted keys removed."""
        return text.replace(self.secret, "…").replace(self.key_id, "…")
