"""The one way from the tests to the candidate: requests out, answers in.

What comes back is hostile, and is either plain data of exact types, or the number of an object that
stays there (`workshop.py` makes what stands for it here).
"""

import builtins
import sys
import types
from typing import Any, NoReturn, Protocol

import letters
import values
from tally import Tally

OUTCOMES = frozenset({"value", "raised", "stopped", "ended"})


class Makes(Protocol):
    """Makes stand-ins."""

    def thing(self, number: int, kind: str, name: str, life: int) -> Any:
        """Return what stands for an object."""
        ...

    def exception(self, told: Any, life: int) -> Exception:
        """Return what stands for an exception."""
        ...


class CandidateGone(BaseException):
    """The candidate's process died while it was asked. No test may catch it as an Exception."""


class Refusal(BaseException):
    """The tests asked for something that does not cross the boundary; the message says what.

    No test may take it for an exception of the candidate's.
    """


class Link:
    """The one way to the candidate."""

    def __init__(
        self, *, callbacks: bool, back: "dict[str, list[int | str]]", fresh_each_call: bool
    ) -> None:
        self._callbacks_allowed = callbacks
        self._fresh_each_call = fresh_each_call
        self._back = back
        self._callbacks: list[Any] = []
        self._open = 0
        self.leaned = False
        """Whether a question was put to an object of the candidate's."""
        self.tally = Tally()
        self.made: set[tuple[str, str]] = set()
        """The classes, by module and name, of which the tests made objects themselves."""
        self.gone = ""
        """Why the candidate's process is dead, if it is."""
        self.makes: Makes
        self._life = 0

    def fresh(self) -> None:
        """Have a new process of the candidate's; what the old one held is lost."""
        letters.child_sends(b"F")
        letters.child_receives()
        self.gone = ""
        self._life += 1
        self._callbacks.clear()
        self.tally = Tally()

    def renew(self) -> None:
        """Have a new process if the spec wants one for each call; a callback stays in its call."""
        if self._fresh_each_call and not self._open:
            self.fresh()

    def back(self, name: str) -> "list[int | str]":
        """Return which arguments of a function are copied back."""
        return self._back.get(name, [])

    def ask(self, *request: Any) -> Any:
        """Put a request and return the value that answers it. Raises as `exchange` does."""
        return self.exchange(request)[0]

    def exchange(self, request: Any) -> "tuple[Any, Any]":
        """Put a request; return the value that answers it, and the arguments that are copied back.

        Raises:
            CandidateGone: The process died.
            Refusal: The request holds what does not cross.
            Exception: What the candidate raised, as a stand-in.
        """
        if self.gone:
            raise CandidateGone(self.gone)
        failures: list[Exception] = []
        self._open += 1
        try:
            outcome, value, text, changed = self._answer(request, failures)
        finally:
            self._open -= 1
        for stream, printed in zip((sys.stdout, sys.stderr), text, strict=True):
            if printed:
                stream.write(printed)
        for failure in failures:
            # SECURITY: whatever the candidate made of it, an assertion of the tests failed.
            if isinstance(failure, AssertionError):
                raise failure
        if outcome == "raised":
            raise self._raised(value, failures)
        if outcome == "stopped" and request[:2] == ("operate", "next"):
            raise StopIteration(value)
        if outcome == "ended" and request[0] == "await":
            raise StopAsyncIteration
        if outcome != "value":
            # SECURITY: a StopIteration out of a plain call would end the tests' own loops early.
            raise RuntimeError("the candidate raised StopIteration or StopAsyncIteration")
        return value, changed

    def _answer(self, request: Any, failures: "list[Exception]") -> Any:
        while True:
            try:
                encoded = values.encode(request, self._keep)
            except values.Refused as error:
                raise Refusal(f"what the tests pass does not cross: {error}") from error
            letters.child_sends(b"A" + encoded)
            answer = letters.child_receives()
            if answer[:1] != b"V":
                self._lose(answer[1:].decode(errors="replace") or "its process ended")
            try:
                told = checked(values.decode(answer[1:], self._find))
            except Exception as error:  # noqa: BLE001 - hostile
                self._lose(f"its answer cannot be read: {type(error).__name__}")
            if told[0] != "callback":
                return told
            request = self._called_back(failures, *told[1:])

    def _lose(self, why: str) -> "NoReturn":
        self.gone = why
        raise CandidateGone(why)

    def _raised(self, told: Any, failures: "list[Exception]") -> Exception:
        *known, failure = told
        if failure is not None:
            # A callback's own exception comes back as the very same.
            return failures[failure] if 0 <= failure < len(failures) else RuntimeError("no failure")
        return self.makes.exception(tuple(known), self._life)

    def _called_back(
        self, failures: "list[Exception]", number: int, args: Any, kwargs: Any
    ) -> "tuple[str, Any]":
        try:
            return "returned", self._callbacks[number](*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - goes back to whoever called
            failures.append(error)
            return "failed", (told_error(error), len(failures) - 1)

    def _keep(self, thing: object) -> "tuple[int, str, str]":
        """Name something that is not plain and goes to the candidate."""
        target = target_of(thing)
        if target is not None:
            owner, part = target
            if type(owner) is str:
                return 0, "named", f"{owner}:{part}"
            if part != self._life:
                raise Refusal(
                    "this object belonged to a process of the candidate's that is gone: make it "
                    "inside the test, or say `lifetime: suite` in the spec"
                )
            return owner, "theirs", ""
        if name := builtin_name(thing):
            return 0, "named", f"builtins:{name}"
        if callable(thing) and self._callbacks_allowed:
            self._callbacks.append(thing)
            return len(self._callbacks) - 1, "callback", ""
        if callable(thing):
            raise Refusal(
                f"{thing!r} is a function of the tests, and the candidate may not call it: "
                "say `callbacks: true` in the spec to allow it"
            )
        raise Refusal(f"an object of type {type(thing).__name__} is not plain data")

    def _find(self, number: int, kind: str, name: str) -> Any:
        """Return the stand-in of an object that stays with the candidate."""
        if type(kind) is not str or type(name) is not str:
            raise TypeError("a handle is named by texts")
        return self.makes.thing(number, kind, name, self._life)


def target_of(thing: object) -> "tuple[Any, Any] | None":
    """Return what a stand-in stands for: (module, dotted name), or (number, life); None if none."""
    if type(thing) is types.FunctionType:
        found: Any = thing.__dict__.get("_assize_target")
        return found  # type: ignore[no-any-return]
    find = getattr(type(thing), "_assize_find_target", None)
    return None if find is None else find(thing)


def link_of(thing: Any) -> Link:
    """Return the link that a stand-in of an object asks through."""
    found: Link = object.__getattribute__(thing, "_assize_link_of")
    return found


def class_of(thing: Any) -> "tuple[str, str]":
    """Return module and name of the class that a stand-in's object has, over there."""
    found: tuple[str, str] = type.__getattribute__(type(thing), "_assize_class")
    return found


def builtin_name(thing: object) -> str:
    """Return the name of a builtin; empty if it is none. Builtins are no oracle."""
    if not isinstance(thing, type | types.BuiltinFunctionType):
        return ""
    name: str = thing.__name__
    return name if getattr(builtins, name, None) is thing else ""


def told_error(error: BaseException) -> "tuple[Any, tuple[Any, ...]]":
    """Return an exception as the candidate may know it: its object, or a class and arguments."""
    if target_of(error) is not None:
        return error, ()
    bases = type(error).__mro__
    kind = next(base for base in bases if builtin_name(base) or target_of(base) is not None)
    if isinstance(error, AssertionError):
        # What an assertion compared is nothing for the candidate to know.
        return kind, ()
    try:
        values.encode(error.args)
    except values.Refused:
        return kind, (str(error),)
    return kind, error.args


def checked(told: Any) -> Any:
    """Return an answer if it has its form, of exact types throughout.

    Raises:
        ValueError: It has not.
    """
    if type(told) is not tuple or len(told) != 4 or type(told[0]) is not str:  # noqa: PLR2004
        raise ValueError("no answer")
    if told[0] == "callback":
        _, number, args, kwargs = told
        good = type(number) is int and number >= 0 and type(args) is tuple and type(kwargs) is dict
    else:
        outcome, value, text, changed = told
        good = outcome in OUTCOMES and type(changed) is tuple and is_texts(text)
        good = good and (outcome != "raised" or is_exception(value))
    if not good:
        raise ValueError("no answer")
    return told


def is_texts(text: Any) -> bool:
    """Tell whether this is what was printed: two texts."""
    return type(text) is tuple and [type(each) for each in text] == [str, str]


def is_exception(told: Any) -> bool:
    """Tell whether this describes an exception."""
    if type(told) is not tuple or len(told) != 6:  # noqa: PLR2004
        return False
    path, bases, message, arguments, _, failure = told
    return (
        type(path) is type(message) is str
        and type(bases) is type(arguments) is tuple
        and all(type(base) is str for base in bases)
        and (failure is None or type(failure) is int)
    )
