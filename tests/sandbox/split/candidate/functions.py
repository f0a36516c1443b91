# ruff: noqa: B006, PLW0603
# mypy: ignore-errors
"""Functions of every kind."""

import asyncio
import functools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from package.inner.mod import twice

LIMIT = 3
COUNT = 0
SEEN: list[int] = []
WAITING = deque([1, 2])


def everything(first: int, /, second: int = 2, *rest: int, third: int = 3, **more: int) -> Any:
    return first, second, rest, third, more


def hinted(count: int, names: list[str], scale: float = 1.5, other: Any = deque()) -> str:
    return f"{count}{names}{scale}{other}"


def count_up() -> int:
    global COUNT
    COUNT += 1
    SEEN.append(COUNT)
    return COUNT


@functools.lru_cache
def fibonacci(number: int) -> int:
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def counted(number: int) -> int:
    counted.calls += 1
    return number


counted.calls = 0
three = functools.partial(everything, 1, third=9)


def echo(value: Any) -> Any:
    return value


def adder(base: int) -> Callable[[int], int]:
    return lambda value: base + value


def converted(text: str, kind: Callable[[str], Any]) -> Any:
    return kind(text)


def apply(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def careful(function: Callable[..., Any]) -> str:
    try:
        function()
    except ValueError as error:
        return f"caught {error}"
    return "nothing"


def extend(items: list[int], more: list[int]) -> None:
    items.extend(more)
    more.clear()


def chunks(items: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def averages() -> Iterator[float]:
    total, count, value = 0.0, 0, 0.0
    while True:
        value = yield total / count if count else 0.0
        total, count = total + value, count + 1


async def doubled(value: int) -> int:
    await asyncio.sleep(0)
    return twice(value)


async def failing() -> None:
    raise LookupError("not here")


async def countdown(number: int) -> AsyncIterator[int]:
    while number:
        yield number
        number -= 1


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[str]:
    yield name.upper()


def speak(word: str) -> None:
    print(f"-- {word} --")
