"""Property checks and `where` cases in real containers, from the spec to the verdict."""

import pytest
from support.service import ISOLATION, POLICIES, GatedAnalyser

from assize.model.spec import Check, CheckKind, Function, FunctionCase, Lifetime, Property, Spec
from assize.model.strategies import Argument, Floats, Integers, Lists, Text
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import Assurance, CheckResult, CheckStatus, Reason
from assize_sandbox.engines.base import Engine
from assize_sandbox.limits import Limits
from assize_sandbox.pool import WarmPool
from assize_server.core.spec import validate_request
from assize_server.execution.executor import LocalExecutor
from assize_server.execution.job import Job, JobId
from assize_server.policies.load import load_directory

pytestmark = [
    pytest.mark.engine,
    pytest.mark.parametrize("engine", ["runc"], indirect=True),
]

SOLUTION = b"""
import os

def median(numbers):
    if not numbers:
        raise ValueError("none")
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2

def upper_median(numbers):
    return sorted(numbers)[len(numbers) // 2]

def one_for_true(flag):
    return 1 if flag else False

def half(number):
    return number / 2

def empties(numbers):
    numbers.clear()
    return numbers

def encode(text):
    return [ord(char) for char in text]

def decode(codes):
    return "".join(map(chr, codes))

def dies_above(number):
    if number > 1000:
        os._exit(3)
    return number

CALLS = []

def tires(number):
    CALLS.append(number)
    return number if len(CALLS) < 5 else number + 1

class Equal:
    def __eq__(self, other):
        return True

def pleases(number):
    return Equal()

async def later(number):
    return number
"""
NUMBERS = (Argument(Lists(Integers()), "numbers"),)
NUMBER = (Argument(Integers(), "number"),)
MEDIAN = """
import statistics

def median(numbers):
    if not numbers:
        raise ValueError
    return statistics.median(numbers)
"""


def against(function: str, source: str, arguments: tuple[Argument, ...] = ()) -> Property:
    """Return a property check with a reference, which gives the inputs if there are none."""
    return Property(
        "solution",
        function,
        arguments,
        from_type_hints=not arguments,
        reference=("solution.py", source),
        seed=1,
    )


def holds(
    function: str,
    postcondition: str,
    arguments: tuple[Argument, ...] = NUMBER,
    lifetime: Lifetime = Lifetime.TEST,
) -> Property:
    """Return a property check with a postcondition."""
    return Property(
        "solution", function, arguments, postcondition=postcondition, seed=1, lifetime=lifetime
    )


async def judged(engine: Engine, *kinds: CheckKind) -> tuple[CheckResult, ...]:
    """Judge checks of the solution, and return their results."""
    submission = Submission((SourceFile("solution.py", SOLUTION),))
    spec = Spec(tuple(Check(f"check-{index}", kind) for index, kind in enumerate(kinds)))
    assert validate_request(submission, spec) == []
    executor = LocalExecutor(
        WarmPool(engine, 0, memory_headroom_bytes=0), GatedAnalyser(), ISOLATION
    )
    policy = load_directory(POLICIES)["default"]
    job = Job(JobId("made"), submission, spec, policy, Limits())
    verdict = await executor.run(job, lambda _event: None)
    assert len(verdict.checks) == len(kinds), verdict.message
    return verdict.checks


async def test_right_function_holds_with_assurance_split(engine: Engine) -> None:
    """Exceptions included, on arguments of its own, with other functions of its module."""
    results = await judged(
        engine,
        against("median", MEDIAN, NUMBERS),
        against("empties", "def empties(numbers: list[int]): return []"),
        holds("encode", "candidate.decode(result) == text", (Argument(Text(0, 5), "text"),)),
        holds("empties", "result == [] and args == (numbers,)", NUMBERS),
        holds("tires", "result == number", lifetime=Lifetime.CALL),
        holds("later", "same(result, number)"),
    )
    assert [(each.status, each.message) for each in results] == [
        (CheckStatus.PASSED, "hypothesis seed 1")
    ] * len(results)
    assert {each.assurance for each in results} == {Assurance.SPLIT}


