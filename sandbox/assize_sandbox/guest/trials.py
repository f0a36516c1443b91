"""Tries a function of the candidate's with one input, and keeps the smallest that fails.

The files that the service makes of property checks and of `where` cases import this module as
`assize_trials`. What is right is said by a reference, which runs here on arguments of its own, or
by an expression, which is evaluated here.

- An answer that is not plain data is wrong, as in function cases.
- The reference raised: the candidate's exception must have a class of that name among its bases.
- Whatever is wrong with the check itself (an input or an expected value that is not plain, inputs
  that all are rejected) makes it `unusable`, which is no verdict about the candidate.
"""

import copy
import datetime
import decimal
import fractions
import importlib
import importlib.util
import inspect
import math
import pathlib
import sys
import typing
import uuid
from typing import Any

import values
from counterexamples import (
    LEDGER,
    SHOWN_MOST,
    Answer,
    Differs,
    Enough,
    hypothesis_exceptions,
    unusable,
)
from exactly import Rules, shown
from link import CandidateGone, Refusal

if typing.TYPE_CHECKING:
    from collections.abc import Callable

NAMES: "dict[str, Any]" = {
    "math": math,
    "Decimal": decimal.Decimal,
    "Fraction": fractions.Fraction,
    "date": datetime.date,
    "datetime": datetime.datetime,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
    "timezone": datetime.timezone,
    "UUID": uuid.UUID,
    "Path": pathlib.Path,
    "same": lambda one, other: not Rules().difference(one, other),
}
"""What an expression may name, beside its own names and Python's builtins."""


