"""The one way from the tests to the candidate: requests out, answers in.

What comes back is hostile, and is either plain data of exact types, or the number of an object that
stays there (`stand_ins.py` makes what stands for it here).
"""

import sys
from typing import Any, Protocol

import letters
import values


class Makes(Protocol):
    """Makes stand-ins."""

    def thing(self, number: int, kind: str, name: str, life: int) -> Any:
        """Return what stands for an object."""
        ...

    def exception(self, told: Any) -> Exception:
        """Return what stands for an exception."""
        ...


class CandidateGone(BaseException):
    """The candidate's process died while it was asked. No test may catch it as an Exception."""


class Refusal(TypeError):
    """The tests asked for something that does not cross the boundary; the message says what."""


class Link:
    """The one way to the candidate."""

    def __init__(
        self, *, callbacks: bool, back: "dict[str, list[int | str]]", fresh_each_call: bool
    ) -> None:
        self._callbacks_allowed = callbacks
        self._fresh_each_call = fresh_each_call
        self._back = back
        self._kept: dict[int, Any] = {}
        self.leaned = False
        """Whether a question was put to an object of the candidate's."""
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

    def back(self, name: str) -> "list[int | str]":
        """Return which arguments of a function are copied back."""
        return self._back.get(name, [])

    def ask(self, *request: Any) -> Any:
        """Put a request and return the value that answers it.

        Raises:
            CandidateGone: The process died.
            Exception: What the candidate raised, as a stand-in.
        """
        if self._fresh_each_call and request[0] == "call":
            self.fresh()
        outcome, value, text, changed = self._exchange(request)
        for stream, printed in zip((sys.stdout, sys.stderr), text, strict=True):
            if printed:
                stream.write(printed)
        if outcome == "raised":
            raise self.makes.exception(value)
        if outcome == "stopped" and (request[:2] == ("operate", "next") or request[0] == "await"):
            raise StopIteration(value)
        if outcome != "value":
            # SECURITY: a StopIteration out of a plain call would end the tests' own loops early.
            raise RuntimeError("the candidate raised StopIteration")
        return value, changed

    def _exchange(self, request: Any) -> Any:
        while True:
            letters.child_sends(b"A" + values.encode(request, self._keep))
            answer = letters.child_receives()
            if answer[:1] != b"V":
                self.gone = answer[1:].decode(errors="replace") or "its process ended"
                raise CandidateGone(self.gone)
            try:
                told = values.decode(answer[1:], self._find)
                if told[0] == "callback":
                    request = self._called_back(*told[1:])
                    continue
                outcome, value, (out, err), changed = told
            except Exception as error:
                self.gone = f"its answer cannot be read: {type(error).__name__}"
                raise CandidateGone(self.gone) from error
            return outcome, value, (str(out), str(err)), changed

    def _called_back(self, number: int, args: Any, kwargs: Any) -> Any:
        try:
            return "returned", self._kept[number](*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - goes back to whoever called
            return "failed", (type(error).__name__, str(error))

    def _keep(self, thing: object) -> "tuple[int, str, str]":
        """Name something that is not plain and goes to the candidate."""
        if getattr(type(thing), "_assize_crosses", False) is True:
            if object.__getattribute__(thing, "_assize_life") != self._life:
                raise Refusal(
                    "this object belonged to a process of the candidate's that is gone: make it "
                    "inside the test, or say `lifetime: suite` in the spec"
                )
            return object.__getattribute__(thing, "_assize_number"), "theirs", ""
        if getattr(type(thing), "_assize_stays", False) is True:
            raise Refusal(f"{thing!r} is the candidate's; pass what it returns, not itself")
        if callable(thing) and self._callbacks_allowed:
            self._kept[id(thing)] = thing
            return self._number_of(thing), "callback", ""
        if callable(thing):
            raise Refusal(
                f"{thing!r} is a function of the tests, and the candidate may not call it: "
                "say `callbacks: true` in the spec to allow it"
            )
        raise Refusal(f"an object of type {type(thing).__name__} is not plain data")

    def _number_of(self, thing: object) -> int:
        number = len(self._kept)
        self._kept[number] = thing
        return number

    def _find(self, number: int, kind: str, name: str) -> Any:
        """Return the stand-in of an object that stays with the candidate."""
        return self.makes.thing(number, kind, name, self._life)
