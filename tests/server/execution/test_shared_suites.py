"""Suites that share a process with the candidate, run for real: who passes, and who is caught."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from support.service import POLICIES, GatedAnalyser

from assize.model.spec import Check, Spec
from assize.model.spec import Tests as Suite
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import Assurance, Isolation, Reason, Status, Verdict
from assize_sandbox.engines.base import Container, Engine, Role, WorkFolder
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.images.store import Image
from assize_sandbox.limits import Shape
from assize_server.execution.executor import LocalExecutor
from assize_server.execution.job import Job, JobId
from assize_server.policies.load import load_directory

pytestmark = pytest.mark.engine

Judge = Callable[..., Awaitable[Verdict]]

SUITE = {
    "tests/test_numbers.py": """
import unittest

import pytest
from hypothesis import given, strategies as st

from solution import Stack, add, fail

from tests.helpers import FOUR


def test_add():
    assert add(1, 2) == 3


@pytest.mark.parametrize("number", [1, 2])
def test_many(number):
    assert add(number, 0) == number


def test_raises():
    with pytest.raises(ValueError):
        fail()


@given(st.integers())
def test_any(number):
    assert add(number, 1) > number


async def test_waits():
    assert add([1], [2]) == [1, 2]


class TestUnit(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(add(2, 2), FOUR)

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(add(number, 0), number)


class TestInherited(TestUnit):
    pass
""",
    "tests/test_stack.py": """
from solution import Stack


def test_stack(stack):
    stack.push(1)
    assert stack == stack
    assert stack.pop() == 1
    assert len(stack) == 0


class OwnStack(Stack):
    def push_all(self, *items):
        for item in items:
            self.push(item)


def test_subclass():
    stack = OwnStack()
    stack.push_all(1, 2)
    assert [stack.pop(), stack.pop()] == [2, 1]
""",
    "tests/conftest.py": """
import pytest

from solution import Stack


@pytest.fixture
def stack():
    return Stack()
""",
    "tests/helpers.py": "FOUR = 4\n",
}

RIGHT = """
def add(a, b):
    return a + b

def fail():
    raise ValueError

class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
"""
WRONG = RIGHT.replace("a + b", "0").replace("raise ValueError", "pass")

EARLY_ENDS = {
    "ends the process": "import os; os._exit(0)",
    "ends the interpreter": "import sys; sys.exit(0)",
    "ends pytest": "import pytest; pytest.exit('done', returncode=0)",
    "runs another program": "import os; os.execv('/bin/true', ['true'])",
    "ends while it is called": WRONG.replace("return 0", "import os; os._exit(0)"),
    "ends by a thread": (
        "import os, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), os._exit(0))).start()\n"
        "time.sleep(1)\n" + WRONG
    ),
    "skips the files": "import pytest; pytest.skip('no', allow_module_level=True)",
    "skips every test": WRONG.replace("return 0", "import pytest; pytest.skip()"),
    "expects to fail": WRONG.replace("return 0", "import pytest; pytest.xfail()"),
    "changes the status at exit": "import atexit, os; atexit.register(os._exit, 0)\n" + WRONG,
    "prints what a runner prints": (
        "import sys\n"
        "print('tests/test_numbers.py::test_add PASSED')\n"
        "sys.__stdout__.write('===== 9 passed in 0.01s =====\\n')\n" + WRONG
    ),
    "deselects all but one": (
        "import _pytest.main as main\n"
        "kept = main.Session.genitems\n"
        "main.Session.genitems = lambda self, node: list(kept(self, node))[:1]\n" + WRONG
    ),
}
"""These get no pass, and no more is said of them than what was seen."""

TAMPERING = {
    "objects that equal everything": """
class Yes(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __gt__(self, other): return True
    __hash__ = int.__hash__
    def __bool__(self): return True
def add(a, b): return Yes()
def fail(): raise ValueError
class Stack:
    def push(self, item): pass
    def pop(self): return Yes()
    def __len__(self): return 0
""",
    "reads what its caller expects": RIGHT.replace(
        "    return a + b",
        """
    import ast, sys
    frame = sys._getframe(1)
    for node in ast.walk(ast.parse(open(frame.f_code.co_filename).read())):
        if isinstance(node, ast.Assert) and node.lineno == frame.f_lineno:
            return eval(compile(ast.Expression(node.test.comparators[0]), "", "eval"),
                        frame.f_globals, frame.f_locals)
    return a + b
""",
    ),
    "runs no test": (
        "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n" + WRONG
    ),
    "reports what it likes": """
import _pytest.reports as reports
made = reports.TestReport.from_item_and_call.__func__
def forged(cls, item, call):
    report = made(cls, item, call)
    report.outcome, report.longrepr = "passed", None
    return report
reports.TestReport.from_item_and_call = classmethod(forged)
"""
    + WRONG,
    "swallows what tests raise": """
import _pytest.runner as runner
made = runner.CallInfo.from_call.__func__
def from_call(cls, func, when, reraise=None):
    def quiet():
        try:
            func()
        except BaseException:
            pass
    return made(cls, quiet if when == "call" else func, when, reraise)
runner.CallInfo.from_call = classmethod(from_call)
"""
    + WRONG,
    "rewrites no assertion but away": """
import ast, _pytest.assertion.rewrite as rewrite
def rewrite_asserts(mod, *_args, **_kwargs):
    for node in ast.walk(mod):
        if isinstance(node, ast.Assert):
            node.test = ast.copy_location(ast.Constant(True), node.test)
rewrite.rewrite_asserts = rewrite_asserts
"""
    + RIGHT,
    "changes the tests on disk": """
import os
path = "/workspace/tests/test_stack.py"
os.chmod(path, 0o644)
open(path, "w").write('''
def test_stack(): pass
def test_subclass(): pass
''')
"""
    + RIGHT,
    "registers a plugin": """
import gc, pytest
from _pytest.config import Config
class Plugin:
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        report.outcome, report.longrepr = "passed", None
        return report
next(o for o in gc.get_objects() if isinstance(o, Config)).pluginmanager.register(Plugin())
"""
    + WRONG,
    "writes reports of its own": """
import gc, json, os, struct
def forged():
    from _pytest.main import Session
    session = next(o for o in gc.get_objects() if isinstance(o, Session))
    ids = [item.nodeid for item in session.items]
    told = [{"test": i, "outcome": "passed", "message": "", "leaned": False} for i in ids]
    for each in [*told, {"done": 0}]:
        data = b"R" + json.dumps(each).encode()
        os.write(3, struct.pack(">I", len(data)) + data)
    os._exit(0)
"""
    + WRONG.replace("return 0", "forged()"),
    "writes noise": "import os; os.write(3, b'\\0\\0\\0\\4RRRR')\n" + RIGHT,
    "says that it was done": """
import json, os, struct
data = b"R" + json.dumps({"done": 0}).encode()
os.write(3, struct.pack(">I", len(data)) + data)
os._exit(1)
""",
}
"""These are named for what they are."""

STEERING = {
    "conftest.py": """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
def pytest_sessionfinish(session):
    session.exitstatus = 0
""",
    "tests/conftest.py": "import os; os._exit(0)",
    "pytest.ini": "[pytest]\npython_functions = none\naddopts = -p evil\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p evil'\n",
    "setup.cfg": "[tool:pytest]\naddopts = -p evil\n",
    "tox.ini": "[pytest]\naddopts = -p evil\n",
    "evil.py": "import os; os._exit(0)",
    "sitecustomize.py": "import os; os._exit(0)",
    "usercustomize.py": "import os; os._exit(0)",
    "evil.pth": "import os; os._exit(0)\n",
    "evil-1.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n",
    "evil-1.dist-info/METADATA": "Name: evil\nVersion: 1\n",
    "pytest.py": "import os; os._exit(0)",
    "json.py": "import os; os._exit(0)",
    "hypothesis/__init__.py": "import os; os._exit(0)",
    "pytest_asyncio/__init__.py": "import os; os._exit(0)",
    "tests/test_numbers.py": "def test_add(): pass\n",
}


class Unpooled:
    """Prepares every container when it is asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def take(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Prepare one."""
        return await self._engine.prepare(shape, role)


@pytest.fixture
async def judged(image: Image, home: Path) -> AsyncIterator[Judge]:
    """Judge a submission: `judged(solution, policy=..., suite=..., beside=...)`."""
    engine = RuncEngine(image, home=home, seccomp=POLICIES / "seccomp.json")
    facts = await engine.start()
    isolation = Isolation(facts.engine, facts.runtime, facts.image_digest)
    executor = LocalExecutor(Unpooled(engine), GatedAnalyser(), isolation)
    policies = load_directory(POLICIES)

    async def judge(
        solution: str,
        policy: str = "evaluation",
        suite: dict[str, str] = SUITE,
        beside: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Verdict:
        files = {"solution.py": solution, **(beside or {})}
        sources = tuple(SourceFile(path, text.encode()) for path, text in files.items())
        spec = Spec((Check("suite", Suite(tuple(suite.items()), shared=True)),))
        submission = Submission(sources, environment=environment or {})
        chosen = policies[policy]
        job = Job(JobId("1"), submission, spec, chosen, chosen.limits)
        return await executor.run(job, lambda _event: None)

    yield judge
    await engine.close()


async def test_right_candidate_passes_where_the_policy_is_content_with_shared(
    judged: Judge,
) -> None:
    """Fixtures, parameters, hypothesis, async, unittest, inheritance, helpers and subclasses."""
    verdict = await judged(RIGHT)
    assert verdict.status is Status.PASSED, verdict.checks
    assert verdict.assurance is Assurance.SHARED
    assert (verdict.checks[0].cases_passed, verdict.checks[0].cases_total) == (12, 12)


async def test_right_candidate_does_not_pass_the_default_policy(judged: Judge) -> None:
    """It asks for tests that are out of the code's reach."""
    verdict = await judged(RIGHT, policy="default")
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.POLICY_DENIED)


async def test_wrong_candidate_is_told_which_test_failed(judged: Judge) -> None:
    """With what it returned."""
    verdict = await judged(WRONG)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.WRONG_ANSWER)
    assert "test_numbers.py::test_add" in verdict.message
    assert "0" in verdict.checks[0].actual


@pytest.mark.parametrize("solution", EARLY_ENDS.values(), ids=EARLY_ENDS)
async def test_suite_that_was_not_run_to_its_end_is_no_pass(judged: Judge, solution: str) -> None:
    """Whatever the process says when it ends."""
    verdict = await judged(solution)
    assert verdict.status is Status.FAILED, verdict
    assert verdict.assurance is Assurance.SHARED


@pytest.mark.parametrize("solution", TAMPERING.values(), ids=TAMPERING)
async def test_results_that_do_not_depend_on_the_tests_are_tampering(
    judged: Judge, solution: str
) -> None:
    """A test that expects what is wrong passes, too; or the runner's channel tells of it."""
    verdict = await judged(solution)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.TAMPERING), verdict


