"""Candidates that try to pass a suite from within another sandbox."""

from dataclasses import replace

import pytest
from support.split import LIMITS, RunSplit

from assize.model.verdict import Reason

SUITE = """
import pytest
import solution
from solution import *
from solution import add

def test_adds():
    assert add(1, 2) == 3

def test_adds_in_a_loop():
    for got, wanted in zip(map(lambda n: add(n, n), range(3)), [0, 2, 4], strict=True):
        assert got == wanted

def test_adds_all():
    seen = 0
    for got in map(lambda n: add(n, n), range(3)):
        assert got == 2 * seen
        seen += 1
    assert seen == 3
"""

EQUAL_TO_ALL = """
class Yes:
    def __eq__(self, other): return True
    def __radd__(self, other): return self
def add(a, b): return Yes()
"""
EQUAL_INT = """
class I(int):
    def __eq__(self, other): return True
def add(a, b): return I(9)
"""
RAISING = "def add(a, b): raise {}\n"
REPLY_FORGER = """
import os, struct
def add(a, b):
    # What an honest answer looks like, written by hand, with the wrong number in it.
    os.write(3, struct.pack(">I", 5) + b"value")
    return 4
"""
ATTACKS = {
    "true_for_one": "def add(a, b): return True\n",
    "stop_iteration": RAISING.format("StopIteration(3)"),
    "stop_async_iteration": RAISING.format("StopAsyncIteration"),
    "system_exit": RAISING.format("SystemExit(0)"),
    "keyboard_interrupt": RAISING.format("KeyboardInterrupt"),
    "generator_exit": RAISING.format("GeneratorExit"),
    "skip_of_unittest": "import unittest\n" + RAISING.format("unittest.SkipTest('x')"),
    "own_class_called_skipped": "class Skipped(BaseException): pass\n"
    + RAISING.format("Skipped()"),
    "os_exit": "import os\ndef add(a, b): os._exit(0)\n",
    "exit_at_import": "import os\nos._exit(0)\n",
    "forged_reply": REPLY_FORGER,
    "endless_reply": "import os\ndef add(a, b):\n while True: os.write(3, b'x' * 65536)\n",
    "deep_answer": "def add(a, b):\n x = []\n for _ in range(100000): x = [x]\n return x\n",
    "large_answer": "def add(a, b): return 'x' * 10_000_000\n",
    "star_import_of_builtins": "def zip(*a, **k): return []\ndef map(*a): return []\n"
    "def range(*a): return []\ndef add(a, b): return 4\n__all__ = ['zip', 'map', 'range', 'add']\n",
    "star_import_of_pytest_names": "pytest_plugins = ['evil']\npytestmark = []\n"
    "def pytest_runtest_call(*a): pass\ndef test_adds(): pass\ndef add(a, b): return 4\n",
    "frames": "import sys\ndef add(a, b):\n f = sys._getframe()\n while f:\n"
    "  if 'wanted' in f.f_locals: return f.f_locals['wanted']\n  f = f.f_back\n return 4\n",
    "garbage": "import gc\ndef add(a, b):\n"
    " return next((o for o in gc.get_objects() if type(o) is list and o == [0, 2, 4]), 4)\n",
    "patched_builtins": "import builtins\nbuiltins.AssertionError = Exception\n"
    "builtins.all = lambda *a: True\ndef add(a, b): return 4\n",
    "forged_text": "def add(a, b):\n print('===== 3 passed in 0.01s =====')\n return 4\n",
    "yields": "def add(a, b):\n yield 3\n",
    "coroutine": "async def add(a, b): return 3\n",
}


@pytest.mark.parametrize("solution", ATTACKS.values(), ids=ATTACKS.keys())
async def test_attack_passes_no_test_that_it_should_not(run_split: RunSplit, solution: str) -> None:
    """Every test is collected, told, and told as failed; nothing is skipped or missing."""
    report = await run_split(solution, SUITE)
    assert report.outcome.reason is None, report.outcome
    if report.errors:
        # It could not even be imported: no test ran, and none passed.
        assert report.tests == ()
        return
    assert report.done
    assert len(report.collected) == len(report.tests) == 3
    assert {test.outcome for test in report.tests} == {"failed"}


@pytest.mark.parametrize("solution", [EQUAL_TO_ALL, EQUAL_INT])
async def test_object_that_equals_everything_passes_only_as_leaning(
    run_split: RunSplit, solution: str
) -> None:
    """Such a pass is worth less than SPLIT, and the report says so."""
    report = await run_split(
        solution, "from solution import add\ndef test_x(): assert add(1, 2) == 3\n"
    )
    (test,) = report.tests
    assert (test.outcome, test.leaned) == ("passed", True)


