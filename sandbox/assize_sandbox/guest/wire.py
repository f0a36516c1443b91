"""Frames on the guest's side of the channel; assize_sandbox/frames.py documents them."""

import os
import struct

import compact

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Header: TypeAlias = dict[str, Any]

CHANNEL_IN = 0
CHANNEL_OUT = 1
PREFIX = struct.Struct(">II")


class HostGone(Exception):
    """The host closed the channel: there is nobody left to work for."""


def receive() -> "tuple[Header, bytes]":
    """Wait for a frame of the host's; return (header, payload). What it sends is trusted."""
    header_size, payload_size = PREFIX.unpack(_exactly(PREFIX.size))
    header = compact.loads(_exactly(header_size))
    return header, _exactly(payload_size)


def send(header: "Header", payload: bytes = b"") -> None:
    """Send a frame; blocks while the host does not read."""
    text = compact.dumps(header)
    view = memoryview(PREFIX.pack(len(text), len(payload)) + text + payload)
    while view:
        view = view[os.write(CHANNEL_OUT, view) :]


def _exactly(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(CHANNEL_IN, min(count, 1 << 20))
        if not piece:
            raise HostGone
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
