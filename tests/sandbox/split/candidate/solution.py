# ruff: noqa: PYI034
# mypy: ignore-errors
"""A candidate with one of everything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from enum import Enum

PI = 3.14
NAMES = ["a", "b"]


class OwnError(ValueError):
    """The candidate's own."""

    def __init__(self, message: str, code: int = 7) -> None:
        super().__init__(message, code)
        self.code = code


class Colour(Enum):
    RED = 1


@dataclass
class Point:
    x: int
    y: int = 0


def add(a: int, b: int = 2, *, c: int = 0) -> int:
    print("adding")
    return a + b + c


def fail() -> None:
    raise OwnError("no")


def squares(count: int) -> Iterator[int]:
    for number in range(count):
        yield number * number


def for_ever() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


async def later(value: int) -> int:
    await asyncio.sleep(0)
    return value + 1


async def ticks(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0)
        yield number


def sort_in_place(items: list[int]) -> None:
    items.sort()


def spoil(items: list[int]) -> int:
    items.append(99)
    return len(items)


def apply(function: Callable[[int], int], value: int) -> int:
    return function(value)


class Stack:
    """Last in, first out."""

    kind = "lifo"

    def __init__(self) -> None:
        self._items: list[object] = []

    def push(self, item: object) -> None:
        self._items.append(item)

    def pop(self) -> object:
        return self._items.pop()

    @property
    def top(self) -> object:
        return self._items[-1]

    @classmethod
    def of(cls, *items: object) -> "Stack":
        made = cls()
        for item in items:
            made.push(item)
        return made

    @staticmethod
    def version() -> int:
        return 1

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[object]:
        return iter(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __getitem__(self, index: int) -> object:
        return self._items[index]

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None

    def __add__(self, other: "Stack") -> "Stack":
        return Stack.of(*self._items, *other._items)

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self._items.clear()
