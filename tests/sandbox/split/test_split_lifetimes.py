"""How long a process of the candidate's lives, and what is told of its death."""

from dataclasses import replace

import pytest
from support.split import LIMITS, RunSplit, outcomes, problems

from assize.model.verdict import Reason
from assize_sandbox.limits import Limits, Shape

pytestmark = pytest.mark.engine

COUNTS = """
import os
count = 0
def times():
    global count
    count += 1
    for folder in ("/tmp", "/workspace", "/dev/shm"):
        with open(f"{folder}/mark", "a") as file:
            file.write("x")
    return {count, *(os.path.getsize(f"{folder}/mark") for folder in ("/tmp", "/workspace"))}
class Box:
    def __init__(self): self.held = 0
    def hold(self, value):
        self.held += value
        return self.held
def apply(function): return function(), count
def opened(box): return box.held
"""
ONCE = """
import pytest
from solution import times
@pytest.mark.parametrize("test", range(3))
def test_first(test): assert times() == {1}
"""
TWICE = """
from solution import times
def test_a(): assert (times(), times()) == ({1}, {1})
def test_b(): assert (times(), times()) == ({1}, {1})
"""
ALL_ALONG = """
import solution
box = solution.Box()
def test_a(): assert (solution.times(), box.hold(1)) == ({1}, 1)
def test_b(): assert (solution.times(), box.hold(1)) == ({2}, 2)
"""
OBJECTS_OF_A_CALL = """
from solution import Box, apply, opened, times
def test_methods_are_no_calls_of_the_module():
    box = Box()
    box.hold(1)
    assert box.hold(2) == 3
def test_next_call_takes_it_away():
    box = Box()
    times()
    box.hold(1)
def test_as_an_argument():
    opened(Box())
def test_callback_stays_in_its_call():
    assert apply(lambda: times()) == ({1}, 1)
"""


async def test_process_lives_for_one_test(run_split: RunSplit) -> None:
    """By default: neither memory nor files tell one test of another."""
    assert problems(await run_split(COUNTS, ONCE)) == {}
    assert set(outcomes(await run_split(COUNTS, TWICE)).values()) == {"failed"}


async def test_process_lives_for_one_call(run_split: RunSplit) -> None:
    """A program that keeps what it packed in order to unpack it is found out."""
    assert problems(await run_split(COUNTS, TWICE, lifetime="call")) == {}


async def test_process_lives_for_the_suite(run_split: RunSplit) -> None:
    """And so do its objects."""
    assert problems(await run_split(COUNTS, ALL_ALONG, lifetime="suite")) == {}


async def test_object_lives_until_the_next_call_of_its_module(run_split: RunSplit) -> None:
    """Where a process lives for one call; a callback's own calls are part of it."""
    report = await run_split(COUNTS, OBJECTS_OF_A_CALL, lifetime="call", callbacks=True)
    assert outcomes(report) == {
        "test_methods_are_no_calls_of_the_module": "passed",
        "test_next_call_takes_it_away": "failed",
        "test_as_an_argument": "failed",
        "test_callback_stays_in_its_call": "passed",
    }, problems(report)
    stale = problems(report)["test_next_call_takes_it_away"]
    assert "belonged to a process of the candidate's that is gone" in stale


DIES = """
import os, signal
def exits(): os._exit(0)
def aborts(): os.abort()
def kills(): os.kill(os.getpid(), signal.SIGKILL)
def closes(): os.closerange(0, 100)
def recurses(): return recurses()
def fine(): return 1
"""
DIES_SUITE = """
import pytest
import solution
@pytest.mark.parametrize("way", ["exits", "aborts", "kills", "closes"])
def test_death(way):
    try:
        getattr(solution, way)()
    except Exception:
        pass
def test_recursion():
    with pytest.raises(RecursionError):
        solution.recurses()
def test_fine(): assert solution.fine() == 1
"""


@pytest.mark.parametrize("lifetime", ["test", "suite"])
async def test_death_fails_its_test_and_no_other(run_split: RunSplit, lifetime: str) -> None:
    """Whatever the test catches; the next one has a new process."""
    report = await run_split(DIES, DIES_SUITE, lifetime=lifetime)
    found = outcomes(report)
    deaths = {name for name in found if name.startswith("test_death")}
    assert {name for name in found if found[name] == "failed"} == deaths
    assert len(deaths) == 4
    assert report.candidate is not None
    assert report.candidate.reason is Reason.RUNTIME_ERROR


SMALL = Shape(memory_bytes=96 * 1024 * 1024)
ENDLESS_OUTPUT = "import os\n    while True: os.write(1, b'x' * 65536)"


@pytest.mark.parametrize(
    ("source", "limits", "reason"),
    [
        ("while True: pass", replace(LIMITS, cpu_seconds=1.0), Reason.CPU_LIMIT),
        ("import time; time.sleep(1000)", replace(LIMITS, wall_seconds=1.0), Reason.TIME_LIMIT),
        ("x = list(range(10**9))", replace(LIMITS, shape=SMALL), Reason.MEMORY_LIMIT),
        (ENDLESS_OUTPUT, LIMITS, Reason.OUTPUT_LIMIT),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
async def test_limit_of_the_candidate_is_told(
    run_split: RunSplit, source: str, limits: Limits, reason: Reason
) -> None:
    """Its tests fail, one after the other, and the report names the limit."""
    solution = f"def f():\n    {source}\n"
    suite = "from solution import f\ndef test_a(): f()\ndef test_b(): f()\n"
    report = await run_split(solution, suite, limits=limits)
    assert report.done
    assert set(outcomes(report).values()) == {"failed"}
    assert all(test.gone for test in report.tests)
    assert report.candidate is not None
    assert report.candidate.reason is reason, report.candidate
