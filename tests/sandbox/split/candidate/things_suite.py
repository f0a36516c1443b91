# ruff: noqa: B018, C416, F401, FURB192, I001, RUF043, SIM117
# mypy: ignore-errors
import copy
import inspect
from collections.abc import Hashable, Iterable, Sized

import pytest

import things
from things import (
    Account,
    Colour,
    Countdown,
    Journal,
    Level,
    Node,
    Pair,
    Point,
    Shape,
    Square,
    Vector,
    Version,
    area_of,
    borrowed,
    chain,
    kinds,
    table,
)


def test_state_properties_and_class_attributes():
    square = Square(3)
    assert (square.side, square.name, square.area(), square._secret) == (3, "square", 9, "s")
    assert (square.sides, Square.sides) == (4, 4)
    square.diagonal = 2 * 2**0.5
    assert square.side == pytest.approx(2)
    assert square.describe().startswith("square of 4")
    del square.name
    with pytest.raises(AttributeError, match="name"):
        square.name


def test_class_and_static_methods():
    assert Square.unit().area() == Square(1).area() == 1
    assert Square.unit_name() == Shape.unit_name() == Square(2).unit_name() == "cm"
    assert Square.area(Square(3)) == 9
    account = Account("a")
    assert Account.opened == account.opened == 1


def test_abstract_class_is_not_made():
    with pytest.raises(TypeError, match="abstract"):
        Shape("none")


def test_classes_are_subclasses_as_they_are_there():
    assert issubclass(Square, Shape)
    assert not issubclass(Shape, Square)
    assert Square.__name__ == "Square"
    assert Square.__module__ == "things"
    assert kinds() == [Square]
    assert kinds()[0](2).area() == 4


def test_instances_lean():
    square = Square(1)
    assert isinstance(square, Shape)
    assert isinstance(square, Square)
    assert not isinstance(square, Vector)
    assert not isinstance(square, (int, str))
    assert not isinstance(square, Iterable)
    assert isinstance(Vector(1), Sized)
    assert isinstance(Vector(1), Hashable)
    assert not isinstance(Point(1), Hashable)


def test_operators_of_two_objects_do_not_lean():
    assert list(Vector(1, 2) + Vector(3, 4)) == [4, 6]
    assert Vector(1, 2) @ Vector(3, 4) == 11
    assert list(-Vector(1, -2)) == [-1, 2]
    vector = Vector(1)
    vector += Vector(2)
    assert vector.parts == [3]
    assert abs(Vector(3, 4)) == 5
    assert float(Vector(3, 4)) == 5.0


def test_operators_with_an_operand_of_the_tests_lean():
    assert (Vector(1, 2) * 3).parts == [3, 6]
    assert (3 * Vector(1, 2)).parts == [3, 6]


def test_operator_that_is_not_there():
    with pytest.raises(TypeError, match="unsupported operand"):
        Vector(1) - Vector(1)
    with pytest.raises(TypeError, match="not supported|not iterable"):
        list(Square(1))
    with pytest.raises(TypeError):
        Square(1)()


def test_containers():
    vector = Vector(1, 2, 3)
    assert len(vector) == 3
    assert [part for part in vector] == [1, 2, 3]
    assert list(reversed(vector)) == [3, 2, 1]
    assert (vector[0], vector[-1], vector[1:]) == (1, 3, [2, 3])
    vector[0] = 9
    del vector[1]
    assert vector.parts == [9, 3]
    with pytest.raises(IndexError):
        vector[5]


def test_text_of_an_object():
    assert repr(Vector(1, 2)) == str(Vector(1, 2)) == f"{Vector(1, 2)!r}" == "Vector(1, 2)"
    assert f"{Vector(1, 2):.1f}" == "1.0,2.0"


def test_called_and_chained_objects():
    assert Vector(1)(2).parts == [2]
    assert Account("a").pay(1).pay(2).entries == [1, 2]


def test_equality_leans():
    assert Vector(1) == Vector(1)
    assert Vector(1) != Vector(2)
    assert Vector(1) != 3


def test_ordering_leans():
    assert Vector(1) < Vector(2)
    assert sorted([Version(2, 0), Version(1, 5)])[0].major == 1
    assert max(Vector(1), Vector(3)).parts == [3]


