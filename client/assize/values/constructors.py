"""The constructors of the notation: which names there are and what each takes.

A constructor is called by its bare name or as its module has it (`Decimal`, `decimal.Decimal`).
Python's own classes do the work; they are handed exact ints and texts only, bounded.
"""

import ast
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from assize.values.tree import (
    MOST_DECIMAL_CHARACTERS,
    MOST_PART_BITS,
    FrozenSetValue,
    SetValue,
    SliceValue,
    Value,
)

Argument = Value | timezone
Arguments = tuple[Argument, ...]
Keywords = Mapping[str, Argument]

_SHOWN_MOST: Final = 40
_REASON_MOST: Final = 200
_SLICE_PARTS: Final = 3
# mypy cannot know that only ints are in the keywords that are left, and no tzinfo.
_make_time: Callable[..., time] = time
_make_datetime: Callable[..., datetime] = datetime


class ConstructorFault(ValueError):
    """There is no such constructor, or it does not take these arguments."""


def construct(name: str, arguments: Arguments, keywords: Keywords) -> Argument:
    """Return what the constructor makes.

    Raises:
        ConstructorFault: There is none of that name, or it does not take these arguments.
    """
    make = _CONSTRUCTORS.get(name)
    if make is None:
        known = ", ".join(key for key in _CONSTRUCTORS if "." not in key)
        raise ConstructorFault(f"`{name[:_SHOWN_MOST]}` makes no plain value; these do: {known}")
    try:
        return make(arguments, keywords)
    except ConstructorFault:
        raise
    except (ValueError, TypeError, ArithmeticError) as error:
        reason = str(error)[:_REASON_MOST]  # It may quote ints of thousands of digits.
        raise ConstructorFault(f"{name} does not take that: {reason}") from error


