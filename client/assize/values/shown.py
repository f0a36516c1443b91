"""Writes values in the notation, bounded: what is not cut short can be read back."""

import math
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain
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
)

SHOWN_MOST_CHARACTERS: Final = 2000
CUT: Final = "…"
"""Ends what was cut short."""

_MOST_DECIMAL_BITS: Final = 2048
"""Larger ints are shown in hexadecimal, which takes linear time and which Python never refuses."""


def show(value: Value, most_characters: int = SHOWN_MOST_CHARACTERS) -> str:
    """Return the value in the notation; cut short, with "…" at its end, if it is longer."""
    pieces: list[str] = []
    left = most_characters
    for piece in _pieces(value, most_characters):
        if len(piece) > left:
            return ("".join(pieces) + piece)[: most_characters - len(CUT)] + CUT
        pieces.append(piece)
        left -= len(piece)
    return "".join(pieces)


def _pieces(value: Value, most: int) -> Iterator[str]:
    match value:
        case ListValue(items=items):
            yield from _listed("[", items, "]", most)
        case TupleValue(items=items):
            yield from _listed("(", items, ",)" if len(items) == 1 else ")", most)
        case SetValue(items=items):
            yield from _listed("{", items, "}", most) if items else ("set()",)
        case FrozenSetValue(items=items):
            yield from _listed("frozenset({", items, "})", most) if items else ("frozenset()",)
        case DictValue(pairs=pairs):
            yield "{"
            for index, (key, entry) in enumerate(pairs):
                yield ", " if index else ""
                yield from chain(_pieces(key, most), (": ",), _pieces(entry, most))
            yield "}"
        case EnumValue(path, name, inner):
            yield f"enum({path!r}, {name[: most + 1]!r}, "
            yield from chain(_pieces(inner, most), (")",))
        case DataclassValue(path, fields):
            yield f"dataclass({path!r}"
            for name, entry in fields:
                yield from chain((f", {name}=",), _pieces(entry, most))
            yield ")"
        case _:
            yield _leaf(value, most)


def _listed(opening: str, items: Iterable[Value], closing: str, most: int) -> Iterator[str]:
    yield opening
    for index, item in enumerate(items):
        yield ", " if index else ""
        yield from _pieces(item, most)
    yield closing


def _leaf(
    value: complex | str | bytes | Decimal | Fraction | date | time | timedelta | UUID
    | PurePosixPath | range | SliceValue | None,
    most: int,
) -> str:  # fmt: skip
    match value:
        case str() | bytes():
            return repr(value[: most + 1])  # What is left out would be cut anyway.
        case None | bool() | Decimal() | UUID():
            return repr(value)
        case int():
            return _int(value)
        case float():
            return _float(value)
        case complex():
            return f"complex({_float(value.real)}, {_float(value.imag)})"
        case Fraction():
            return _call("Fraction", value.numerator, value.denominator)
        case range():
            return _call("range", value.start, value.stop, value.step)
        case SliceValue():
            return _call("slice", value.start, value.stop, value.step)
        case PurePosixPath():
            return f"Path({str(value)[: most + 1]!r})"
        case date() | time() | timedelta():
            return repr(value).replace("datetime.", "")


def _call(name: str, *parts: int | None) -> str:
    return f"{name}({', '.join('None' if part is None else _int(part) for part in parts)})"


def _int(value: int) -> str:
    return str(value) if value.bit_length() <= _MOST_DECIMAL_BITS else hex(value)


def _float(value: float) -> str:
    return repr(value) if math.isfinite(value) else f"float('{value}')"
