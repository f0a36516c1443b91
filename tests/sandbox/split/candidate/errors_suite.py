# ruff: noqa: B018, I001, PT009, PT011, PT017, PT027, SIM117
# mypy: ignore-errors
import json
import unittest

import pytest

import errors
from errors import Denied, Problem


def test_own_exception_with_its_message_and_state():
    with pytest.raises(Denied, match=r"^ann may not \(401\)$") as caught:
        errors.deny("ann", 401)
    error = caught.value
    assert (error.who, error.code, error.short) == ("ann", 401, "ann:401")
    assert error.details == {"who": "ann"}
    assert error.explained("no key") == "ann may not (401) because no key"
    assert error.args == ("ann",)
    assert error.severity == Denied.severity == 2
    assert str(error) == "ann may not (401)"
    with pytest.raises(AttributeError):
        error.nothing


@pytest.mark.parametrize("kind", [Denied, Problem, PermissionError, OSError, Exception])
def test_own_exception_is_caught_by_its_bases(kind):
    with pytest.raises(kind):
        errors.deny("ann")


def test_own_exception_is_no_other():
    with pytest.raises(Denied):
        with pytest.raises(ValueError):
            errors.deny("ann")
    assert issubclass(Denied, Problem)
    assert not issubclass(Problem, Denied)


def test_hidden_class_is_caught_by_its_base():
    with pytest.raises(Problem) as caught:
        errors.hide()
    assert type(caught.value).__name__ == "_Hidden"


def test_except_clauses():
    try:
        errors.deny("ann")
    except ValueError:
        pytest.fail("the wrong clause")
    except Problem as error:
        assert error.who == "ann"


def test_made_by_the_tests():
    error = Denied("bob", code=7)
    assert (error.who, error.code, str(error)) == ("bob", 7, "bob may not (7)")
    assert isinstance(error, Problem)
    with pytest.raises(Denied) as caught:
        raise error
    assert caught.value is error
    assert errors.classify(error) == "Denied"


def test_returned_by_a_function():
    error = errors.make("eve")
    assert isinstance(error, Denied)
    assert error.short == "eve:403"
    plain, own, builtin = errors.results()
    assert plain == 1
    assert own.who == "a"
    assert (type(builtin), builtin.args) == (ValueError, ("b",))


def test_builtin_exceptions():
    with pytest.raises(KeyError) as caught:
        errors.key()
    assert caught.value.args == ("missing",)
    with pytest.raises(FileNotFoundError) as caught:
        errors.open_nothing()
    assert caught.value.errno == 2
    with pytest.raises(UnicodeDecodeError, match="invalid start byte"):
        errors.decode()
    with pytest.raises(AssertionError, match="not equal"):
        errors.assertion()


def test_standard_exceptions():
    with pytest.raises(json.JSONDecodeError, match="Expecting value"):
        errors.parse("x")
    with pytest.raises(ValueError):
        errors.parse("")


def test_chained_exceptions():
    with pytest.raises(Problem, match="later"):
        errors.chained()


def test_own_exception_raised_by_a_callback():
    def broken():
        raise Problem("inner")

    with pytest.raises(Problem, match="wrapped"):
        errors.rethrow(broken)


class TestOfUnittest(unittest.TestCase):
    def test_raises(self):
        with self.assertRaises(Denied) as caught:
            errors.deny("ann")
        self.assertEqual(caught.exception.who, "ann")
