"""How host and guest talk: frames over the guest's standard input and output.

A frame is two big-endian 32-bit lengths, then a JSON object (the header) and a run of bytes (the
payload). The guest has its own copy of these rules (`guest/wire.py`); the host never imports it.

host -> guest
    {"op": "put", "path": str, "read_only"?: true}  payload: a file's content
    {"op": "run", "argv": [str], "env": {str: str}, "keep": int, "file_bytes": int,
     "open_files": int}                           payload: standard input
    {"op": "call", "module": str, "function": str, "env": {...}, "keep", "file_bytes",
     "open_files"}                                payload: encoded (args, kwargs)
    {"op": "read", "path": str, "most": int}
    {"op": "analyse", "settings": {...}}          to an analysis guest: docs/analysis.md
    {"op": "probe", "shape": {...}}               to a probe's guest
    {"op": "put", "side": "before"|"after", "part": ""|"-wal"|"-journal"}
                                                  to a databases guest; payload: the next bytes
    {"op": "compare", "seconds": float}           to a databases guest
guest -> host
    {"ev": "ready"}                               once, after start-up
    {"ev": "done"}                                a put was carried out
    {"ev": "out", "stream": "stdout"|"stderr"}    payload: bytes that the process wrote
    {"ev": "end", "code": int|null, "signal": int|null, "flooded": bool, "disk_full": bool}
                                                  a run is over and every other process dead
    {"ev": "reply", "kind": "value"|"raised"|"refused"|"none", and the keys of "end"}
                                                  payload: the value; {"names", "message"} as JSON;
                                                  why it was refused
    {"ev": "file", "kind": "absent"|"file"|"refused", "size": int, "detail": str}
                                                  payload: the content, if it is a file
    {"ev": "findings"} {"ev": "probed"} {"ev": "compared"}
                                                  payload: JSON, see those guests
    {"ev": "error", "detail": str}                the guest could not do what it was asked

SECURITY: a frame from the guest is hostile input. Sizes are checked before anything is read, the
JSON is parsed with str keys only (their hash is randomised), and what is not of the closed form
raises `ProtocolViolation`.
"""

import json
import struct
from dataclasses import dataclass
from typing import Final

from assize_sandbox.errors import ProtocolViolation

HEADER_MOST: Final = 64 * 1024
PAYLOAD_MOST: Final = 4 * 1024 * 1024
PREFIX: Final = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of either side."""

    header: dict[str, object]
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes."""
    header = json.dumps(frame.header, ensure_ascii=True, separators=(",", ":")).encode()
    return PREFIX.pack(len(header), len(frame.payload)) + header + frame.payload


def sizes(prefix: bytes) -> tuple[int, int]:
    """Return the lengths of header and payload.

    Raises:
        ProtocolViolation: A length is over its bound.
    """
    header, payload = PREFIX.unpack(prefix)
    if header > HEADER_MOST or payload > PAYLOAD_MOST:
        raise ProtocolViolation(f"the guest announced a frame of {header} + {payload} bytes")
    return header, payload


def decode(header: bytes, payload: bytes) -> Frame:
    """Return the frame.

    Raises:
        ProtocolViolation: The header is not a JSON object.
    """
    try:
        parsed = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation("the guest sent a header that is not JSON") from error
    if not isinstance(parsed, dict):
        raise ProtocolViolation("the guest sent a header that is not an object")
    return Frame(parsed, payload)