class Trial:
    """A function, and what must hold of its answers."""

    def __init__(
        self,
        module: str,
        function: str,
        *,
        reference: str = "",
        expression: str = "",
        names: "tuple[str, ...]" = (),
        rules: "Rules | None" = None,
    ) -> None:
        self._module = module
        self._function = function
        self._names = names
        self._rules = rules or Rules()
        self._expression = expression
        self._code = compile(expression or "None", "<expression>", "eval")
        self._reference = found_in(loaded(reference), function) if reference else None

    @property
    def hints(self) -> "list[Any]":
        """Return the type hints of the reference's positional parameters.

        Raises:
            TypeError: One has none, or a parameter cannot be passed by position.
        """
        hints = typing.get_type_hints(self._reference)
        wanted = []
        for parameter in inspect.signature(self._reference or Answer).parameters.values():
            by_position = parameter.kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD
            if by_position and parameter.name in hints:
                wanted.append(hints[parameter.name])
            elif by_position or parameter.default is parameter.empty:
                raise TypeError(
                    f"the reference's parameter {parameter.name} has no type hint, or cannot be "
                    "passed by position: give `arguments` in the spec instead"
                )
        return wanted

    def judge(self, tried: "Callable[[], None]") -> None:
        """Have hypothesis try inputs.

        Raises:
            Differs: The candidate's answer to one is wrong.
            Unusable: Nothing could be tried.
        """
        try:
            tried()
        except Enough:
            pass
        except hypothesis_exceptions() as error:
            if LEDGER.found is None:
                raise unusable(f"{type(error).__name__}: {error}") from error
        if LEDGER.found is not None:
            raise Differs(LEDGER.found["problem"])

    def run(self, args: "tuple[Any, ...]", kwargs: "dict[str, Any] | None" = None) -> None:
        """Try one input.

        Raises:
            Differs: The answer is wrong.
            Unusable: The input or the expected value is not plain data.
        """
        named = kwargs or {}
        call = self._shown(args, named)
        expected = self._expected(args)
        wanted = self._expression if expected is None else expected.text
        try:
            actual = self._answer(args, named, wanted)
            problem = self._problem(args, named, expected, actual)
        except CandidateGone:
            LEDGER.die(call, wanted)
            raise
        if not problem:
            LEDGER.hold(call)
            return
        raised = bool(actual.names) and not (expected and expected.names)
        LEDGER.fail(call, wanted, actual.text, problem, raised=raised)
        raise Differs(problem)

    def _shown(self, args: "tuple[Any, ...]", kwargs: "dict[str, Any]") -> str:
        parts = [shown(each, SHOWN_MOST) for each in args]
        parts += [f"{name}={shown(each, SHOWN_MOST)}" for name, each in kwargs.items()]
        return f"{self._function}({', '.join(parts)})"

    def _expected(self, args: "tuple[Any, ...]") -> "Answer | None":
        if self._reference is None:
            return None
        try:
            answer = Answer(finished(self._reference(*copy.deepcopy(args))))
        except hypothesis_exceptions():
            # It called `hypothesis.assume`: the input is not for trying.
            raise
        except Exception as error:  # noqa: BLE001 - what it raises is the right answer
            return Answer(error=error)
        if answer.fault:
            raise unusable(f"the reference's answer is not plain data: {answer.fault}")
        return answer

    def _answer(self, args: "tuple[Any, ...]", kwargs: "dict[str, Any]", wanted: str) -> Answer:
        function = self._candidate(wanted)
        try:
            return Answer(finished(function(*copy.deepcopy(args), **copy.deepcopy(kwargs))))
        except (Refusal, values.Refused) as error:
            raise unusable(f"an input is not plain data: {error}") from error
        except Exception as error:  # noqa: BLE001 - what it raises is its answer
            return Answer(error=error)

    def _candidate(self, wanted: str) -> Any:
        try:
            module = importlib.import_module(self._module)
            # A stub has functions only, whatever they are part of.
            return found_in(
                module, self._function.partition(".")[0] if LEDGER.stub else self._function
            )
        except Exception as error:
            missing = f"{self._module} has no {self._function} that could be called: {error}"
            LEDGER.fail("", wanted, Answer(error=error).text, missing, raised=True)
            raise Differs(missing) from error

    def _problem(
        self,
        args: "tuple[Any, ...]",
        kwargs: "dict[str, Any]",
        expected: "Answer | None",
        actual: Answer,
    ) -> str:
        """Return what is wrong with an answer; empty if nothing is."""
        if expected is not None and expected.names:
            return "" if expected.names[0] in actual.names else f"expected that it {expected.text}"
        if actual.names:
            return f"it {actual.text}"
        if actual.fault:
            return f"the answer is not plain data: {actual.fault}"
        if expected is not None:
            return self._rules.difference(expected.value, actual.value).removeprefix(": ")
        return self._unmet(args, kwargs, actual)

    def _unmet(self, args: "tuple[Any, ...]", kwargs: "dict[str, Any]", actual: Answer) -> str:
        own = copy.deepcopy(args)
        names = NAMES | {"candidate": importlib.import_module(self._module)}
        names |= {"args": own, "kwargs": copy.deepcopy(kwargs), "result": actual.value}
        names |= {name: each for name, each in zip(self._names, own, strict=False) if name}
        if hypothesis := sys.modules.get("hypothesis"):
            names["assume"] = hypothesis.assume
        try:
            # The expression is the spec's, and was compiled from it.
            return "" if eval(self._code, names) else "the expression is not true"  # noqa: S307
        except hypothesis_exceptions():
            raise
        except Exception as error:  # noqa: BLE001 - most often the answer is of another type
            return f"the expression raised {type(error).__name__}: {error}"


def finished(result: Any) -> Any:
    """Return a call's result, that of an `async` function once it has run."""
    if inspect.iscoroutine(result):
        import asyncio

        return asyncio.run(result)
    return result


def found_in(module: Any, path: str) -> Any:
    """Return what a dotted name stands for.

    Raises:
        AttributeError: Nothing.
    """
    found = module
    for name in path.split("."):
        found = getattr(found, name)
    return found


def loaded(path: str) -> Any:
    """Import a file under a name that no other module has.

    Raises:
        ImportError: There is no such file.
    """
    spec = importlib.util.spec_from_file_location("assize_reference", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