def test_hash_leans():
    assert len({Vector(1), Vector(1), Vector(2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(1))


def test_truth_leans():
    assert Vector(1)
    assert not Vector(0)


def test_membership_leans():
    assert 1 in Vector(1)
    assert 2 not in Vector(1)


def test_iteration_decides_membership_without_leaning():
    assert 2 in Countdown(3)
    assert list(Countdown(2)) == [2, 1]
    countdown = Countdown(1)
    assert next(countdown) == 1
    with pytest.raises(StopIteration):
        next(countdown)


def test_dataclasses():
    point = Point(1, tags=["a"])
    assert (point.x, point.y, point.tags) == (1, 0.0, ["a"])
    point.x = 5
    assert point.x == 5
    assert repr(point) == "Point(x=5, y=0.0, tags=['a'])"
    assert vars(Point(1)) == {"x": 1, "y": 0.0, "tags": []}
    assert str(inspect.signature(Version)) == "(major: int, minor: int) -> None"
    with pytest.raises(AttributeError, match="major"):
        Version(1, 2).major = 3


def test_named_tuple():
    pair = Pair(1, right=2)
    assert (pair.left, pair[1], len(pair), list(pair)) == (1, 2, 2, [1, 2])
    left, right = pair
    assert (left, right) == (1, 2)


def test_enumerations_are_data():
    assert Colour.RED.value == "r"
    assert Colour.RED.name == "RED"
    assert Colour.RED is Colour("r")
    assert Colour["RED"] is Colour.RED
    assert Colour.RED.other is Colour.BLUE
    assert Colour.RED.other == Colour.BLUE
    assert Colour.RED != Colour.BLUE
    assert list(Colour) == [Colour.RED, Colour.BLUE]
    assert len(Colour) == 2
    assert {Colour.RED: 1}[table()["colour"]] == 1
    with pytest.raises(ValueError, match="not a valid"):
        Colour("x")


@pytest.mark.parametrize("colour", [Colour.RED, Colour.BLUE])
def test_enumerations_live_in_every_test(colour):
    assert colour.other.other is colour


def test_number_of_an_enumeration_leans():
    assert Level.LOW == 1
    assert Level.HIGH > Level.LOW


def test_copies():
    vector = Vector(1, 2)
    other, deep = copy.copy(vector), copy.deepcopy(vector)
    deep.parts = [7]
    assert (vector.parts, other.parts, deep.parts) == ([1, 2], [1, 2], [7])


def test_objects_in_plain_data():
    found = table()
    assert found["square"].area() == 4
    assert [point.x for point in found["list"]] == [1, 2]


def test_objects_as_arguments():
    assert area_of(Square(3)) == 9
    assert Node(1, Node(2)).below.value == 2
    assert Node(1).below is None


def test_walk_along_objects():
    node, seen = chain(1, 2, 3), []
    while node is not None:
        seen.append(node.value)
        node = node.below
    assert seen == [1, 2, 3]


def test_contexts():
    with Journal() as journal:
        assert journal.left == "never"
    assert journal.left == "well"
    with borrowed([1, 2]) as account:
        assert account.entries == [1, 2]


def test_context_sees_the_exception():
    journal = Journal()
    with pytest.raises(ValueError, match="mine"):
        with journal:
            raise ValueError("mine")
    assert journal.left == "ValueError: mine"


def test_context_that_suppresses_leans():
    with Journal(LookupError) as journal:
        raise KeyError("gone")
    assert journal.left == "KeyError: 'gone'"


async def test_async_methods_iteration_and_contexts():
    account = Account("a").pay(1).pay(2)
    assert await account.balance() == 3
    assert [entry async for entry in account] == [1, 2]
    async with account as entered:
        assert await entered.balance() == 4
    assert account.entries == []


def test_arguments_of_methods_are_copied_back():
    taken = []
    Account("a").pay(1).drain(taken)
    assert taken == [1]


def test_signatures():
    assert list(inspect.signature(Square).parameters) == ["side"]
    assert list(inspect.signature(Square(1).area).parameters) == []
    assert list(inspect.signature(Account.pay).parameters) == ["self", "amount"]


class TestWithFixtures:
    @pytest.fixture
    def account(self):
        account = Account("fixture").pay(5)
        yield account
        assert account.entries == [5, 6]

    def test_fixture(self, account):
        account.pay(6)
        assert account.owner == "fixture"
