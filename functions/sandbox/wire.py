"""
Protocol between the processes: frames over stream sockets and pipes, of JSON or, if announced, of bytes.

Data from a strategy is JSON and is never unpickled. Inputs to it are a pickle.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import numpy as np

MAX_FRAME_BYTES = 1 << 20
"""Maximum frame from the sandbox: an answer in its envelope fits."""
_LENGTH = struct.Struct("!I")
_MAX_DESCRIPTORS = 4
_TIME, _BYTES, _PAIRS = "$time", "$bytes", "$pairs"

Message = dict[str, Any]


def framed(body: bytes) -> bytes:
    """Return a body prefixed with its length."""
    return _LENGTH.pack(len(body)) + body


def send(channel: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send one message, with file descriptors to share. Raises OSError without a receiver."""
    frame = framed(json.dumps(message).encode())
    sent = socket.send_fds(channel, [frame], descriptors) if descriptors else 0
    channel.sendall(frame[sent:])


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """Return the next message and the descriptors that came with it. Raises EOFError at the end."""
    head, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, _MAX_DESCRIPTORS)
    if not head:
        raise EOFError
    head += _exactly(channel, _LENGTH.size - len(head))
    message: Message = json.loads(_exactly(channel, _LENGTH.unpack(head)[0]))
    return message, descriptors


def receive_bytes(channel: socket.socket) -> bytes:
    """Return the body of the next frame. Raises EOFError at the end."""
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size))
    return _exactly(channel, length)


def _exactly(channel: socket.socket, length: int) -> bytes:
    read = bytearray()
    while len(read) < length:
        more = channel.recv(min(length - len(read), 1 << 20))
        if not more:
            raise EOFError
        read += more
    return bytes(read)


class FrameTooLargeError(Exception):
    """A sender announces a frame beyond the limit."""


class Frames:
    """Assembles frames from chunks."""

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the bodies completed by a chunk. Raises FrameTooLargeError."""
        self._buffer += piece
        bodies = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > self._max_bytes:
                raise FrameTooLargeError
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[_LENGTH.size : end]))
            del self._buffer[:end]
        return bodies


def plain(value: Any) -> Any:
    """
    Return a value for JSON; times and bytes are preserved, anything else becomes its text.

    Runs in the strategy's own process: exceptions of its objects are its errors.
    """
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Mapping):
        return _plain_map(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _plain_single(value)


def _plain_single(value: Any) -> Any:
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes | bytearray):
        return {_BYTES: base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return str(value)


def _plain_map(value: Mapping[Any, Any]) -> Any:
    items = [(str(name), plain(item)) for name, item in value.items()]
    is_marked = any(name.startswith("$") for name, _ in items)
    return {_PAIRS: [list(item) for item in items]} if is_marked else dict(items)


def from_plain(value: Any) -> Any:
    """Return the value given to `plain`. Raises ValueError or TypeError if this is not its output."""
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _TIME in value:
        return datetime.fromisoformat(value[_TIME])
    if _BYTES in value:
        return base64.b64decode(value[_BYTES])
    if _PAIRS in value:
        return {str(name): from_plain(item) for name, item in value[_PAIRS]}
    return {name: from_plain(item) for name, item in value.items()}
