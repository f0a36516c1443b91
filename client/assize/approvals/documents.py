"""Records as JSON documents and back: what files carry, and what the service stores.

Written is the canonical form. Read is strict: every key once, none unknown, none missing, each
value of its type.
"""

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Final, TypeVar, cast, get_args, get_origin, get_type_hints

from assize.approvals.refusals import RefusalCode, Refused
from assize.canonical import canonical, plain

T = TypeVar("T")
MOST_DEPTH: Final = 32
_INTEGERS: Final = range(-(2**53) + 1, 2**53)
"""What every reader of JSON reads alike."""


def written(record: object) -> bytes:
    """Return a record as canonical JSON."""
    return canonical(plain(record))


def read(kind: type[T], data: bytes) -> T:
    """Return the record of a JSON document.

    Raises:
        Refused: MALFORMED_TOKEN: it is no such document.
    """
    return record_of(kind, parsed(data))


def parsed(data: bytes) -> object:
    """Return the values of a JSON text that means the same to every reader.

    Raises:
        Refused: MALFORMED_TOKEN: it is not JSON, gives a key twice, or holds other numbers than
            whole ones.
    """
    try:
        text = data.decode("utf-8")
        value: object = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_float=_no_number,
            parse_int=_integer,
        )
        # A lone surrogate, written as an escape, is no text.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise malformed(f"it is not strict JSON: {str(error)[:200]}") from error
    return value


def record_of(kind: type[T], value: object) -> T:
    """Return a record of plain values.

    Raises:
        Refused: MALFORMED_TOKEN: a key is unknown or missing, or a value is of another type.
    """
    name = kind.__name__.strip("_").removesuffix("Form").removesuffix("File").lower()
    return cast("T", _value(kind, value, name))


def malformed(problem: str) -> Refused:
    """Return the error of a document that is not of the form that is taken."""
    return Refused(RefusalCode.MALFORMED_TOKEN, problem)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is given twice")
    return made


def _no_number(text: str) -> object:
    raise ValueError(f"{text[:20]} is no whole number")


def _integer(text: str) -> int:
    number = int(text)
    if number not in _INTEGERS or text.startswith("-0"):
        raise ValueError("a number is out of range")
    return number


def _value(kind: object, value: object, place: str) -> object:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _tuple(inner, value, place)
    if origin is UnionType:
        return None if value is None else _value(_present(inner), value, place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, place)
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind, value, place)
    if type(value) is not kind:
        raise malformed(f"{place} must be {getattr(kind, '__name__', kind)}")
    return value


def _present(inner: tuple[object, ...]) -> object:
    (kind,) = (each for each in inner if each is not NoneType)
    return kind


def _tuple(inner: tuple[object, ...], value: object, place: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise malformed(f"{place} must be a list")
    if inner[-1] is Ellipsis:
        return tuple(_value(inner[0], each, f"{place}[]") for each in value)
    if len(value) != len(inner):
        raise malformed(f"{place} must have {len(inner)} items")
    return tuple(_value(kind, each, place) for kind, each in zip(inner, value, strict=True))


def _member(kind: type[Enum], value: object, place: str) -> Enum:
    for member in kind:
        if type(value) in {str, int} and member.value == value:
            return member
    raise malformed(f"{place} is none of {', '.join(str(each.value) for each in kind)}")


def _record(kind: type, value: object, place: str) -> object:
    if not isinstance(value, dict):
        raise malformed(f"{place} must have keys and values")
    hints = get_type_hints(kind)
    names = {each.name for each in fields(kind)}
    if value.keys() != names:
        wrong = min(names ^ value.keys(), key=str)
        raise malformed(f"{place}: the key {wrong[:40]!r} is unknown or missing")
    return kind(**{name: _value(hints[name], value[name], f"{place}.{name}") for name in names})
