"""What does not cross the boundary is refused aloud: no test takes a refusal for an answer."""

import pytest
from support.split import RunSplit, name_of, outcomes

pytestmark = pytest.mark.engine

SOLUTION = """
from enum import Enum
class Base:
    kind = 1
    def run(self): return 1
class Colour(Enum):
    RED = 1
class Problem(Exception): pass
VALUE = 3
def call(value, function=None): return function(value) if function else value
"""
SUITE = """
import contextlib
import pickle
from unittest import mock
import pytest
import solution
from solution import Base, Problem, call

# Each would pass if a refusal were an exception like another.
anything = pytest.raises(Exception)

def test_patched_function():
    with anything, mock.patch("solution.call"):
        raise ValueError

def test_patched_object():
    with anything, mock.patch.object(solution, "VALUE", 4):
        raise ValueError

def test_patched_class():
    with anything, mock.patch.object(Base, "run"):
        raise ValueError

def test_patched_exception():
    with anything:
        Problem.code = 3

def test_patched_by_pytest(monkeypatch):
    with contextlib.suppress(Exception):
        monkeypatch.setattr("solution.call", None)

def test_deleted():
    with anything:
        del solution.call

def test_assigned():
    with contextlib.suppress(Exception):
        solution.VALUE = 4

def test_subclass():
    with anything:
        class Mine(Base):
            pass

def test_subclass_of_an_exception():
    with anything:
        class Mine(Problem):
            pass

def test_pickled():
    with anything:
        pickle.dumps(Base())

def test_function_of_the_tests():
    with pytest.raises(TypeError):
        call(1, lambda value: value)

def test_function_of_the_tests_in_data():
    with pytest.raises(TypeError):
        call([{"a": lambda: 1}])

def test_object_of_the_tests():
    with anything:
        call(object())

def test_array_of_bytes():
    with anything:
        call(bytearray(b"x"))

def test_depth():
    deep = []
    for _ in range(100):
        deep = [deep]
    with anything:
        call(deep)

def test_size():
    with anything:
        call("x" * 5_000_000)

def test_circle():
    circle = []
    circle.append(circle)
    with anything:
        call(circle)
"""
MESSAGES = {
    "test_patched_function": "cannot be patched",
    "test_patched_object": "cannot be patched",
    "test_patched_class": "cannot be patched",
    "test_patched_exception": "cannot be patched",
    "test_patched_by_pytest": "cannot be patched",
    "test_deleted": "cannot be deleted",
    "test_assigned": "cannot be patched",
    "test_subclass": "cannot inherit",
    "test_subclass_of_an_exception": "cannot inherit",
    "test_pickled": "cannot be pickled",
    "test_function_of_the_tests": "say `callbacks: true` in the spec",
    "test_function_of_the_tests_in_data": "say `callbacks: true` in the spec",
    "test_object_of_the_tests": "type object is not plain data",
    "test_array_of_bytes": "type bytearray is not plain data",
    "test_depth": "containers deep",
    "test_size": "bytes in all",
    "test_circle": "holds itself",
}


async def test_what_does_not_cross_fails_the_test_and_says_why(run_split: RunSplit) -> None:
    """Whatever the test expects or catches."""
    report = await run_split(SOLUTION, SUITE)
    assert outcomes(report) == dict.fromkeys(MESSAGES, "failed")
    for test in report.tests:
        assert MESSAGES[name_of(test.test)] in test.message


async def test_modules_of_the_tests_may_be_called_as_ours_are(run_split: RunSplit) -> None:
    """The names of what serves them in their sandbox are free, for the candidate's, too."""
    tests = {
        "test_it.py": "import values, link, suite, objects\n"
        "def test_own(): assert (values.ONE, link.TWO) == (1, 2)\n"
        "def test_theirs(): assert (suite.three(), objects.four()) == (3, 4)\n",
        "values.py": "ONE = 1\n",
        "link.py": "TWO = 2\n",
    }
    candidate = {
        "suite.py": "import objects\ndef three(): return objects.four() - 1\n",
        "objects.py": "def four(): return 4\n",
    }
    report = await run_split(candidate, tests, modules=("objects", "suite"))
    assert outcomes(report) == {"test_own": "passed", "test_theirs": "passed"}, report
