"""A plain value as data that nobody's code runs in: what a function was given, what it answered.

Leaves are Python's own immutable objects of the exact types listed in `Value`; containers are the
nodes below, so that holding a hostile answer never hashes it and never calls anything in it.

Nodes are equal only to themselves. Python's `==` holds 1, True and 1.0 to be equal, so two trees
are compared by `assize_server.core.compare`, or by their encodings, and never by `==`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

MOST_DEPTH: Final = 64
"""Containers around a value, at most."""
MOST_NODES: Final = 250_000
"""Leaves and containers of a value, at most."""
MOST_INT_BITS: Final = 1024 * 1024
"""Bits of an int, at most. What is done with one of these takes linear time."""
MOST_PART_BITS: Final = 8192
"""Bits of each int in a fraction, a range or a slice, at most: those are divided."""
MOST_DECIMAL_CHARACTERS: Final = 4096
"""Characters of a decimal as text, at most."""
MOST_NAME_CHARACTERS: Final = 1000
"""Characters of the path of a class, of the name of a member or of a field, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class ListValue:
    """A list."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True, eq=False)
class TupleValue:
    """A tuple."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True, eq=False)
class SetValue:
    """A set; the order of `items` means nothing."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True, eq=False)
class FrozenSetValue:
    """A frozenset; the order of `items` means nothing."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True, eq=False)
class DictValue:
    """A dict; the pairs are in its order."""

    pairs: tuple[tuple["Value", "Value"], ...]


@dataclass(frozen=True, slots=True)
class SliceValue:
    """A slice of ints."""

    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True, slots=True, eq=False)
class EnumValue:
    """A member of an enum, as data; only answers hold one."""

    path: str
    """Of its class: `module:Qualified.Name`."""
    name: str
    value: "Value"


@dataclass(frozen=True, slots=True, eq=False)
class DataclassValue:
    """An instance of a dataclass, as data; only answers hold one."""

    path: str
    """Of its class: `module:Qualified.Name`."""
    fields: tuple[tuple[str, "Value"], ...]
    """Their names and values; the order means nothing."""


Value = (
    bool
    | int
    | float
    | complex
    | str
    | bytes
    | Decimal
    | Fraction
    | datetime
    | date
    | time
    | timedelta
    | UUID
    | PurePosixPath
    | range
    | SliceValue
    | ListValue
    | TupleValue
    | SetValue
    | FrozenSetValue
    | DictValue
    | EnumValue
    | DataclassValue
    | None
)
"""A str may hold lone surrogates; a time zone is a plain `datetime.timezone`."""

_NAMES: Final[dict[type, str]] = {
    type(None): "None",
    ListValue: "list",
    TupleValue: "tuple",
    SetValue: "set",
    FrozenSetValue: "frozenset",
    DictValue: "dict",
    SliceValue: "slice",
    PurePosixPath: "Path",
    EnumValue: "enum member",
    DataclassValue: "dataclass instance",
}


def type_name(value: Value) -> str:
    """Return what Python calls the type of the value."""
    return _NAMES.get(type(value), type(value).__name__)
