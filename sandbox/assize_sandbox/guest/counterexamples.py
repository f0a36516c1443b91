"""What trials of one test found out: the smallest input that fails, or why nothing can be tried.

The report of the test carries it to the host, for the verdict.
"""

import sys
import time
from typing import Any

import values
from exactly import shown

SHRINK_SECONDS = 5.0
"""For making a counterexample smaller; the candidate's own time is limited, too."""
SHOWN_MOST = 1500
MESSAGE_MOST = 300


class Differs(AssertionError):
    """The candidate's answer is wrong."""


class Unusable(BaseException):
    """The check itself is wrong. No exception that hypothesis would shrink."""


class Enough(BaseException):
    """The counterexample is not to be made smaller. No exception that hypothesis would shrink."""


class Ledger:
    """What was found out in one test; the latest failure is the smallest, as hypothesis shrinks."""

    def __init__(self, *, stub: bool = False) -> None:
        self.stub = stub
        self.found: dict[str, Any] | None = None
        self.unusable = ""
        self._failed_at = 0.0

    def reset(self) -> None:
        """Begin a test."""
        self.found = None
        self.unusable = ""

    def told(self) -> "dict[str, Any]":
        """Return what the report of the test says more."""
        if self.unusable:
            return {"unusable": self.unusable}
        return {"found": self.found} if self.found else {}

    def hold(self, call: str) -> None:
        """Note that an input is right; one that was wrong before makes the candidate fickle."""
        if self.found and self.found["input"] == call:
            self.found["fickle"] = True

    def fail(self, call: str, expected: str, actual: str, problem: str, *, raised: bool) -> None:
        """Note a counterexample; `raised`: with an exception where a value was due.

        Raises:
            Enough: It is small enough.
        """
        if self.found is None:
            self._failed_at = time.monotonic()
        self.found = {
            "input": call,
            "expected": expected,
            "actual": actual,
            "problem": problem[:MESSAGE_MOST],
            "raised": raised,
        }
        if self.stub or time.monotonic() - self._failed_at > SHRINK_SECONDS:
            raise Enough

    def die(self, call: str, expected: str) -> None:
        """Note the input that the candidate's process did not survive."""
        if self.found is None:
            self.found = {"input": call, "expected": expected, "actual": "no answer", "died": True}


LEDGER = Ledger()


class Answer:
    """What a call came to: a value, or the names of an exception's classes."""

    def __init__(self, value: Any = None, error: "Exception | None" = None) -> None:
        self.value = value
        self.names = [kind.__name__ for kind in type(error).__mro__] if error else []
        self.fault = plain_fault(value)
        """Why the value is not plain data; empty if it is."""
        if error:
            self.text = f"raises {self.names[0]}: {error}"[:SHOWN_MOST]
        else:
            # What stands in for an object of the candidate's would be written by the candidate.
            self.text = "no plain data" if self.fault else shown(value, SHOWN_MOST)


def plain_fault(value: Any) -> str:
    """Return why a value is not plain data; empty if it is."""
    try:
        values.encode(value)
    except values.Refused as error:
        return str(error)
    return ""


def hypothesis_exceptions() -> "tuple[type[Exception], ...]":
    """Return the base of hypothesis's own exceptions, if anything has imported it."""
    errors = sys.modules.get("hypothesis.errors")
    return (errors.HypothesisException,) if errors else ()


def unusable(text: str) -> Unusable:
    """Return what stops the test, and note why."""
    LEDGER.unusable = text[:MESSAGE_MOST]
    return Unusable(LEDGER.unusable)
