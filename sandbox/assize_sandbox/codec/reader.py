"""Reads values; `codec/__init__.py` says what their bytes are and what is promised about it."""

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from assize.values.instances import InstanceFault, checked_dataclass, checked_enum
from assize.values.keys import KeyFault, check_keys
from assize.values.tree import (
    MOST_DECIMAL_CHARACTERS,
    MOST_PART_BITS,
    DictValue,
    FrozenSetValue,
    ListValue,
    SetValue,
    SliceValue,
    TupleValue,
    Value,
)
from assize_sandbox.codec.layout import (
    CLOCK,
    COUNT,
    DATE,
    DEFAULT_LIMITS,
    DELTA,
    DOUBLE,
    NAN,
    OFFSET,
    UTF8,
    CodecError,
    DecodeLimits,
    decimal_text,
)

_Leaf = Callable[[], Value]
_Sequence = type[ListValue] | type[TupleValue] | type[SetValue] | type[FrozenSetValue]
_SEQUENCES: Final[dict[int, _Sequence]] = {
    ord("l"): ListValue,
    ord("t"): TupleValue,
    ord("S"): SetValue,
    ord("z"): FrozenSetValue,
}


def decode(data: bytes, limits: DecodeLimits = DEFAULT_LIMITS) -> Value:
    """Return the value that the bytes say.

    Raises:
        CodecError: They are not exactly the encoding of one value, or it is over a limit.
    """
    if len(data) > limits.total_bytes:
        raise CodecError(f"{len(data)} bytes, over {limits.total_bytes}")
    reader = _Reader(data, limits)
    value = reader.value(0, in_key=False)
    reader.end()
    return value


