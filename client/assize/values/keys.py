"""When two values are equal, as bytes that can be sorted: no hash of a hostile value is taken.

`EqualityKeys` gives equal bytes to equal values. Equal means:

- of the very same type, or, for `as_python`, of types that Python compares (1, True and 1.0);
- equal as Python says: 0.0 is -0.0, Decimal("1.0") is Decimal("1.00"), ranges by what they count;
- NaN equals NaN if `nan_equal`, else nothing, and then nor does anything that holds it;
- sets whatever their order;
- members of enums and instances of dataclasses by class, names and values, whatever `__eq__` says;
- times with a zone only at the same offset, or, for `as_python`, at the same instant.

The time it takes is linear in the size of the value, sorting aside.
"""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from assize.values.tree import (
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

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_NAN: Final = struct.pack(">d", math.nan)
_MOST_SCALE: Final = 64
"""Decimals of larger exponents are not turned to fractions: 1E+999999 would fill the memory."""


class KeyFault(ValueError):
    """What cannot be in a set or the key of a dict: it is unhashable, or it is there already."""


def check_keys(values: Iterable[Value]) -> None:
    """Check that Python could hold these in one set.

    Raises:
        KeyFault: One is unhashable, or two are equal.
    """
    keys = EqualityKeys(as_python=True, nan_equal=False)
    _sorted_distinct(key for key in map(keys.of, values) if key is not None)


@dataclass(frozen=True, slots=True)
class EqualityKeys:
    """One notion of equality."""

    as_python: bool
    nan_equal: bool

    def of(self, value: Value) -> bytes | None:
        """Return the key of a hashable value; None if it equals nothing, not even itself.

        Raises:
            KeyFault: It is unhashable, or holds a frozenset with two items that are equal.
        """
        match value:
            case TupleValue() | FrozenSetValue():
                return self._container(value)
            case None:
                return b"0"
            case bool() | int() | float() | complex() | Decimal():
                return self._number(value)
            case str():
                return b"s" + _text(value)
            case bytes():
                return b"b" + value
            case datetime() | date() | time() | timedelta():
                return self._moment(value)
            case UUID():
                return b"u" + value.bytes
            case PurePosixPath():
                return b"P" + _text(str(value))
            case range():
                return b"r" + _range(value)
            case EnumValue() | DataclassValue():
                return self._instance(value)
            case Fraction():  # Late: being an abstract base class, it is slow to match.
                return self._number(value)
            case ListValue() | SetValue() | DictValue() | SliceValue():
                raise KeyFault(f"a {type_name(value)} cannot be a key or an item of a set")

    def _container(self, value: TupleValue | FrozenSetValue) -> bytes | None:
        keys = [self.of(item) for item in value.items]
        known = [key for key in keys if key is not None]
        if isinstance(value, FrozenSetValue):
            # In `nan_equal` a set may hold NaN twice, and then must match one that does too.
            known = sorted(known) if self.nan_equal else _sorted_distinct(known)
        if len(known) < len(keys):
            return None
        tag = b"t" if isinstance(value, TupleValue) else b"z"
        return tag + _digest(known)

    def _instance(self, value: EnumValue | DataclassValue) -> bytes | None:
        fields = ((value.name, value.value),) if isinstance(value, EnumValue) else value.fields
        parts = [_text(value.path)]
        for name, inner in sorted(fields, key=lambda field: field[0]):
            key = self.of(inner)
            if key is None:
                return None
            parts += (_text(name), key)
        return (b"m" if isinstance(value, EnumValue) else b"k") + _digest(parts)

    def _number(self, value: complex | Decimal | Fraction) -> bytes | None:
        if self.as_python and isinstance(value, Decimal) and value.is_snan():
            raise KeyFault("a signaling NaN cannot be a key or an item of a set")
        if _holds_nan(value) and not self.nan_equal:
            return None
        if self.as_python:
            return _merged(value)
        match value:
            case bool():
                return b"T" if value else b"F"
            case int():
                return b"i" + _int(value)
            case float():
                return b"f" + _float(value)
            case complex():
                return b"c" + _float(value.real) + _float(value.imag)
            case Decimal():
                return b"D" + _decimal(value)
            case Fraction():
                return b"q" + _ints(value.numerator, value.denominator)

    def _moment(self, value: date | time | timedelta) -> bytes:
        match value:
            case timedelta():
                return b"e" + _int(value // _MICROSECOND)
            case datetime():
                whole = (value.toordinal() * _DAY + _since_midnight(value)) // _MICROSECOND
                return b"p" + self._zoned(whole, value.utcoffset())
            case date():
                return b"a" + _int(value.toordinal())
            case time():
                return b"o" + self._zoned(_since_midnight(value) // _MICROSECOND, value.utcoffset())

    def _zoned(self, microseconds: int, offset: timedelta | None) -> bytes:
        if offset is None:
            return _int(microseconds)
        shift = offset // _MICROSECOND
        if self.as_python:
            return b"z" + _int(microseconds - shift)
        return b"z" + _ints(microseconds, shift)


def _sorted_distinct(keys: Iterable[bytes]) -> list[bytes]:
    found = sorted(keys)
    if any(one == other for one, other in pairwise(found)):
        raise KeyFault("two keys or items of a set are equal, so Python would keep one of them")
    return found


def _digest(parts: Iterable[bytes]) -> bytes:
    # A digest of each container keeps the whole linear, however deep they are nested.
    state = blake2b(digest_size=32)
    for part in parts:
        state.update(len(part).to_bytes(4))
        state.update(part)
    return state.digest()


def _holds_nan(value: complex | Decimal | Fraction) -> bool:
    match value:
        case Decimal():
            return value.is_nan()
        case float():
            return math.isnan(value)
        case complex():
            return math.isnan(value.real) or math.isnan(value.imag)
        case _:
            return False


def _merged(value: complex | Decimal | Fraction) -> bytes:
    """Return the key of a number in which Python's number types are one."""
    match value:
        case float() if math.isfinite(value):
            return b"i" + _ints(*value.as_integer_ratio())
        case float():
            return b"f" + _float(value)
        case int() | Fraction():
            return b"i" + _ints(value.numerator, value.denominator)
        case Decimal() if value.is_infinite():
            return b"f" + _float(float(value))
        case Decimal() if _has_small_exponent(value):
            return b"i" + _ints(*value.as_integer_ratio())
        case Decimal():
            return b"D" + _decimal(value)
        case complex() if value.imag == 0:
            return _merged(value.real)
        case complex():
            return b"c" + _float(value.real) + _float(value.imag)


def _has_small_exponent(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and abs(exponent) <= _MOST_SCALE


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _int(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, signed=True)


def _ints(one: int, other: int) -> bytes:
    first = _int(one)
    return len(first).to_bytes(4) + first + _int(other)


def _float(value: float) -> bytes:
    if math.isnan(value):
        return _NAN
    return struct.pack(">d", value + 0.0)  # -0.0 + 0.0 is 0.0


def _decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return _NAN if value.is_nan() else b"-F" if sign else b"F"
    text = "".join(map(str, digits))
    kept = text.rstrip("0")
    if not kept:
        return b"0"
    return f"{'-' if sign else ''}{kept}E{exponent + len(text) - len(kept)}".encode()


def _since_midnight(value: datetime | time) -> timedelta:
    return timedelta(
        hours=value.hour,
        minutes=value.minute,
        seconds=value.second,
        microseconds=value.microsecond,
    )


def _range(value: range) -> bytes:
    # `len` overflows for large ranges. Two are equal if they count the same numbers.
    length = max(0, -((value.start - value.stop) // value.step))
    first = value.start if length else 0
    step = value.step if length > 1 else 0
    return _digest((_int(length), _int(first), _int(step)))
