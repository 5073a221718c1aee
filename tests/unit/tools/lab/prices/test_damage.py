"""Whatever a file has become, it is read or refused with a sentence, and never a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from functions.domain.kernel.errors import MaestroError
from tests.unit.tools.lab.prices.forms import FILES
from tools.lab.prices.read import read_prices

PIECES = [b",", b'"', b"\n", b"null", b"-", b"99999999", b"NaN", b"[]", b"{}", b";", b"1e400", b"true", b"", b"\x00"]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return bytes that were cut, changed, replaced, repeated or lost at up to three places."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(5):
            case 0:
                del found[at:]
            case 1:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case 2:
                found[at : at + 1] = chance.choice(PIECES)
            case 3:
                found[at:at] = found[chance.randrange(len(found) + 1) :][: chance.randrange(60)]
            case _:
                del found[at : at + chance.randrange(30)]
    return bytes(found)


@pytest.mark.parametrize("file", sorted(path.name for path in FILES.iterdir() if path.suffix != ".md"))
def test_damage_is_named(file: str, tmp_path: Path) -> None:
    chance = random.Random(file)
    content = (FILES / file).read_bytes()
    market = "24x7" if "2025" in file else "XNYS"
    outcomes = {"read": 0, "refused": 0}
    for _ in range(60):
        (tmp_path / file).write_bytes(damaged(content, chance))
        try:
            read_prices(tmp_path / file, market=market)
            outcomes["read"] += 1
        except MaestroError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 10
