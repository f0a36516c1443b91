"""How the arguments of a property check are made up: a small closed vocabulary."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Integers:
    """Whole numbers; None is no bound."""

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True)
class Floats:
    """Floats; None is no bound."""

    min: float | None = None
    max: float | None = None
    allow_nan: bool = False
    allow_infinity: bool = False


@dataclass(frozen=True, slots=True)
class Booleans:
    """True and False."""


@dataclass(frozen=True, slots=True)
class Text:
    """Texts of the characters of `alphabet`; empty means all of Unicode."""

    min_size: int = 0
    max_size: int | None = None
    alphabet: str = ""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes."""

    min_size: int = 0
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """None, always."""


@dataclass(frozen=True, slots=True)
class SampledFrom:
    """One of a few values, in the notation of docs/values.md."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of what `of` makes."""

    of: "Strategy"
    min_size: int = 0
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class Tuples:
    """Tuples with an item for each strategy."""

    of: tuple["Strategy", ...]


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """Dicts."""

    keys: "Strategy"
    values: "Strategy"
    min_size: int = 0
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """What one of several strategies makes."""

    of: tuple["Strategy", ...]


@dataclass(frozen=True, slots=True)
class Optional:
    """None, or what `of` makes."""

    of: "Strategy"


Strategy = (
    Integers
    | Floats
    | Booleans
    | Text
    | Bytes
    | Nothing
    | SampledFrom
    | Lists
    | Tuples
    | Dictionaries
    | OneOf
    | Optional
)


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument, and its name in the postcondition (empty: none)."""

    strategy: Strategy
    name: str = ""
