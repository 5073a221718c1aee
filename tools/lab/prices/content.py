"""What form a file is in, by its first bytes."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tools.lab.prices.delimited import read_delimited
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.frames import read_frame
from tools.lab.prices.json_forms import read_json
from tools.lab.prices.raw_table import RawTable

_BINARY = {b"PAR1": "Parquet", b"ARROW1": "Feather", b"FEA1": "Feather"}
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


def raw_tables(path: Path) -> Iterator[RawTable]:
    """Yield the table of a file, or of every file in a folder, by name; hidden files and folders are left out."""
    if not path.exists():
        raise PriceFileError(str(path), "there is no such file")
    if not path.is_dir():
        yield raw_table(path.name, _bytes_of(path))
        return
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise PriceFileError(str(path), "the folder has no file")
    for file in files:
        yield raw_table(file.name, _bytes_of(file))


def raw_table(file: str, content: bytes) -> RawTable:
    """Return the table that a file's bytes are."""
    if content.startswith(_GZIP):
        return raw_table(file, _gunzipped(file, content))
    if content.startswith(_ZIP):
        return raw_table(*_unzipped(file, content))
    for magic, form in _BINARY.items():
        if content.startswith(magic):
            return read_frame(file, form, content)
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return read_json(file, content)
    return read_delimited(file, content)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PriceFileError(str(path), f"cannot be read: {error.strerror}") from error


def _gunzipped(file: str, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise PriceFileError(file, f"cannot be unpacked: {error}", "was it cut off?") from error


def _unzipped(file: str, content: bytes) -> tuple[str, bytes]:
    """Return the name and the bytes of the one file in an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if "[Content_Types].xml" in names:
                raise PriceFileError(file, "is a workbook", "save its sheet as CSV in UTF-8")
            if len(names) != 1:
                raise PriceFileError(file, f"has {len(names)} files in it", "unpack it into a folder, and name that")
            return names[0].rsplit("/", 1)[-1], archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error) as error:
        raise PriceFileError(file, f"cannot be unpacked: {error}", "was it cut off?") from error