async def test_candidate_that_runs_for_ever_fails_with_the_time_limit(run_split: RunSplit) -> None:
    """The limit is the candidate's, and the report names it."""
    limits = replace(LIMITS, wall_seconds=1.0)
    report = await run_split("def add(a, b):\n while True: pass\n", SUITE, limits=limits)
    assert report.candidate is not None
    assert report.candidate.reason is Reason.TIME_LIMIT
    assert {test.outcome for test in report.tests} == {"failed"}


async def test_candidates_module_never_takes_the_place_of_another(run_split: RunSplit) -> None:
    """Modules that the spec does not name are not the candidate's."""
    files = {
        "solution.py": "def add(a, b): return 4\n",
        "json.py": "def loads(text): return 3\n",
        "pytest.py": "def raises(*a): raise SystemExit(0)\n",
        "conftest.py": "import os; os._exit(0)\n",
    }
    suite = "import json\nfrom solution import add\ndef test_x(): assert json.loads('4') == 4\n"
    report = await run_split(files, suite)
    assert [test.outcome for test in report.tests] == ["passed"]


async def test_candidate_remembers_nothing_from_test_to_test(run_split: RunSplit) -> None:
    """Neither in memory nor in files, where a process lives for one test."""
    solution = """
import os
count = 0
def times():
    global count
    count += 1
    open('/tmp/mark', 'a').write('x')
    open('/workspace/mark', 'a').write('x')
    return count, os.path.getsize('/tmp/mark'), os.path.getsize('/workspace/mark')
"""
    suite = """
import pytest
from solution import times
@pytest.mark.parametrize("n", range(3))
def test_first_time(n): assert times() == (1, 1, 1)
"""
    report = await run_split(solution, suite)
    assert [test.outcome for test in report.tests] == ["passed"] * 3
    per_call = suite.replace("assert times()", "times(); assert times()")
    assert {t.outcome for t in (await run_split(solution, per_call)).tests} == {"failed"}
    again = await run_split(solution, per_call, lifetime="call")
    assert {test.outcome for test in again.tests} == {"passed"}


async def test_object_of_a_process_that_is_gone_is_refused(run_split: RunSplit) -> None:
    """A handle never means another process's object."""
    solution = "class Box:\n def get(self): return 1\n"
    suite = """
from solution import Box
box = Box()
def test_a(): assert box.get() == 1
def test_b(): assert box.get() == 1
"""
    gone = await run_split(solution, suite)
    assert {test.outcome for test in gone.tests} == {"failed"}
    assert "lifetime: suite" in gone.tests[0].message
    kept = await run_split(solution, suite, lifetime="suite")
    assert {test.outcome for test in kept.tests} == {"passed"}


async def test_function_of_the_tests_is_not_called_unless_the_spec_allows_it(
    run_split: RunSplit,
) -> None:
    """A trusted function is an oracle."""
    suite = "from solution import f\ndef test_x(): assert f(lambda v: v + 1) == 2\n"
    refused = await run_split("def f(g): return g(1)\n", suite)
    assert refused.tests[0].outcome == "failed"
    assert "callbacks: true" in refused.tests[0].message
    allowed = await run_split("def f(g): return g(1)\n", suite, callbacks=True)
    assert allowed.tests[0].outcome == "passed"


async def test_test_files_are_not_where_the_candidate_is(run_split: RunSplit) -> None:
    """No test file, no expected value, no test process."""
    solution = """
import os
def look():
    return sorted(os.listdir('/workspace')), sum(p.isdecimal() for p in os.listdir('/proc'))
"""
    suite = "from solution import look\ndef test_x(): assert look() == (['solution.py'], 2)\n"
    report = await run_split(solution, suite)
    assert report.tests[0].outcome == "passed", report.tests[0].message


@pytest.mark.parametrize("stub", ["silent", "raises"])
async def test_stub_fails_a_suite_that_asks_for_something(run_split: RunSplit, stub: str) -> None:
    """And passes one that asks for nothing: that is how it is found out."""
    asks = await run_split(
        "def add(a, b): return 3\n",
        "from solution import add\ndef test_x(): assert add(1, 2) == 3\n",
        stub=stub,
    )
    assert [test.outcome for test in asks.tests] == ["failed"]
    asks_nothing = await run_split(
        "def add(a, b): return 3\n",
        "from solution import add\ndef test_x():\n try: add(1, 2)\n except Exception: pass\n",
        stub=stub,
    )
    assert [test.outcome for test in asks_nothing.tests] == ["passed"]
