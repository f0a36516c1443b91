"""What writing and reading values have in common: fixed sizes, limits, the error."""

import math
import struct
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from assize.values.tree import MOST_DEPTH, MOST_INT_BITS, MOST_NODES
from assize_sandbox.frames import PAYLOAD_MOST

COUNT: Final = struct.Struct(">I")
DOUBLE: Final = struct.Struct(">d")
DATE: Final = struct.Struct(">HBB")
CLOCK: Final = struct.Struct(">BBBIB")
OFFSET: Final = struct.Struct(">q")
DELTA: Final = struct.Struct(">iII")
NAN: Final = DOUBLE.pack(math.nan)
UTF8: Final = ("utf-8", "surrogatepass")
"""How text is encoded, lone surrogates included."""
MICROSECOND: Final = timedelta(microseconds=1)


class CodecError(ValueError):
    """The bytes are not the encoding of a value, or the value is over a limit."""


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """How much of a value is taken."""

    total_bytes: int = PAYLOAD_MOST
    """Bytes of the encoding."""
    nodes: int = MOST_NODES
    """Leaves and containers."""
    depth: int = MOST_DEPTH
    """Containers around a value."""
    int_bits: int = MOST_INT_BITS
    """Bits of an int."""


DEFAULT_LIMITS: Final = DecodeLimits()


def decimal_text(value: Decimal) -> str:
    """Return the one way to write the decimal, whatever the thread's decimal context says."""
    return str(value).replace("e", "E")
