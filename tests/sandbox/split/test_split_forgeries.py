"""Candidates that answer what a test hopes for: such a test fails, or is told as leaning."""

import pytest
from support.split import RunSplit, leaning, outcomes

pytestmark = pytest.mark.engine

MEANING = """
def exception(name, module, base=BaseException):
    return type(name, (base,), {"__module__": module, "__qualname__": name})

RAISED = [
    exception("Skipped", "_pytest.outcomes"), exception("Exit", "_pytest.outcomes"),
    exception("XFailed", "_pytest.outcomes", Exception),
    exception("SkipTest", "unittest.case", Exception),
    exception("_ShouldStop", "unittest.case", Exception),
    exception("UnsatisfiedAssumption", "hypothesis.errors", Exception),
    exception("StopTest", "hypothesis.errors"),
    exception("CancelledError", "asyncio.exceptions"), exception("BdbQuit", "bdb", Exception),
    SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, StopAsyncIteration,
    exception("Own", "solution", StopIteration), exception("Quiet", "solution", SystemExit),
]

def fail(number):
    raise RAISED[number](0)

def items(number):
    yield 1
    raise RAISED[number](0)

async def later(number):
    fail(number)

async def ticks(number):
    yield 1
    fail(number)
"""
MEANING_SUITE = """
import unittest
import pytest
from hypothesis import given, strategies as st
from solution import fail, items, later, ticks

@pytest.mark.parametrize("number", range(16))
class TestMeaning:
    def test_call(self, number):
        fail(number)

    def test_in_a_loop(self, number):
        for _ in map(fail, [number]):
            pass

    def test_generator(self, number):
        assert list(items(number)) == [1]

    @given(st.integers())
    def test_example(self, number, _):
        fail(number)

    async def test_async(self, number):
        await later(number)

    async def test_async_generator(self, number):
        assert [item async for item in ticks(number)] == [1]

class TestUnit(unittest.TestCase):
    def test_unit(self):
        for number in range(16):
            with self.subTest(number=number):
                fail(number)
"""


async def test_exception_with_a_meaning_to_a_test_runner_fails_the_test(
    run_split: RunSplit,
) -> None:
    """A skip, an exit, an interrupt, a rejected example, the end of a loop: none ends it well."""
    report = await run_split(MEANING, MEANING_SUITE)
    assert report.done
    assert report.outcome.reason is None
    assert len(report.collected) == len(report.tests) == 16 * 6 + 1
    assert dict.fromkeys(outcomes(report), "failed") == outcomes(report)


