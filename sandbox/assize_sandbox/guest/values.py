"""The guest's end of `assize_sandbox/codec`: real Python values to bytes and back.

`decode` reads what the host wrote, so it trusts its input. `encode` meets whatever the candidate's
code returned: it takes exact types only, so that no method of a candidate's class is called, and
refuses the rest with a reason. What it writes is hostile to the host all the same.

The rules of the encoding are in the host's module, which cannot be imported here. Modules of rare
types are imported when one is met: start-up counts for each call.
"""

import struct
import sys

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime, time, timedelta, timezone
    from fractions import Fraction
    from typing import Any
    from uuid import UUID

    Keep = Callable[[object], tuple[int, str, str]]
    Parts = Callable[[object], tuple[bytes, str, list[tuple[str, object]]] | None]

MOST_BYTES = 4 * 1024 * 1024
MOST_DEPTH = 64
MOST_NODES = 250_000
MOST_INT_BITS = 1024 * 1024
MOST_PART_BITS = 8192
MOST_DECIMAL_CHARACTERS = 4096
MOST_NAME_CHARACTERS = 1000

_COUNT = struct.Struct(">I")
_DOUBLE = struct.Struct(">d")
_DATE = struct.Struct(">HBB")
_CLOCK = struct.Struct(">BBBIB")
_OFFSET = struct.Struct(">q")
_DELTA = struct.Struct(">iII")
_NAN = b"\x7f\xf8\0\0\0\0\0\0"


class Refused(Exception):
    """The value is not plain, or over a limit; the message says which part and why."""


def encode(value: object, keep: "Keep | None" = None, parts: "Parts | None" = None) -> bytes:
    """Return the value's bytes. `keep` names what is not plain, where handles may cross.

    `parts` takes members of enums and instances of dataclasses apart, where they cross as data.

    Raises:
        Refused: It is not plain data of the exact types, or too deep, too large or endless.
    """
    writer = _Writer(keep, parts)
    try:
        writer.value(value, 0)
    except RuntimeError as error:  # A thread changes it meanwhile, or the stack is used up.
        raise Refused(f"the value cannot be read: {error}") from error
    return bytes(writer.out)


def decode(data: bytes, find: "Callable[[int, str, str], object] | None" = None) -> "Any":
    """Return the value. `find` returns what a handle stands for, where handles may cross."""
    return _Reader(data, find).value()


def decode_call(data: bytes) -> "tuple[tuple[object, ...], dict[str, object]]":
    """Return the positional and the named arguments of a call."""
    arguments: Any = decode(data)
    return arguments[0], arguments[1]