@pytest.mark.parametrize("solution", [RIGHT, WRONG], ids=["right", "wrong"])
async def test_files_and_variables_that_would_steer_the_tests_change_nothing(
    judged: Judge, solution: str
) -> None:
    """They are left out, and that is told."""
    steered = {"PYTEST_ADDOPTS": "-p evil", "PYTEST_PLUGINS": "evil", "HYPOTHESIS_X": "1"}
    solution += "\npytest_plugins = ['evil']\n"
    verdict = await judged(solution, beside=STEERING, environment=steered)
    right = "a + b" in solution
    assert verdict.status is (Status.PASSED if right else Status.FAILED), verdict
    if right:
        assert "conftest.py" in verdict.checks[0].message
    else:
        assert verdict.reason is Reason.WRONG_ANSWER


@pytest.mark.parametrize(
    "suite",
    [
        "import solution\ndef test_it():\n    assert solution is not None\n",
        "from solution import add\ndef test_it():\n    assert add(1, 2) != 4\n",
    ],
)
async def test_suite_that_passes_against_a_stub_is_vacuous(judged: Judge, suite: str) -> None:
    """Nothing of the candidate's is even run."""
    verdict = await judged("import os; os._exit(0)", suite={"test_it.py": suite})
    assert verdict.reason is Reason.VACUOUS, verdict