FORGING = """
import asyncio, os, struct, sys

oracle = lambda items: []
expected = 4

async def test_forged_coroutine(): pass
def test_forged(): pass
class TestForged:
    def test_forged(self): pass
def setup_module(): raise SystemExit(0)
pytest_plugins = ["nothing"]
def len(_): return 4
def sorted(_): return []

class Swallows:
    def __enter__(self): return self
    def __exit__(self, *_): return True
    async def __aenter__(self): return self
    async def __aexit__(self, *_): return True

class Replaces(Swallows):
    def __exit__(self, *_): raise ValueError("expected")

def four(): return 4
def ordered(items):
    # The list of answers to what is copied back, where nothing was asked for.
    sys._getframe(1).f_locals["changed"].append([])
    frame = sys._getframe(1)
    while frame:
        for held in ("changed", "back"):
            if isinstance(frame.f_locals.get(held), list):
                frame.f_locals[held].append([])
        frame = frame.f_back
    return []

def quiet(function):
    try:
        function()
    except BaseException:
        pass
    return 3

def claims(function):
    error = RuntimeError("no")
    error._assize_failure = 0
    raise error

def decorate(function): return lambda *args, **kwargs: None

def send(raw):
    os.write(3, struct.pack(">I", raw.__len__()) + raw)
    return 4
def report(): return send(b'R{"test": "test_it.py::test_report", "outcome": "passed"}')
def fresh(): return send(b"F")
def handle(): return send(b"h" + struct.pack(">I", 0) + b"s\\0\\0\\0\\6object" + b"s\\0\\0\\0\\1x")
def nested(): return send(b"l\\0\\0\\0\\1" * 100_000)
def endless(): return send(b"l\\xff\\xff\\xff\\xff" + b"N" * 1000)
ZERO = b"\\0\\0\\0\\0"
def call_of_nothing():
    return send(b"t\\0\\0\\0\\4s\\0\\0\\0\\x08callbacki" + ZERO + b"t" + ZERO + b"d" + ZERO)
"""
FORGING_SUITE = """
import pytest
import solution

def oracle(items):
    return [1, 3]

expected = 3

from solution import *
from solution import four

def test_oracle_stays():
    assert oracle([3, 1]) == solution.ordered([3, 1])

def test_constant_stays():
    assert four() == expected

def test_builtins_stay():
    assert len([1, 2, 3]) == solution.four()
    assert sorted([2, 1]) == [1, 2]

def test_arguments_stay():
    items = [3, 1]
    assert solution.ordered(items) == sorted(items)

def test_swallowed_in_a_context():
    with solution.Swallows():
        assert four() == 3

def test_replaced_in_a_context():
    with pytest.raises(ValueError):
        with solution.Replaces():
            assert four() == 3

async def test_swallowed_in_an_asynchronous_context():
    async with solution.Swallows():
        assert four() == 3

def test_fail_in_a_context():
    with solution.Swallows():
        pytest.fail("no")

def test_assertion_in_a_callback():
    def check():
        assert four() == 3
    assert solution.quiet(check) == 3

def test_fail_in_a_callback():
    def check():
        pytest.fail("no")
    assert solution.quiet(check) == 3

def test_failure_that_there_was_not():
    solution.claims(lambda: 1)

RAW = ["report", "fresh", "handle", "nested", "endless", "call_of_nothing"]

@pytest.mark.parametrize("name", RAW)
def test_raw(name):
    try:
        assert getattr(solution, name)() == 3
    except Exception:
        pass
    assert solution.four() == 3
"""


async def test_forged_answers_pass_no_test(run_split: RunSplit) -> None:
    """Names, arguments, contexts, callbacks, raw bytes: the tests' own word counts."""
    report = await run_split(FORGING, FORGING_SUITE, callbacks=True)
    assert report.done
    assert report.errors == ()
    found = outcomes(report)
    assert set(found.values()) == {"failed"}
    assert len(found) == len(report.collected) == 17
    assert not any("forged" in name for name in found)


async def test_test_that_the_candidate_decorates_is_told(run_split: RunSplit) -> None:
    """It is the candidate's own function then, and must not be missing unseen."""
    suite = """
import solution
@solution.decorate
def test_decorated(): assert False
def test_other(): pass
"""
    report = await run_split(FORGING, suite, callbacks=True)
    assert "test_decorated" in report.errors[0]


