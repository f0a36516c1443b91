"""Writes values; `codec/__init__.py` says what their bytes are."""

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from assize.values.tree import (
    MOST_DECIMAL_CHARACTERS,
    MOST_DEPTH,
    MOST_INT_BITS,
    MOST_NODES,
    MOST_PART_BITS,
    DataclassValue,
    DictValue,
    EnumValue,
    FrozenSetValue,
    ListValue,
    SetValue,
    SliceValue,
    TupleValue,
    Value,
    type_name,
)
from assize_sandbox.codec.layout import (
    CLOCK,
    COUNT,
    DATE,
    DEFAULT_LIMITS,
    DELTA,
    DOUBLE,
    MICROSECOND,
    NAN,
    OFFSET,
    UTF8,
    CodecError,
    decimal_text,
)
from assize_sandbox.frames import PAYLOAD_MOST

_SEQUENCES: Final[dict[type, bytes]] = {
    ListValue: b"l",
    TupleValue: b"t",
    SetValue: b"S",
    FrozenSetValue: b"z",
}


def encode_call(arguments: Sequence[Value], keywords: Sequence[tuple[str, Value]]) -> bytes:
    """Return the arguments of a call as the guest reads them.

    Raises:
        CodecError: They are over a limit, or hold what is an answer only.
    """
    call = TupleValue((TupleValue(tuple(arguments)), DictValue(tuple(keywords))))
    return _encoded(call, _Writer(instances=False))


def encode(value: Value) -> bytes:
    """Return the value's bytes.

    Raises:
        CodecError: It is over a limit that `decode` has by default.
    """
    return _encoded(value, _Writer(instances=True))


def _encoded(value: Value, writer: "_Writer") -> bytes:
    writer.value(value, 0)
    if len(writer.out) > DEFAULT_LIMITS.total_bytes:
        raise CodecError(f"the value takes {len(writer.out)} bytes, over {PAYLOAD_MOST}")
    return bytes(writer.out)


class _Writer:
    """Encodes. Values come from `decode` or the notation, so their keys were checked."""

    def __init__(self, *, instances: bool) -> None:
        self.out = bytearray()
        self._instances = instances
        self._nodes = 0

    def value(self, value: Value, depth: int) -> None:
        self._nodes += 1
        if depth > MOST_DEPTH or self._nodes > MOST_NODES:
            raise CodecError(f"over {MOST_DEPTH} containers deep or over {MOST_NODES} values")
        match value:
            case ListValue() | TupleValue() | SetValue() | FrozenSetValue():
                self._items(_SEQUENCES[type(value)], value.items, depth)
            case DictValue(pairs=pairs):
                self.out += b"d" + COUNT.pack(len(pairs))
                for key, entry in pairs:
                    self.value(key, depth + 1)
                    self.value(entry, depth + 1)
            case EnumValue() | DataclassValue():
                self._instance(value, depth)
            case str():
                self._blob(b"s", value.encode(*UTF8))
            case bytes():
                self._blob(b"b", value)
            case PurePosixPath():
                self._blob(b"P", str(value).encode(*UTF8))
            case date() | time() | timedelta():
                self._moment(value)
            case _:
                self._scalar(value)

    def _scalar(
        self, value: complex | Decimal | Fraction | range | SliceValue | UUID | None
    ) -> None:
        match value:
            case None:
                self.out += b"N"
            case UUID():
                self.out += b"u" + value.bytes
            case bool():
                self.out += b"T" if value else b"F"
            case int():
                self._int(value, MOST_INT_BITS)
            case float():
                self.out += b"f" + _double_bytes(value)
            case complex():
                self.out += b"c" + _double_bytes(value.real) + _double_bytes(value.imag)
            case Decimal():
                self._decimal(value)
            case Fraction():
                self._parts(b"q", value.numerator, value.denominator)
            case range():
                self._parts(b"r", value.start, value.stop, value.step)
            case SliceValue():
                self._parts(b"x", value.start, value.stop, value.step)

    def _instance(self, value: EnumValue | DataclassValue, depth: int) -> None:
        if not self._instances:
            raise CodecError(f"the {type_name(value)} of {value.path} is an answer only")
        self._blob(b"m" if isinstance(value, EnumValue) else b"k", value.path.encode(*UTF8))
        match value:
            case EnumValue():
                self._blob(b"", value.name.encode(*UTF8))
                self.value(value.value, depth + 1)
            case DataclassValue(fields=fields):
                self.out += COUNT.pack(len(fields))
                for name, entry in fields:
                    self._blob(b"", name.encode(*UTF8))
                    self.value(entry, depth + 1)

    def _items(self, tag: bytes, items: tuple[Value, ...], depth: int) -> None:
        self.out += tag + COUNT.pack(len(items))
        for item in items:
            self.value(item, depth + 1)

    def _blob(self, tag: bytes, content: bytes) -> None:
        if len(content) > PAYLOAD_MOST:
            raise CodecError(f"the value takes {len(content)} bytes, over {PAYLOAD_MOST}")
        self.out += tag + COUNT.pack(len(content)) + content

    def _int(self, value: int, most_bits: int) -> None:
        bits = value.bit_length()
        if bits > most_bits:
            raise CodecError(f"an int of {bits} bits, over {most_bits}")
        size = (bits + 7) // 8
        self._blob(b"j" if value < 0 else b"i", abs(value).to_bytes(size))

    def _parts(self, tag: bytes, *parts: int | None) -> None:
        self.out += tag
        for part in parts:
            if part is None:
                self.out += b"N"
            else:
                self._int(part, MOST_PART_BITS)

    def _decimal(self, value: Decimal) -> None:
        text = decimal_text(value)
        if len(text) > MOST_DECIMAL_CHARACTERS:
            raise CodecError(f"a decimal of {len(text)} characters, over {MOST_DECIMAL_CHARACTERS}")
        self._blob(b"D", text.encode())

    def _moment(self, value: date | time | timedelta) -> None:
        match value:
            case timedelta():
                self.out += b"e" + DELTA.pack(value.days, value.seconds, value.microseconds)
            case datetime():
                self.out += (
                    b"p" + DATE.pack(value.year, value.month, value.day) + _clock_bytes(value)
                )
            case date():
                self.out += b"a" + DATE.pack(value.year, value.month, value.day)
            case time():
                self.out += b"o" + _clock_bytes(value)


def _double_bytes(value: float) -> bytes:
    return NAN if math.isnan(value) else DOUBLE.pack(value)


def _clock_bytes(value: datetime | time) -> bytes:
    clock = CLOCK.pack(value.hour, value.minute, value.second, value.microsecond, value.fold)
    offset = value.utcoffset()
    return clock + (b"\0" if offset is None else b"\1" + OFFSET.pack(offset // MICROSECOND))
