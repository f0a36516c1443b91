"""Special methods of stand-ins: each has the candidate carry out one of Python's operations.

Who asks an object a question whose answer decides an assertion leans on what the candidate defines;
that is noted, and the test's assurance falls. Such questions are

- `==`, an ordering, `bool`, `in`, `hash` (and `isinstance`, in `stand_ins.py`);
- an operator with an operand of the tests' own: the object learns it, and may answer with what the
  tests compare next, as in `abs(f() - 3) < 0.1`;
- a method with an argument that Python's own numbers, texts and sets have, or one called `is...`,
  as in `f().startswith("a")`: where one of those is expected an object may answer as is hoped;
- an object that has fewer items than `len` says, unless the tests called its class: where a list is
  expected, it may be as long as is hoped;
- a context that suppresses an exception.
"""

from typing import TYPE_CHECKING, Any

import specials
from link import class_of, link_of, target_of, told_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

QUESTIONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "truth", "contains", "hash"})
"""Operations whose answer is the candidate's opinion."""
OPERATORS = frozenset({*specials.BINARY, *specials.REFLECTED, *specials.IN_PLACE})


def operation(name: str) -> "Callable[..., Any]":
    """Return a method that has the candidate carry out an operation."""
    swapped = name in specials.REFLECTED
    operator = name[1:] if swapped else name

    def operate(self: Any, *args: Any) -> Any:
        link = link_of(self)
        if name in QUESTIONS or (name in OPERATORS and any(target_of(arg) is None for arg in args)):
            link.leaned = True
        operands = (*args, self) if swapped else (self, *args)
        return link.ask("operate", operator, operands)

    return operate


def length(self: Any) -> Any:
    """Return how many items it says that it has."""
    link = link_of(self)
    told = link.ask("operate", "len", (self,))
    if class_of(self) not in link.made and type(told) is int:
        link.leaned |= not link.tally.told(target_of(self), told)
    return told


def iterate(self: Any) -> Any:
    """Return its iterator."""
    link = link_of(self)
    iterator = link.ask("operate", "iter", (self,))
    if class_of(self) not in link.made:
        link.tally.started(target_of(self), target_of(iterator))
    return iterator


def advance(self: Any) -> Any:
    """Return an iterator's next item."""
    link = link_of(self)
    try:
        item = link.ask("operate", "next", (self,))
    except StopIteration:
        link.leaned |= not link.tally.over(target_of(self))
        raise
    link.tally.went_on(target_of(self))
    return item


def item_at(self: Any, key: Any) -> Any:
    """Return an item; Python iterates by this, too, up to the first IndexError."""
    link = link_of(self)
    try:
        return link.ask("operate", "getitem", (self, key))
    except IndexError:
        if class_of(self) not in link.made and type(key) is int and key >= 0:
            link.leaned |= not link.tally.ended(target_of(self), key)
        raise


def call(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Call it."""
    link = link_of(self)
    target: Any = target_of(self)
    if type(target[0]) is str:
        link.renew()
    return link.ask("call", self, args, kwargs, ())


def enter(self: Any) -> Any:
    """Enter it as a context."""
    return link_of(self).ask("method", self, "__enter__", (), {}, ())


def leave(self: Any, _kind: Any, error: "BaseException | None", _trace: Any) -> bool:
    """Leave it as a context."""
    return _left(self, "__exit__", error)


async def enter_async(self: Any) -> Any:
    """Enter it as an asynchronous context."""
    link = link_of(self)
    return link.ask("await", link.ask("method", self, "__aenter__", (), {}, ()))


async def leave_async(self: Any, _kind: Any, error: "BaseException | None", _trace: Any) -> bool:
    """Leave it as an asynchronous context."""
    return _left(self, "__aexit__", error)


def _left(self: Any, method: str, error: "BaseException | None") -> bool:
    """Tell a context that it is left; return whether it suppresses the exception.

    SECURITY: a failed assertion and whatever ends a test is never the candidate's to suppress, nor
    to replace by an exception that the tests expect.
    """
    link = link_of(self)
    if error is None:
        link.ask("leave", self, method, None)
        return False
    if not isinstance(error, Exception):
        return False
    try:
        suppresses = link.ask("leave", self, method, told_error(error)) is True
    except Exception:
        if isinstance(error, AssertionError):
            return False
        link.leaned = True
        raise
    if not suppresses or isinstance(error, AssertionError):
        return False
    link.leaned = True
    return True


def wait(self: Any) -> "Generator[Any, Any, Any]":
    """Wait for it, over there."""
    yield from ()
    return link_of(self).ask("await", self)


async def next_async(self: Any) -> Any:
    """Return the next item of an asynchronous iterator."""
    link = link_of(self)
    return link.ask("await", link.ask("method", self, "__anext__", (), {}, ()))


METHODS = {
    **{name: operation(name) for name in (*specials.UNARY, *OPERATORS)},
    "len": length,
    "iter": iterate,
    "next": advance,
    "getitem": item_at,
    "call": call,
    "enter": enter,
    "exit": leave,
    "aenter": enter_async,
    "aexit": leave_async,
    "await": wait,
    "anext": next_async,
}
"""Those that a class of the candidate's may have, by the names of `specials.py`."""
ALWAYS = {
    name: operation("truth" if name == "bool" else name)
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "bool", "str", "repr", "format")
} | {name: operation(name) for name in ("copy", "deepcopy")}
"""Those that every object has, or that have an answer for every object."""
