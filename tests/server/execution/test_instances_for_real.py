"""Enums and dataclasses that real containers answer, from the spec to the verdict."""

import pytest
from support.service import ISOLATION, POLICIES, GatedAnalyser

from assize.model.spec import Check, Function, FunctionCase, Spec, Tolerance
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import CheckStatus
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
import enum
from dataclasses import dataclass

class Colour(enum.Enum):
    RED = 1
    BLUE = "b"

@dataclass(frozen=True, slots=True)
class Point:
    x: float
    colour: Colour = Colour.RED

@dataclass
class Liar:
    x: int

    def __eq__(self, other):
        return True

class Sub(Liar):
    pass

def colour(name):
    return Colour[name]

def points():
    return {Colour.RED: [Point(0.1 + 0.2)], Colour.BLUE: {Point(1.0, Colour.BLUE)}}

def liar():
    return Liar(2)

def sub():
    return Sub(1)
"""
POINTS = """{
    enum("solution:Colour", "RED", 1):
        [dataclass("solution:Point", x=0.3, colour=enum("solution:Colour", "RED", 1))],
    enum("solution:Colour", "BLUE", "b"):
        {dataclass("solution:Point", colour=enum("solution:Colour", "BLUE", "b"), x=1.0)},
}"""


async def messages(engine: Engine, *cases: FunctionCase) -> list[str | None]:
    """Judge each case by itself, and return what is wrong with it; None if nothing is."""
    submission = Submission((SourceFile("solution.py", SOLUTION),))
    spec = Spec(
        tuple(
            Check(f"check-{index}", Function("solution", (case,)))
            for index, case in enumerate(cases)
        )
    )
    assert validate_request(submission, spec) == []
    pool = WarmPool(engine, 0, memory_headroom_bytes=0)
    job = Job(JobId("instances"), submission, spec, load_directory(POLICIES)["default"], Limits())
    verdict = await LocalExecutor(pool, GatedAnalyser(), ISOLATION).run(job, lambda _event: None)
    assert len(verdict.checks) == len(cases), verdict.message
    return [None if each.status is CheckStatus.PASSED else each.message for each in verdict.checks]


async def test_enums_and_dataclasses_are_judged_as_data(engine: Engine) -> None:
    """Keys, items and fields included; no `__eq__` of the candidate's is asked."""
    right_and_wrong = await messages(
        engine,
        FunctionCase("colour('RED')", returns='enum("solution:Colour", "RED", 1)'),
        FunctionCase("points()", returns=POINTS, approx=Tolerance(relative=1e-9)),
        FunctionCase("colour('BLUE')", returns='enum("solution:Colour", "RED", 1)'),
        FunctionCase("points()", returns=POINTS),
        FunctionCase("liar()", returns='dataclass("solution:Liar", x=1)'),
        FunctionCase("sub()", returns='dataclass("solution:Liar", x=1)'),
    )
    assert right_and_wrong[:2] == [None, None]
    blue, inexact, liar, sub = (message or "passed" for message in right_and_wrong[2:])
    assert "expected enum('solution:Colour', 'RED', 1), got enum('solution:Colour'," in blue
    assert ".x: expected 0.3, got 0.30000000000000004" in inexact
    assert "at .x: expected 1, got 2" in liar
    assert "of type Sub is not plain data" in sub
