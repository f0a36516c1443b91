"""Typed access to what a tool printed: every field may be missing or of another type."""

from collections.abc import Mapping
from typing import Final

from assize_sandbox.errors import ProtocolViolation

TEXT_MOST: Final = 4096
POSITION_MOST: Final = 2**31 - 1
Row = Mapping[str, object]


def row_of(value: object, what: str) -> Row:
    """Return the object.

    Raises:
        ProtocolViolation: It is something else.
    """
    if not isinstance(value, dict):
        raise ProtocolViolation(f"{what} is {type(value).__name__}, not an object")
    return value


def text(row: Row, key: str, most: int = TEXT_MOST) -> str:
    """Return a text, made fit for UTF-8 and cut to `most` characters.

    Raises:
        ProtocolViolation: It is something else.
    """
    value = row.get(key)
    if not isinstance(value, str):
        raise ProtocolViolation(f"a finding's {key} is {type(value).__name__}, not text")
    return value[:most].encode(errors="replace").decode()


def position(row: Row, key: str) -> int:
    """Return a line or column.

    Raises:
        ProtocolViolation: It is no number, or one that no file has.
    """
    value = row.get(key)
    if type(value) is not int or not -1 <= value <= POSITION_MOST:
        raise ProtocolViolation(f"a finding's {key} is not a position")
    return value