def dotted_name(node: ast.expr) -> str | None:
    """Return a name such as `a` or `a.b`; None if the node is something else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join((node.id, *reversed(parts)))


def _set(arguments: Arguments, keywords: Keywords) -> Value:
    if arguments or keywords:
        raise ConstructorFault("set() is the empty set; write others as {1, 2}")
    return SetValue(())


def _frozenset(arguments: Arguments, keywords: Keywords) -> Value:
    match arguments, keywords:
        case (), {**nothing} if not nothing:
            return FrozenSetValue(())
        case (SetValue(items=items),), {**nothing} if not nothing:
            return FrozenSetValue(items)
        case _:
            raise ConstructorFault("write frozenset() or frozenset({1, 2})")


def _float(arguments: Arguments, keywords: Keywords) -> Value:
    text = _only_text("float", arguments, keywords)
    if text not in {"nan", "inf", "-inf"}:
        raise ConstructorFault("float() takes 'nan', 'inf' or '-inf'; write others as 1.5")
    return float(text)


def _complex(arguments: Arguments, keywords: Keywords) -> Value:
    match arguments:
        case (int() | float() as real, int() | float() as imaginary) if not keywords:
            return complex(real, imaginary)
        case _:
            raise ConstructorFault("complex takes its two parts, such as complex(1.0, -0.5)")


def _decimal(arguments: Arguments, keywords: Keywords) -> Value:
    text = _only_text("Decimal", arguments, keywords)
    if len(text) > MOST_DECIMAL_CHARACTERS:
        raise ConstructorFault(f"{len(text)} characters, over {MOST_DECIMAL_CHARACTERS}")
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise ConstructorFault(f"{text[:_SHOWN_MOST]!r} is not a decimal number") from error
    if len(str(value)) > MOST_DECIMAL_CHARACTERS:
        raise ConstructorFault(f"over {MOST_DECIMAL_CHARACTERS} characters when written out")
    return value


def _fraction(arguments: Arguments, keywords: Keywords) -> Value:
    return Fraction(*_ints("Fraction", arguments, keywords, most=2))


def _range(arguments: Arguments, keywords: Keywords) -> Value:
    return range(*_ints("range", arguments, keywords, most=3))


def _slice(arguments: Arguments, keywords: Keywords) -> Value:
    if keywords or not 1 <= len(arguments) <= _SLICE_PARTS:
        raise ConstructorFault(f"slice takes 1 to 3 ints or None, such as {_EXAMPLES['slice']}")
    given = [None if each is None else _plain_int("slice", each) for each in arguments]
    start, stop, step = [None, *given, None] if len(given) == 1 else [*given, None][:_SLICE_PARTS]
    return SliceValue(start, stop, step)


def _uuid(arguments: Arguments, keywords: Keywords) -> Value:
    return UUID(_only_text("UUID", arguments, keywords))


def _path(arguments: Arguments, keywords: Keywords) -> Value:
    return PurePosixPath(_only_text("Path", arguments, keywords))


def _date(arguments: Arguments, keywords: Keywords) -> Value:
    return date(*_plain_ints("date", arguments), **_named_ints("date", keywords))


def _timedelta(arguments: Arguments, keywords: Keywords) -> Value:
    return timedelta(*_plain_ints("timedelta", arguments), **_named_ints("timedelta", keywords))


def _time(arguments: Arguments, keywords: Keywords) -> Value:
    zone, others = _zone_apart(keywords)
    return _make_time(*_plain_ints("time", arguments), **_named_ints("time", others), tzinfo=zone)


def _datetime(arguments: Arguments, keywords: Keywords) -> Value:
    zone, others = _zone_apart(keywords)
    numbers, named = _plain_ints("datetime", arguments), _named_ints("datetime", others)
    return _make_datetime(*numbers, **named, tzinfo=zone)


def _timezone(arguments: Arguments, keywords: Keywords) -> timezone:
    match arguments:
        case (timedelta() as offset,) if not keywords:
            return timezone(offset)
        case _:
            raise ConstructorFault("write timezone.utc or timezone(timedelta(hours=1))")


def _only_text(name: str, arguments: Arguments, keywords: Keywords) -> str:
    match arguments:
        case (str() as text,) if not keywords:
            return text
        case _:
            raise ConstructorFault(f"{name} takes one text, such as {_EXAMPLES[name]}")


def _ints(name: str, arguments: Arguments, keywords: Keywords, *, most: int) -> tuple[int, ...]:
    if keywords or not 1 <= len(arguments) <= most:
        raise ConstructorFault(f"{name} takes 1 to {most} ints, such as {_EXAMPLES[name]}")
    return _plain_ints(name, arguments)


def _plain_ints(name: str, arguments: Arguments) -> tuple[int, ...]:
    return tuple(_plain_int(name, each) for each in arguments)


def _named_ints(name: str, keywords: Keywords) -> dict[str, int]:
    return {key: _plain_int(name, each) for key, each in keywords.items()}


def _plain_int(name: str, value: Argument) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConstructorFault(f"{name} takes ints, such as {_EXAMPLES[name]}")
    if value.bit_length() > MOST_PART_BITS:
        raise ConstructorFault(f"an int of {value.bit_length()} bits, over {MOST_PART_BITS}")
    return value


def _zone_apart(keywords: Keywords) -> tuple[timezone | None, Keywords]:
    zone = keywords.get("tzinfo")
    if zone is not None and not isinstance(zone, timezone):
        raise ConstructorFault("tzinfo is timezone.utc or timezone(timedelta(hours=1))")
    return zone, {key: each for key, each in keywords.items() if key != "tzinfo"}


_EXAMPLES: Final = {
    "float": "float('nan')",
    "Decimal": "Decimal('1.50')",
    "Fraction": "Fraction(1, 3)",
    "UUID": "UUID('12345678-1234-5678-1234-567812345678')",
    "Path": "Path('a/b.txt')",
    "range": "range(0, 10, 2)",
    "slice": "slice(1, None, 2)",
    "date": "date(2024, 2, 29)",
    "time": "time(12, 30)",
    "datetime": "datetime(2024, 2, 29, 12, 30)",
    "timedelta": "timedelta(days=1, seconds=30)",
}

_CONSTRUCTORS: Final[dict[str, Callable[[Arguments, Keywords], Argument]]] = {
    "set": _set,
    "frozenset": _frozenset,
    "float": _float,
    "complex": _complex,
    "range": _range,
    "slice": _slice,
    "Decimal": _decimal,
    "Fraction": _fraction,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "timedelta": _timedelta,
    "timezone": _timezone,
    "UUID": _uuid,
    "Path": _path,
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _fraction,
    "datetime.date": _date,
    "datetime.time": _time,
    "datetime.datetime": _datetime,
    "datetime.timedelta": _timedelta,
    "datetime.timezone": _timezone,
    "uuid.UUID": _uuid,
    "pathlib.Path": _path,
    "PosixPath": _path,
}
ZONES: Final = frozenset({"timezone.utc", "datetime.timezone.utc"})
"""How the one zone that has a name is written."""