class _Writer:
    def __init__(self, keep: "Keep | None" = None, parts: "Parts | None" = None) -> None:
        self.out = bytearray()
        self._keep = keep
        self._parts = parts
        self._nodes = 0
        self._open: set[int] = set()

    def value(self, value: object, depth: int) -> None:
        self._nodes += 1
        if depth > MOST_DEPTH:
            raise Refused(f"over {MOST_DEPTH} containers deep")
        if self._nodes > MOST_NODES:
            raise Refused(f"over {MOST_NODES} values in all")
        if id(value) in self._open:
            raise Refused("a container holds itself")
        if not self._container(value, depth) and not self._common(value):
            self._rare(value, depth)
        if len(self.out) > MOST_BYTES:
            raise Refused(f"over {MOST_BYTES} bytes in all")

    def _container(self, value: object, depth: int) -> bool:
        # Exact types, written out, so that no method of a candidate's class is called.
        if type(value) is list or type(value) is tuple:
            tag = b"l" if type(value) is list else b"t"
        elif type(value) is set or type(value) is frozenset:
            tag = b"S" if type(value) is set else b"z"
        elif type(value) is dict:
            tag = b"d"
        else:
            return False
        self._open.add(id(value))
        self.out += tag + _COUNT.pack(len(value))
        if type(value) is dict:
            for key, entry in value.items():
                self.value(key, depth + 1)
                self.value(entry, depth + 1)
        else:
            for item in value:
                self.value(item, depth + 1)
        self._open.discard(id(value))
        return True

    def _common(self, value: object) -> bool:
        if value is None or value is True or value is False:
            self.out += b"N" if value is None else b"T" if value else b"F"
        elif type(value) is int:
            self.integer(value, MOST_INT_BITS)
        elif type(value) is str:
            self.text(b"s", value)
        elif type(value) is float:
            self.out += b"f" + _double(value)
        elif type(value) is bytes:
            self.blob(b"b", value)
        elif type(value) is complex:
            self.out += b"c" + _double(value.real) + _double(value.imag)
        elif type(value) is range:
            self.parts(b"r", value.start, value.stop, value.step)
        elif type(value) is slice:
            self.parts(b"x", value.start, value.stop, value.step)
        else:
            return False
        return True

    def _rare(self, value: object, depth: int) -> None:
        for module_name, name, write in _RARE:
            # An object of a type that nobody imported cannot exist.
            module = sys.modules.get(module_name)
            if module is not None and getattr(module, name, None) is type(value):
                write(self, value)
                return
        found = self._parts(value) if self._parts is not None else None
        if found is not None:
            self._open.add(id(value))
            self._instance(*found, depth)
            self._open.discard(id(value))
            return
        if self._keep is None:
            raise Refused(f"an object of type {_name(value)} is not plain data")
        number, kind, name = self._keep(value)
        self.out += b"h" + _COUNT.pack(number)
        self.text(b"s", kind)
        self.text(b"s", name)

    def _instance(
        self, tag: bytes, path: str, named: "list[tuple[str, object]]", depth: int
    ) -> None:
        self.name(tag, path)
        if tag == b"k":
            self.out += _COUNT.pack(len(named))
        for name, value in named:
            self.name(b"", name)
            self.value(value, depth + 1)

    def name(self, tag: bytes, name: str) -> None:
        """Write what a class, a member or a field is called."""
        if len(name) > MOST_NAME_CHARACTERS:
            raise Refused(f"a name of {len(name)} characters, over {MOST_NAME_CHARACTERS}")
        self.text(tag, name)

    def blob(self, tag: bytes, content: bytes) -> None:
        """Write counted bytes."""
        if len(content) > MOST_BYTES:
            raise Refused(f"over {MOST_BYTES} bytes in all")
        self.out += tag + _COUNT.pack(len(content)) + content

    def text(self, tag: bytes, text: object) -> None:
        """Write text, lone surrogates included."""
        if type(text) is not str:
            raise Refused(f"a part of type {_name(text)} where text belongs")
        self.blob(tag, text.encode("utf-8", "surrogatepass"))

    def integer(self, value: int, most_bits: int) -> None:
        """Write an int of bounded size."""
        bits = value.bit_length()
        if bits > most_bits:
            raise Refused(f"an int of {bits} bits, over {most_bits}")
        self.blob(b"j" if value < 0 else b"i", abs(value).to_bytes((bits + 7) // 8, "big"))

    def parts(self, tag: bytes, *parts: object) -> None:
        """Write the ints that a fraction, a range or a slice is made of."""
        self.out += tag
        for part in parts:
            if part is None and tag == b"x":
                self.out += b"N"
            elif type(part) is int:
                self.integer(part, MOST_PART_BITS)
            else:
                raise Refused(f"a part of type {_name(part)} where an int belongs")


def _name(value: object) -> str:
    # Not `type(value).__name__`: a metaclass of the candidate's could answer that.
    return str(type.__dict__["__name__"].__get__(type(value)))[:100]


def _double(value: float) -> bytes:
    return _DOUBLE.pack(value) if value == value else _NAN  # noqa: PLR0124 - spares `math`


def _write_decimal(writer: "_Writer", value: object) -> None:
    text = str(value).replace("e", "E")  # The candidate's decimal context may say "e".
    if len(text) > MOST_DECIMAL_CHARACTERS:
        raise Refused(f"a Decimal of {len(text)} characters, over {MOST_DECIMAL_CHARACTERS}")
    writer.text(b"D", text)


def _write_fraction(writer: "_Writer", value: "Fraction") -> None:
    writer.parts(b"q", value.numerator, value.denominator)


def _write_uuid(writer: "_Writer", value: "UUID") -> None:
    number = value.int
    if type(number) is not int or not 0 <= number < 1 << 128:
        raise Refused("a UUID that is not made of 128 bits")
    writer.out += b"u" + number.to_bytes(16, "big")


def _write_path(writer: "_Writer", value: object) -> None:
    writer.text(b"P", str(value))


def _write_date(writer: "_Writer", value: "date") -> None:
    writer.out += b"a" + _DATE.pack(value.year, value.month, value.day)


def _write_delta(writer: "_Writer", value: "timedelta") -> None:
    writer.out += b"e" + _DELTA.pack(value.days, value.seconds, value.microseconds)


def _write_time(writer: "_Writer", value: "time") -> None:
    writer.out += b"o" + _clock(value)


def _write_datetime(writer: "_Writer", value: "datetime") -> None:
    writer.out += b"p" + _DATE.pack(value.year, value.month, value.day) + _clock(value)


def _clock(value: "time | datetime") -> bytes:
    clock = _CLOCK.pack(value.hour, value.minute, value.second, value.microsecond, value.fold)
    zone = value.tzinfo
    if zone is None:
        return clock + b"\0"
    if type(zone) is not sys.modules["datetime"].timezone:
        raise Refused(f"a time zone of type {_name(zone)}; only datetime.timezone is plain")
    offset: timedelta = zone.utcoffset(None)  # type: ignore[assignment]
    return (
        clock
        + b"\1"
        + _OFFSET.pack((offset.days * 86_400 + offset.seconds) * 1_000_000 + offset.microseconds)
    )


_RARE: "tuple[tuple[str, str, Callable[[_Writer, Any], None]], ...]" = (
    ("decimal", "Decimal", _write_decimal),
    ("fractions", "Fraction", _write_fraction),
    ("datetime", "datetime", _write_datetime),
    ("datetime", "date", _write_date),
    ("datetime", "time", _write_time),
    ("datetime", "timedelta", _write_delta),
    ("uuid", "UUID", _write_uuid),
    ("pathlib", "PosixPath", _write_path),
)


class _Reader:
    def __init__(
        self, data: bytes, find: "Callable[[int, str, str], object] | None" = None
    ) -> None:
        self._data = data
        self._find = find
        self._at = 0

    def value(self) -> object:
        tag = self._take(1)
        if tag in b"ltSz":
            build = {b"l": list, b"t": tuple, b"S": set, b"z": frozenset}[tag]
            return build(self.value() for _ in range(self._count()))
        if tag == b"d":
            # Python evaluates a key before its value.
            return {self.value(): self.value() for _ in range(self._count())}
        if tag in b"rx":
            start, stop, step = self._part(), self._part(), self._part()
            return range(start, stop, step) if tag == b"r" else slice(start, stop, step)
        return self._scalar(tag)

    def _scalar(self, tag: bytes) -> object:
        if tag in b"NTF":
            return {b"N": None, b"T": True, b"F": False}[tag]
        if tag in b"ij":
            number = int.from_bytes(self._blob(), "big")
            return number if tag == b"i" else -number
        if tag == b"f":
            return self._double()
        if tag == b"c":
            return complex(self._double(), self._double())
        if tag == b"s":
            return self._text()
        if tag == b"b":
            return self._blob()
        return self._rare(tag)

    def _rare(self, tag: bytes) -> object:
        if tag in b"aoep":
            return self._moment(tag)
        if tag == b"D":
            from decimal import Decimal

            return Decimal(self._text())
        if tag == b"q":
            from fractions import Fraction

            return Fraction(self._part(), self._part())
        if tag == b"u":
            from uuid import UUID

            return UUID(bytes=self._take(16))
        if tag == b"P":
            from pathlib import Path

            return Path(self._text())
        if tag == b"h" and self._find is not None:
            number = self._count()
            return self._find(number, self._part(), self._part())
        raise ValueError(f"no value starts with {tag!r}: the host and the guest differ")

    def _moment(self, tag: bytes) -> object:
        import datetime

        if tag == b"e":
            return datetime.timedelta(*_DELTA.unpack(self._take(_DELTA.size)))
        if tag == b"o":
            hour, minute, second, microsecond, fold = _CLOCK.unpack(self._take(_CLOCK.size))
            return datetime.time(hour, minute, second, microsecond, self._zone(), fold=fold)
        day = datetime.date(*_DATE.unpack(self._take(_DATE.size)))
        if tag == b"a":
            return day
        hour, minute, second, microsecond, fold = _CLOCK.unpack(self._take(_CLOCK.size))
        clock = datetime.time(hour, minute, second, microsecond, self._zone(), fold=fold)
        return datetime.datetime.combine(day, clock)

    def _part(self) -> "Any":
        return self.value()

    def _zone(self) -> "timezone | None":
        from datetime import timedelta, timezone

        if self._take(1) == b"\0":
            return None
        (microseconds,) = _OFFSET.unpack(self._take(_OFFSET.size))
        return timezone(timedelta(microseconds=microseconds))

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _count(self) -> int:
        return int(_COUNT.unpack(self._take(_COUNT.size))[0])

    def _blob(self) -> bytes:
        return self._take(self._count())

    def _text(self) -> str:
        return self._blob().decode("utf-8", "surrogatepass")

    def _double(self) -> float:
        return float(_DOUBLE.unpack(self._take(_DOUBLE.size))[0])
