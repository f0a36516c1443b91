# ruff: noqa: PYI034, PYI036
# mypy: ignore-errors
"""Classes of every kind."""

import enum
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"

    @property
    def other(self) -> "Colour":
        return Colour.BLUE if self is Colour.RED else Colour.RED


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int


class Pair(NamedTuple):
    left: int
    right: int


class Shape(ABC):
    sides = 0

    def __init__(self, name: str) -> None:
        self.name = name
        self._secret = "s"

    @abstractmethod
    def area(self) -> float: ...

    def describe(self) -> str:
        return f"{self.name} of {self.area()}"

    @classmethod
    def unit(cls) -> "Shape":
        return cls(1)

    @staticmethod
    def unit_name() -> str:
        return "cm"


class Square(Shape):
    sides = 4

    def __init__(self, side: float) -> None:
        super().__init__("square")
        self.side = side

    def area(self) -> float:
        return self.side**2

    @property
    def diagonal(self) -> float:
        return self.side * 2**0.5

    @diagonal.setter
    def diagonal(self, value: float) -> None:
        self.side = value / 2**0.5


class Vector:
    def __init__(self, *parts: float) -> None:
        self.parts = list(parts)

    def __add__(self, other: "Vector") -> "Vector":
        return Vector(*(a + b for a, b in zip(self.parts, other.parts, strict=True)))

    def __mul__(self, factor: float) -> "Vector":
        return Vector(*(factor * part for part in self.parts))

    __rmul__ = __mul__

    def __matmul__(self, other: "Vector") -> float:
        return sum(a * b for a, b in zip(self.parts, other.parts, strict=True))

    def __neg__(self) -> "Vector":
        return self * -1

    def __iadd__(self, other: "Vector") -> "Vector":
        self.parts = (self + other).parts
        return self

    def __abs__(self) -> float:
        return (self @ self) ** 0.5

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[float]:
        return iter(self.parts)

    def __getitem__(self, index: Any) -> Any:
        return self.parts[index]

    def __setitem__(self, index: int, value: float) -> None:
        self.parts[index] = value

    def __delitem__(self, index: int) -> None:
        del self.parts[index]

    def __reversed__(self) -> Iterator[float]:
        return reversed(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(tuple(self.parts))

    def __lt__(self, other: "Vector") -> bool:
        return abs(self) < abs(other)

    def __contains__(self, part: float) -> bool:
        return part in self.parts

    def __bool__(self) -> bool:
        return any(self.parts)

    def __call__(self, factor: float) -> "Vector":
        return self * factor

    def __repr__(self) -> str:
        return f"Vector{tuple(self.parts)}"

    def __format__(self, spec: str) -> str:
        return ",".join(format(part, spec) for part in self.parts)

    def __float__(self) -> float:
        return float(abs(self))


class Account:
    opened = 0

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.entries: list[int] = []
        Account.opened += 1

    def pay(self, amount: int) -> "Account":
        self.entries.append(amount)
        return self

    def drain(self, into: list[int]) -> None:
        into.extend(self.entries)
        self.entries.clear()

    async def balance(self) -> int:
        return sum(self.entries)

    async def __aiter__(self) -> AsyncIterator[int]:
        for entry in self.entries:
            yield entry

    async def __aenter__(self) -> "Account":
        return self.pay(1)

    async def __aexit__(self, *_: object) -> None:
        self.entries.clear()


class Journal:
    """Knows how it was left, and suppresses what it is told to."""

    def __init__(self, *suppressed: type[Exception]) -> None:
        self.suppressed = suppressed
        self.left = "never"

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: Any, error: Any, _: Any) -> bool:
        self.left = "well" if kind is None else f"{kind.__name__}: {error}"
        return kind is not None and issubclass(kind, self.suppressed)


@contextmanager
def borrowed(items: list[int]) -> Iterator[Account]:
    account = Account("borrowed")
    for item in items:
        account.pay(item)
    yield account


class Node:
    def __init__(self, value: int, below: "Node | None" = None) -> None:
        self.value = value
        self.below = below


def chain(*values: int) -> Node | None:
    node = None
    for value in reversed(values):
        node = Node(value, node)
    return node


def table() -> dict[str, Any]:
    return {"square": Square(2), "list": [Point(1), Point(2)], "colour": Colour.RED}


def area_of(shape: Shape) -> float:
    return shape.area()


def kinds() -> list[type[Shape]]:
    return [Square]


class Countdown:
    def __init__(self, start: int) -> None:
        self.left = start

    def __iter__(self) -> "Countdown":
        return self

    def __next__(self) -> int:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.left + 1
