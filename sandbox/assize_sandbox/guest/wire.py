"""Frames on the guest's side of the channel; assize_sandbox/frames.py documents them."""

import os
import struct

import compact

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from scratch import Scratch

    Header: TypeAlias = dict[str, Any]

CHANNEL_IN = 0
CHANNEL_OUT = 1
PREFIX = struct.Struct(">II")
PAYLOAD_MOST = 4 * 1024 * 1024


class HostGone(Exception):
    """The host closed the channel: there is nobody left to work for."""


def receive() -> "tuple[Header, bytes]":
    """Wait for a frame of the host's; return (header, payload). What it sends is trusted."""
    header, payload_size = _header()
    return header, _exactly(payload_size)


def receive_into(room: "Scratch") -> "Header":
    """Wait for a frame of the host's; return the header, its payload is in `room` then."""
    header, payload_size = _header()
    room.forget()
    while room.used < payload_size:
        if not room.read(CHANNEL_IN, payload_size - room.used):
            raise HostGone
    return header


def send(header: "Header", payload: bytes | memoryview = b"") -> None:
    """Send a frame; blocks while the host does not read."""
    text = compact.dumps(header)
    # Two pieces: put together on the heap, the payload would stay there.
    left = [memoryview(PREFIX.pack(len(text), len(payload)) + text), memoryview(payload)]
    while left:
        written = os.writev(CHANNEL_OUT, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if left:
            left[0] = left[0][written:]


def _header() -> "tuple[Header, int]":
    header_size, payload_size = PREFIX.unpack(_exactly(PREFIX.size))
    return compact.loads(_exactly(header_size)), payload_size


def _exactly(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(CHANNEL_IN, min(count, 1 << 20))
        if not piece:
            raise HostGone
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