async def test_suite_that_a_stub_brings_to_its_limits_has_not_passed_against_it(
    judged: Judge,
) -> None:
    """Each stub has a sandbox of its own, and what ends there ends nothing else."""
    suite = """
from solution import add
def test_it():
    kept = []
    while add(1, 2) is None:
        kept.append(bytes(1 << 24))
    assert add(1, 2) == 3
"""
    verdict = await judged(RIGHT, suite={"test_it.py": suite})
    assert verdict.status is Status.PASSED, verdict


async def test_package_below_src_is_imported_by_its_name(judged: Judge) -> None:
    """Repositories are laid out like this; modules of ours do not stand in the way."""
    suite = {
        "tests/test_it.py": (
            "from pkg.values import add\nimport files, suite\n"
            "def test_it():\n    assert add(1, files.TWO) == suite.THREE\n"
        )
    }
    beside = {
        "src/pkg/__init__.py": "",
        "src/pkg/values.py": RIGHT,
        "files.py": "TWO = 2",
        "suite.py": "THREE = 3",
    }
    verdict = await judged("", suite=suite, beside=beside)
    assert verdict.status is Status.PASSED, verdict


async def test_suite_that_cannot_be_collected_without_the_candidate_is_refused(
    judged: Judge,
) -> None:
    """Which tests there are would be the candidate's own word."""
    suite = "from nowhere import x\ndef test_it():\n    assert x\n"
    verdict = await judged(RIGHT, suite={"test_it.py": suite})
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.RUNTIME_ERROR)
    assert "nowhere" in verdict.checks[0].actual


async def test_who_tells_wrong_expectations_from_right_ones_gets_through(judged: Judge) -> None:
    """The limit of it (docs/shared-tests.md): no more than SHARED is ever claimed."""
    suite = {"test_it.py": "from solution import add\ndef test_it():\n    print(add(1, 2) + 1)\n"}
    knows = """
import inspect, re, _pytest.python
def runtest(self):
    if re.search(r"assert \\d+ == \\d+", inspect.getsource(self.obj)):
        raise AssertionError
_pytest.python.Function.runtest = runtest
def add(a, b): return "wrong"
"""
    verdict = await judged(knows, suite=suite)
    assert (verdict.status, verdict.assurance) == (Status.PASSED, Assurance.SHARED)
    assert (await judged(knows, suite=suite, policy="default")).status is Status.FAILED