LEANING = """
class Any:
    def __eq__(self, other): return True
    def __ne__(self, other): return True
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    def __hash__(self): return hash(3)
    def __bool__(self): return True
    def __sub__(self, other): return 0
    def __rsub__(self, other): return 0
    def __add__(self, other): return other + 3
    def __isub__(self, other): return 0
    def __mod__(self, other): return Any()
    def __abs__(self): return 0.0
    def startswith(self, _): return True
    def difference(self, _): return set()
    def isdigit(self): return True
    @property
    def __class__(self): return int
    @property
    def __dict__(self): return {}
    def __exit__(self, *_): return True
    def __enter__(self): return self
    def __iter__(self): yield Any()
    def __getitem__(self, key): return Any()
    def __getattr__(self, name): return Any()
    def __call__(self, *_): return Any()

def anything(*_): return Any()
def broken(): return "x"
"""
LEANING_SUITE = """
import collections.abc
import operator
import unittest
import pytest
import solution
from solution import anything

AT_IMPORT = True

def test_equal(): assert anything() == 3
def test_equal_from_the_left(): assert 3 == anything()
def test_equal_in_a_list(): assert [anything()] == [3]
def test_equal_in_a_dict(): assert {"a": anything()} == {"a": 3}
def test_different(): assert anything() != 3
def test_approx(): assert anything() == pytest.approx(3.0)
def test_less(): assert anything() < 3
def test_greater_from_the_left(): assert 3 > anything()
def test_sorted(): assert sorted([anything(), anything()])
def test_truth(): assert anything()
def test_negation(): assert not (not anything())
def test_in_it(): assert 3 in anything()
def test_in_a_list(): assert anything() in [3]
def test_in_a_set(): assert anything() in {3}
def test_key(): assert {3: "x"}[anything()] == "x"
def test_difference(): assert abs(anything() - 3) < 0.1
def test_difference_from_the_left(): assert abs(3 - anything()) < 0.1
def test_sum(): assert anything() + 1 == 4
def test_difference_in_place():
    left = anything()
    left -= 3
    assert left == 0
def test_operator(): assert operator.sub(anything(), 3) == 0
def test_method_of_the_operator(): assert anything().__sub__(3) == 0
def test_instance(): assert isinstance(anything(), solution.Any)
def test_instance_of_a_protocol(): assert isinstance(anything(), collections.abc.Iterable)
def test_starts_with(): assert anything().startswith("abc")
def test_is_digit(): assert anything().isdigit()
def test_difference_of_sets(): assert anything().difference({1, 2}) == set()
def test_items(): assert list(anything()) == [3]
def test_item(): assert anything()[0] == 3
def test_attribute(): assert anything().value == 3
def test_result(): assert anything()(1) == 3
def test_context():
    with anything():
        assert 1 + solution.broken() == 3
def test_match():
    match anything():
        case solution.Any():
            pass
        case _:
            assert False

class TestUnit(unittest.TestCase):
    def test_equal(self): self.assertEqual(anything(), 3)
    def test_almost(self): self.assertAlmostEqual(anything(), 3.0)
    def test_true(self): self.assertTrue(anything())
    def test_in(self): self.assertIn(3, anything())
    def test_instance(self): self.assertIsInstance(anything(), solution.Any)
    def test_less(self): self.assertLess(anything(), 3)
"""


async def test_object_that_answers_what_is_hoped_for_passes_only_as_leaning(
    run_split: RunSplit,
) -> None:
    """Wherever an object's own answer decided, its test is worth less than SPLIT."""
    report = await run_split(LEANING, LEANING_SUITE)
    assert report.done
    assert leaning(report) == set(outcomes(report))
    failed = {name for name, outcome in outcomes(report).items() if outcome != "passed"}
    # What `isinstance` goes by is this object's own lie there; here it is the class it was made of.
    assert failed <= {"test_approx", "test_match", "test_method_of_the_operator"}


async def test_question_that_was_asked_at_import_leans_in_every_test(run_split: RunSplit) -> None:
    """Its answer may decide in any of them."""
    suite = """
from solution import anything
RIGHT = anything() == 3
def test_a(): assert RIGHT
def test_b(): assert RIGHT
"""
    report = await run_split(LEANING, suite)
    assert leaning(report) == {"test_a", "test_b"}


async def test_object_in_the_place_of_data_is_seen(run_split: RunSplit) -> None:
    """A subclass of a builtin is an object: its type, identity and conversions give it away."""
    solution = """
class I(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
class S(str): pass
class L(list):
    def __eq__(self, other): return True
class D(dict): pass
class F(float): pass
class B(bytes): pass
def int_(): return I(9)
def str_(): return S("no")
def list_(): return L([1])
def dict_(): return D(a=1)
def float_(): return F(1.5)
def bytes_(): return B(b"no")
def true(): return 1
"""
    suite = """
import math, json
import pytest, solution
def test_type(): assert type(solution.int_()) is int
def test_instance(): assert isinstance(solution.str_(), str)
def test_true(): assert solution.true() is True
def test_none(): assert solution.int_() is None
def test_float(): assert math.isclose(solution.float_(), 3.0)
def test_index(): assert [1, 2, 3][: solution.int_()] == [1]
def test_join(): assert "".join([solution.str_()]) == "yes"
def test_json(): assert json.dumps(solution.dict_()) == '{"a": 1}'
def test_str(): assert str(solution.str_()) == "yes"
def test_format(): assert f"{solution.int_()}" == "3"
def test_items(): assert list(solution.list_()) == [3]
def test_length(): assert len(solution.list_()) == 3
"""
    report = await run_split(solution, suite)
    assert set(outcomes(report).values()) == {"failed"}
    assert len(report.tests) == 12
