# ruff: noqa: PLR0133, PTH123, SIM115
# mypy: ignore-errors
"""Exceptions of every kind."""

import json
from typing import Any


class Problem(Exception):
    """The base of all."""

    severity = 1


class Denied(Problem, PermissionError):
    """Has state, a property, a method and a message of its own."""

    severity = 2

    def __init__(self, who: str, *, code: int = 403) -> None:
        super().__init__(who)
        self.who = who
        self.code = code
        self.details = {"who": who}

    @property
    def short(self) -> str:
        return f"{self.who}:{self.code}"

    def explained(self, why: str) -> str:
        return f"{self} because {why}"

    def __str__(self) -> str:
        return f"{self.who} may not ({self.code})"


class _Hidden(Problem):
    pass


def deny(who: str, code: int = 403) -> None:
    raise Denied(who, code=code)


def hide() -> None:
    raise _Hidden("x")


def make(who: str) -> Denied:
    return Denied(who)


def results() -> list[Any]:
    return [1, Denied("a"), ValueError("b")]


def parse(text: str) -> Any:
    return json.loads(text)


def open_nothing() -> None:
    open("/nowhere/at/all")


def decode() -> None:
    b"\xff".decode()


def key() -> None:
    {}["missing"]


def chained() -> None:
    try:
        key()
    except KeyError as error:
        raise Problem("later") from error


def assertion() -> None:
    assert 1 == 2, "not equal"


def classify(error: BaseException) -> str:
    return type(error).__name__


def rethrow(function: Any) -> None:
    try:
        function()
    except Problem as error:
        raise Problem("wrapped") from error
