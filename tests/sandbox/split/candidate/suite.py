# ruff: noqa: F403, F405, PT009, PT011
# mypy: ignore-errors
import inspect
import unittest

import pytest
import solution
import solution as other_name
from hypothesis import given
from hypothesis import strategies as st
from solution import *
from solution import OwnError, Stack, add, apply, fail, later, squares, ticks


def test_positional_keyword_and_default_arguments(capsys):
    assert add(1) == 3
    assert add(b=1, a=1) == 2
    assert add(1, 5, c=2) == 8
    assert capsys.readouterr().out == "adding\nadding\nadding\n"


def test_names_of_a_module():
    assert other_name.add(1, 1) == 2
    assert PI == 3.14
    assert NAMES == ["a", "b"]


def test_star_import_never_replaces_a_builtin():
    assert sorted([2, 1]) == [1, 2]


def test_exceptions_are_builtin_or_the_candidates_own():
    with pytest.raises(OwnError, match="no"):
        fail()
    with pytest.raises(ValueError):
        fail()
    with pytest.raises(TypeError):
        add("x", 1)


def test_generator():
    assert list(squares(4)) == [0, 1, 4, 9]


def test_endless_generator():
    numbers = solution.for_ever()
    assert [next(numbers) for _ in range(3)] == [0, 1, 2]


async def test_async_function():
    assert await later(1) == 2


async def test_async_generator():
    assert [tick async for tick in ticks(3)] == [0, 1, 2]


def test_copy_back_of_what_the_spec_names():
    items = [3, 1, 2]
    solution.sort_in_place(items)
    assert items == [1, 2, 3]


def test_nothing_else_is_copied_back():
    items = [1]
    assert solution.spoil(items) == 2
    assert items == [1]


def test_callback_and_a_call_within_it():
    assert apply(lambda value: value * 2, 4) == 8
    assert apply(lambda value: add(value, 1), 4) == 5


def test_callback_that_raises():
    def broken(value):
        raise KeyError(value)

    with pytest.raises(KeyError):
        apply(broken, 1)


def test_object_with_state():
    stack = Stack()
    stack.push(1)
    stack.push([2])
    assert len(stack) == 2
    assert stack.top == [2]
    assert stack.pop() == [2]
    assert list(stack) == [1]
    assert stack[0] == 1
    assert Stack.version() == 1
    assert Stack.kind == "lifo"
    assert Stack.of(1, 2).pop() == 2
    assert list(Stack.of(1) + Stack.of(2)) == [1, 2]


def test_context_manager():
    stack = Stack.of(1)
    with stack as entered:
        assert len(entered) == 1
    assert len(stack) == 0


def test_dataclass_and_enum():
    point = solution.Point(1, y=2)
    assert (point.x, point.y) == (1, 2)
    point.x = 5
    assert point.x == 5
    assert solution.Colour.RED.value == 1


def test_equality_leans():
    assert Stack() == Stack.of(1)


def test_membership_leans():
    assert 1 in Stack.of(1)


def test_isinstance_leans():
    assert isinstance(Stack.of(1), Stack)


def test_signature():
    assert list(inspect.signature(add).parameters) == ["a", "b", "c"]
    assert inspect.signature(add).parameters["b"].default == 2


@given(st.integers(), st.integers())
def test_hypothesis(a, b):
    assert add(a, b) == a + b


@pytest.mark.parametrize("number", [1, 2])
def test_parametrize(number):
    assert add(number, number) == 2 * number


class TestUnittest(unittest.TestCase):
    def test_unittest(self):
        self.assertEqual(add(2, 2), 4)
