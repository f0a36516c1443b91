# ruff: noqa: B018, F401, F403, F405, I001, PLC0415, PT009, PT027, RUF017, RUF043, SIM300
# mypy: ignore-errors
import asyncio
import inspect
import itertools
import math
import unittest
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import functions
import functions as f
import package
import package.inner.mod
from functions import apply, echo, everything
from package.inner import double
from package.inner import mod as deep
from functions import *


def test_arguments_of_every_kind():
    assert everything(1) == (1, 2, (), 3, {})
    assert everything(1, 5, 6, 7, third=8, fourth=9) == (1, 5, (6, 7), 8, {"fourth": 9})
    assert everything(1, second=4) == (1, 4, (), 3, {})


def test_wrong_arguments():
    with pytest.raises(TypeError, match="positional-only|required positional"):
        everything(first=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        f.hinted(1, [], nothing=3)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        2**300,
        1.5,
        -0.0,
        math.inf,
        1 + 2j,
        "text",
        "\udcff",
        b"bytes",
        [1, [2]],
        (1, (2,)),
        {"a": {1: 2}},
        {1, 2},
        frozenset({3}),
        Decimal("1.20"),
        Fraction(1, 3),
        Path("a/b"),
        range(1, 9, 2),
        slice(1, None),
    ],
    ids=repr,
)
def test_plain_data_comes_back_as_it_went(value):
    assert echo(value) == value
    assert type(echo(value)) is type(value)


def test_packages_and_relative_imports():
    assert package.twice(2) == package.inner.mod.twice(2) == deep.twice(2) == double(2) == 4
    assert package.BASE == deep.BASE == 10
    assert package.Shared is deep.Shared


def test_names_of_the_module():
    assert functions.LIMIT == f.LIMIT == LIMIT == 3
    assert "LIMIT" in dir(functions)
    with pytest.raises(AttributeError):
        functions.nothing_like_that
    with pytest.raises(ImportError):
        from functions import nothing_like_that


def test_state_of_the_module_is_seen():
    assert (f.COUNT, f.SEEN) == (0, [])
    f.count_up()
    f.count_up()
    assert (f.COUNT, f.SEEN) == (2, [1, 2])


def test_objects_of_the_module_live_in_every_test():
    assert len(f.WAITING) == 2
    f.WAITING.append(3)
    assert list(f.WAITING) == [1, 2, 3]


def test_functions_that_are_objects():
    assert f.fibonacci(30) == 832040
    assert f.fibonacci.cache_info()[1] > 0 or f.fibonacci.cache_info().misses == 31
    f.fibonacci.cache_clear()
    assert f.three(5) == (1, 5, (), 9, {})
    assert f.counted(1) == f.counted.calls == 1


def test_a_function_is_returned():
    add_two = f.adder(2)
    assert add_two(3) == 5
    assert f.adder(1)(1) == 2


def test_builtins_and_own_functions_are_arguments():
    assert f.converted("12", int) == 12
    assert apply(len, [1, 2]) == 2
    assert apply(f.fibonacci, 10) == 55
    assert apply(f.adder(1), 1) == 2
    assert apply(echo, 7) == 7


def test_callbacks():
    assert apply(lambda value: value * 2, 4) == 8
    assert apply(lambda value: f.apply(lambda inner: inner + value, 1), 4) == 5
    assert f.careful(lambda: int("x")).startswith("caught invalid literal")


def test_exception_of_a_callback_comes_back_as_the_same():
    class Mine(Exception):
        pass

    error = Mine("x", 3)

    def broken():
        raise error

    with pytest.raises(Mine) as caught:
        apply(broken)
    assert caught.value is error


def test_arguments_are_copied_back_where_the_spec_says_so():
    items, more = [1], [2]
    f.extend(items, more)
    assert items == [1, 2]
    items = [1]
    f.extend(more=[2], items=items)
    assert items == [1, 2]


def test_generators():
    assert list(f.chunks([1, 2, 3], 2)) == [[1, 2], [3]]
    assert [sum(chunk) for chunk in f.chunks([1, 2, 3], 2)] == [3, 3]
    numbers = f.chunks([1], 1)
    assert next(numbers) == [1]
    with pytest.raises(StopIteration):
        next(numbers)
    assert next(numbers, "none") == "none"


def test_endless_generator():
    running = f.averages()
    next(running)
    assert [running.send(value) for value in (2, 4)] == [2.0, 3.0]
    assert list(itertools.islice(f.averages(), 1)) == [0.0]
    running.close()


def test_what_is_iterable_and_callable_is_so():
    numbers = f.chunks([1], 1)
    assert isinstance(numbers, Iterator)
    assert not callable(numbers)
    assert callable(f.adder(1))
    assert not isinstance(f.adder(1), Iterator)
    with pytest.raises(TypeError):
        len(numbers)


async def test_async_functions():
    assert await f.doubled(2) == 4
    assert await asyncio.gather(f.doubled(1), f.doubled(2)) == [2, 4]
    with pytest.raises(LookupError, match="not here"):
        await f.failing()


def test_async_functions_are_run():
    assert asyncio.run(f.doubled(4)) == 8
    assert inspect.iscoroutinefunction(f.doubled)


async def test_async_generators_and_contexts():
    assert [number async for number in f.countdown(3)] == [3, 2, 1]
    async with f.opened("door") as name:
        assert name == "DOOR"


def test_printing(capsys):
    f.speak("hello")
    assert capsys.readouterr().out == "-- hello --\n"


def test_signatures():
    assert str(inspect.signature(f.hinted)) == (
        "(count: int, names: list[str], scale: float = 1.5, other: Any = deque([])) -> str"
    )
    parameters = inspect.signature(everything).parameters
    assert [each.kind.name for each in parameters.values()] == [
        "POSITIONAL_ONLY",
        "POSITIONAL_OR_KEYWORD",
        "VAR_POSITIONAL",
        "KEYWORD_ONLY",
        "VAR_KEYWORD",
    ]
    assert parameters["third"].default == 3
    assert inspect.signature(f.doubled).parameters["value"].annotation is int


@given(st.lists(st.integers()), st.integers(1, 5))
@settings(max_examples=30)
def test_hypothesis(items, size):
    assert sum(f.chunks(items, size), []) == items


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.before = functions.COUNT
        self.steps = 0

    @rule()
    def step(self):
        self.steps += 1
        assert functions.count_up() == self.before + self.steps

    @invariant()
    def agrees(self):
        assert functions.COUNT == self.before + self.steps


Machine.TestCase.settings = settings(max_examples=5, stateful_step_count=5)
TestMachine = Machine.TestCase


class TestInClasses:
    @pytest.fixture
    def base(self):
        return 3

    @pytest.fixture(autouse=True)
    def before(self):
        self.known = f.echo(1)

    def test_fixtures(self, base):
        assert f.adder(base)(self.known) == 4


class TestOfUnittest(unittest.TestCase):
    def setUp(self):
        self.items = f.echo([1, 2])

    def test_assertions(self):
        self.assertEqual(f.echo(1), 1)
        self.assertListEqual(self.items, [1, 2])
        self.assertAlmostEqual(f.echo(0.1) + f.echo(0.2), 0.3)
        with self.assertRaisesRegex(TypeError, "unexpected"):
            f.speak(none=1)

    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(f.echo(number), number)


class TestOfUnittestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_async(self):
        self.assertEqual(await f.doubled(3), 6)