class _Reader:
    """Reads hostile bytes, front to back. Nothing but `CodecError` gets out of it."""

    def __init__(self, data: bytes, limits: DecodeLimits) -> None:
        self._data = data
        self._limits = limits
        self._at = 0
        self._nodes = 0
        self._leaves: dict[int, _Leaf] = {
            ord("N"): lambda: None,
            ord("T"): lambda: True,
            ord("F"): lambda: False,
            ord("i"): lambda: self._magnitude(limits.int_bits),
            ord("j"): lambda: self._below_zero(limits.int_bits),
            ord("f"): self._double,
            ord("c"): lambda: complex(self._double(), self._double()),
            ord("s"): self._text,
            ord("b"): self._blob,
            ord("D"): self._decimal,
            ord("P"): self._path,
            ord("q"): self._fraction,
            ord("r"): lambda: range(self._part(), self._part(), self._part()),
            ord("x"): lambda: SliceValue(self._bound(), self._bound(), self._bound()),
            ord("u"): lambda: UUID(bytes=self._take(16)),
            ord("a"): lambda: date(*DATE.unpack(self._take(DATE.size))),
            ord("e"): self._delta,
            ord("o"): self._time,
            ord("p"): self._datetime,
        }

    def end(self) -> None:
        """Check that nothing is left."""
        if self._at != len(self._data):
            raise CodecError(f"{len(self._data) - self._at} bytes after the end of the value")

    def value(self, depth: int, *, in_key: bool) -> Value:
        """Read one value; `in_key` says that whoever holds it checks it as a key."""
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise CodecError(f"over {self._limits.nodes} values")
        if depth > self._limits.depth:
            raise CodecError(f"over {self._limits.depth} containers deep")
        tag = self._take(1)[0]
        if tag in _SEQUENCES:
            return self._sequence(_SEQUENCES[tag], depth, in_key=in_key)
        if tag == ord("d"):
            return self._dict(depth)
        if tag in b"mk":
            return self._instance(tag, depth, in_key=in_key)
        return self._leaf(tag)

    def _leaf(self, tag: int) -> Value:
        read = self._leaves.get(tag)
        if read is None:
            raise CodecError(f"no value starts with byte {tag}, seen at {self._at - 1}")
        started = self._at
        try:
            return read()
        except CodecError:
            raise
        except (ValueError, ArithmeticError) as error:
            raise CodecError(f"the value at byte {started} cannot exist") from error

    def _sequence(self, kind: _Sequence, depth: int, *, in_key: bool) -> Value:
        unordered = kind is SetValue or kind is FrozenSetValue
        inside_key = in_key or unordered
        items = tuple(self.value(depth + 1, in_key=inside_key) for _ in range(self._count()))
        if unordered and not in_key:
            # The check of the outermost key looks into what it holds; to check each level by
            # itself would take quadratic time.
            self._check_keys(items)
        return kind(items)

    def _dict(self, depth: int) -> Value:
        pairs = tuple(
            (self.value(depth + 1, in_key=True), self.value(depth + 1, in_key=False))
            for _ in range(self._count())
        )
        self._check_keys(tuple(key for key, _ in pairs))
        return DictValue(pairs)

    def _instance(self, tag: int, depth: int, *, in_key: bool) -> Value:
        try:
            path = self._text()
            if tag == ord("m"):
                return checked_enum(path, self._text(), self.value(depth + 1, in_key=in_key))
            fields = tuple(
                (self._text(), self.value(depth + 1, in_key=in_key)) for _ in range(self._count())
            )
            return checked_dataclass(path, fields)
        except (InstanceFault, UnicodeDecodeError) as fault:
            raise CodecError(f"before byte {self._at}: {fault}") from fault

    def _check_keys(self, keys: tuple[Value, ...]) -> None:
        try:
            check_keys(keys)
        except KeyFault as fault:
            raise CodecError(f"before byte {self._at}: {fault}") from fault

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise CodecError(f"{size} bytes announced at {self._at}, {len(self._data)} in all")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _count(self) -> int:
        (count,) = COUNT.unpack(self._take(COUNT.size))
        # INVARIANT: whatever is counted takes at least a byte, so no loop outlasts the data.
        if count > len(self._data) - self._at:
            raise CodecError(f"{count} things announced at {self._at}, {len(self._data)} bytes")
        return int(count)

    def _blob(self) -> bytes:
        return self._take(self._count())

    def _text(self) -> str:
        return self._blob().decode(*UTF8)

    def _magnitude(self, most_bits: int) -> int:
        content = self._blob()
        if content[:1] == b"\0":
            raise CodecError(f"an int before byte {self._at} starts with a zero byte")
        if len(content) * 8 > most_bits + 7:
            raise CodecError(f"an int of {len(content)} bytes, over {most_bits} bits")
        value = int.from_bytes(content)
        if value.bit_length() > most_bits:
            raise CodecError(f"an int of {value.bit_length()} bits, over {most_bits}")
        return value

    def _below_zero(self, most_bits: int) -> int:
        value = self._magnitude(most_bits)
        if value == 0:
            raise CodecError(f"an int below zero that is zero, before byte {self._at}")
        return -value

    def _bound(self) -> int | None:
        tag = self._take(1)
        most_bits = min(MOST_PART_BITS, self._limits.int_bits)
        match tag:
            case b"N":
                return None
            case b"i":
                return self._magnitude(most_bits)
            case b"j":
                return self._below_zero(most_bits)
            case _:
                raise CodecError(f"an int was due at byte {self._at - 1}, not {tag!r}")

    def _part(self) -> int:
        part = self._bound()
        if part is None:
            raise CodecError(f"an int was due at byte {self._at - 1}, not None")
        return part

    def _double(self) -> float:
        content = self._take(DOUBLE.size)
        (value,) = DOUBLE.unpack(content)
        if math.isnan(value) and content != NAN:
            raise CodecError(f"another NaN than the one that is used, before byte {self._at}")
        return float(value)

    def _decimal(self) -> Decimal:
        content = self._blob()
        if len(content) > MOST_DECIMAL_CHARACTERS:
            raise CodecError(f"a decimal of {len(content)} characters")
        text = content.decode("ascii")
        value = Decimal(text)
        if decimal_text(value) != text:
            raise CodecError(f"a decimal before byte {self._at} is not as it is written")
        return value

    def _path(self) -> PurePosixPath:
        text = self._text()
        path = PurePosixPath(text)
        if str(path) != text:
            raise CodecError(f"a path before byte {self._at} is not as it is written")
        return path

    def _fraction(self) -> Fraction:
        numerator, denominator = self._part(), self._part()
        value = Fraction(numerator, denominator)
        if (value.numerator, value.denominator) != (numerator, denominator):
            raise CodecError(f"a fraction before byte {self._at} is not in lowest terms")
        return value

    def _delta(self) -> timedelta:
        days, seconds, microseconds = DELTA.unpack(self._take(DELTA.size))
        value = timedelta(days, seconds, microseconds)
        if (value.days, value.seconds, value.microseconds) != (days, seconds, microseconds):
            raise CodecError(f"a timedelta before byte {self._at} carries over")
        return value

    def _time(self) -> time:
        hour, minute, second, microsecond, fold = self._clock()
        return time(hour, minute, second, microsecond, self._zone(), fold=fold)

    def _datetime(self) -> datetime:
        year, month, day = DATE.unpack(self._take(DATE.size))
        hour, minute, second, microsecond, fold = self._clock()
        zone = self._zone()
        return datetime(year, month, day, hour, minute, second, microsecond, zone, fold=fold)

    def _clock(self) -> tuple[int, int, int, int, int]:
        hour, minute, second, microsecond, fold = CLOCK.unpack(self._take(CLOCK.size))
        return hour, minute, second, microsecond, fold

    def _zone(self) -> timezone | None:
        match self._take(1):
            case b"\0":
                return None
            case b"\1":
                (microseconds,) = OFFSET.unpack(self._take(OFFSET.size))
                return timezone(timedelta(microseconds=microseconds))
            case other:
                raise CodecError(f"0 or 1 was due at byte {self._at - 1}, not {other!r}")