async def test_wrong_function_is_refuted_by_a_small_input(engine: Engine) -> None:
    """Shrunk, with what was expected and what came, and the same once more with the same seed."""
    kinds = (
        against("upper_median", MEDIAN.replace("median(n", "upper_median(n", 1), NUMBERS),
        against("one_for_true", "def one_for_true(flag: bool): return flag"),
        holds("half", "result * 2 == number", (Argument(Integers(min=2**60), "number"),)),
    )
    results = await judged(engine, *kinds, *kinds)
    assert [(each.input, each.expected, each.actual) for each in results[:2]] == [
        ("upper_median([])", "raises ValueError: ", "raises IndexError: list index out of range"),
        ("one_for_true(True)", "True", "1"),
    ]
    assert {each.reason for each in results} == {Reason.WRONG_ANSWER}
    evidence = [(each.message, each.input, each.actual) for each in results]
    assert evidence[:3] == evidence[3:]


async def test_function_that_gives_no_answer_is_told_with_its_input(engine: Engine) -> None:
    """It died, it is not there, it answers with an object of its own, it changes its mind."""
    died, absent, pleasing, fickle = await judged(
        engine,
        holds("dies_above", "result == number"),
        holds("absent", "result == number"),
        holds("pleases", "result == number"),
        holds("tires", "result == number"),
    )
    assert died.reason is Reason.RUNTIME_ERROR
    assert died.input.startswith("dies_above(")
    assert (absent.reason, absent.input) == (Reason.RUNTIME_ERROR, "")
    assert (pleasing.input, pleasing.actual) == ("pleases(0)", "no plain data")
    assert fickle.status is CheckStatus.FAILED


async def test_check_that_tells_nothing_is_vacuous(engine: Engine) -> None:
    """A stub passes it, nothing can be tried, or what is expected is not plain."""
    results = await judged(
        engine,
        holds("half", "result == result"),
        holds("half", "assume(False)", (Argument(Integers(0), "number"),)),
        against("half", "def half(number): return number"),
        against("half", "def half(number: object): return number / 2"),
        against("half", "def half(number): return object()", NUMBER),
        against("half", "raise ValueError('no')\nhalf = 1", NUMBER),
        against("half", "import solution\nhalf = solution.half", NUMBER),
    )
    assert [each.reason for each in results] == [Reason.VACUOUS] * len(results)


async def test_cases_with_an_expression_are_judged_with_the_others(engine: Engine) -> None:
    """One check has both; its assurance is the weaker one."""
    plain = FunctionCase("half(3)", returns="1.5")
    inside = FunctionCase("half(number=3)", where="1 < result < kwargs['number'] and args == ()")
    wrong = FunctionCase("encode('a')", where="len(result) == 2")
    always = FunctionCase("half(1)", where="result is result")
    good, bad, vacuous = await judged(
        engine,
        Function("solution", (plain, inside)),
        Function("solution", (inside, wrong, plain)),
        Function("solution", (always,)),
    )
    assert (good.status, good.assurance, good.cases_total) == (
        CheckStatus.PASSED, Assurance.SPLIT, 2,
    )  # fmt: skip
    assert (bad.reason, bad.input, bad.actual) == (Reason.WRONG_ANSWER, "encode('a')", "[97]")
    assert bad.message.startswith("case 2: encode('a'): ")
    assert (bad.cases_passed, bad.cases_total) == (2, 3)
    assert vacuous.reason is Reason.VACUOUS


async def test_floats_are_close_and_nan_is_nan_only_if_asked(engine: Engine) -> None:
    """As in function cases."""
    floats = (Argument(Floats(allow_nan=True), "number"),)
    source = "def half(number): return number * 0.5"
    strict = against("half", source, floats)
    asked = Property("solution", "half", floats, reference=strict.reference, nan_equal=True, seed=1)
    different, same = await judged(engine, strict, asked)
    assert different.input == "half(nan)"
    assert same.status is CheckStatus.PASSED
