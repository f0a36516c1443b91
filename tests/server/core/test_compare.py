"""When an answer is the expected value, and what is said when it is not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.spec import Tolerance
from assize.values.notation import parse_answer
from assize.values.tree import DictValue, ListValue, SetValue, TupleValue
from assize_server.core.compare import Difference, has_entries, same, same_items

CLOSE = Tolerance(relative=1e-9)
RED = "enum('solution:Colour', 'RED', 1)"
SAMPLES = [
    "enum('s:E', 'A', [1])",
    "dataclass('s:P', x=[1], y=2)",
    "1",
    "True",
    "1.0",
    "'a'",
    "None",
    "[1]",
    "(1,)",
    "{1}",
    "{1: [2]}",
    "slice(1)",
]


def compare(
    expected: str, actual: str, tolerance: Tolerance | None = None, nan_equal: bool = False
) -> Difference | None:
    """Compare two values that are given in the notation."""
    return same(parse_answer(expected), parse_answer(actual), tolerance, nan_equal)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.0", "-0.0"),
        ("{0.0}", "{-0.0}"),
        ("complex(0.0, -0.0)", "complex(-0.0, 0.0)"),
        ("{1, 2, 3}", "{3, 2, 1}"),
        ("{'a': 1, 'b': [2]}", "{'b': [2], 'a': 1}"),
        ("{frozenset({1, 2}): 3}", "{frozenset({2, 1}): 3}"),
        ("Decimal('1.0')", "Decimal('1.00')"),
        ("{Decimal('10')}", "{Decimal('1E+1')}"),
        ("Decimal('0')", "Decimal('-0E+5')"),
        ("range(0)", "range(5, 1)"),
        ("range(0, 3, 2)", "range(0, 4, 2)"),
        ("float('inf')", "float('inf')"),
        ("slice(1, None)", "slice(1, None, None)"),
        ("datetime(2024, 1, 1, fold=1)", "datetime(2024, 1, 1)"),
        ("'\\ud800'", "'\\ud800'"),
        (RED, RED),
        ("dataclass('s:P', x=0.0, y=[1])", "dataclass('s:P', y=[1], x=-0.0)"),
        (
            "{enum('s:E', 'A', 1): {dataclass('s:P', x=1, y=2)}}",
            "{enum('s:E', 'A', 1): {dataclass('s:P', y=2, x=1)}}",
        ),
    ],
)
def test_values_that_python_holds_equal_are_the_same(one: str, other: str) -> None:
    """Equality is Python's own, once the types are the very same."""
    assert compare(one, other) is None
    assert compare(other, one) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "True"),
        ("1", "1.0"),
        ("1.0", "complex(1, 0)"),
        ("1", "'1'"),
        ("1", "Fraction(1)"),
        ("1", "Decimal('1')"),
        ("'a'", "b'a'"),
        ("'a'", "Path('a')"),
        ("[1]", "(1,)"),
        ("{1}", "frozenset({1})"),
        ("{1}", "{True}"),
        ("{1: 'a'}", "{1.0: 'a'}"),
        ("{(1,)}", "{(True,)}"),
        ("{}", "set()"),
        ("None", "False"),
        ("date(2024, 1, 1)", "datetime(2024, 1, 1)"),
        ("datetime(2024, 1, 1)", "datetime(2024, 1, 1, tzinfo=timezone.utc)"),
        (
            "datetime(2024, 1, 1, 12, tzinfo=timezone.utc)",
            "datetime(2024, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))",
        ),
        ("'e\\u0301'", "'\\u00e9'"),
        ("[1, 2]", "[1, 2, 3]"),
        ("[]", "[1]"),
        ("{1, 2}", "{1}"),
        ("{1}", "{1, 2}"),
        ("float('nan')", "float('nan')"),
        ("{float('nan')}", "{float('nan')}"),
        ("{(float('nan'), 1)}", "{(float('nan'), 1)}"),
        ("{float('nan'): 1}", "{float('nan'): 1}"),
        ("Decimal('NaN')", "Decimal('NaN')"),
        ("float('inf')", "float('-inf')"),
        ("Decimal('Infinity')", "Decimal('-Infinity')"),
        ("slice(1)", "slice(2)"),
        (RED, "1"),
        (RED, "'RED'"),
        (RED, "enum('solution:Colour', 'RED', True)"),
        (RED, "enum('solution:Colour', 'BLUE', 1)"),
        (RED, "enum('solution:Color', 'RED', 1)"),
        (f"{{{RED}}}", "{enum('solution:Colour', 'RED', 2)}"),
        (f"{{{RED}}}", "{1}"),
        (RED, "dataclass('solution:Colour', RED=1)"),
        ("dataclass('s:P', x=1)", "dataclass('s:Q', x=1)"),
        ("dataclass('s:P', x=1)", "dataclass('s:P', y=1)"),
        ("dataclass('s:P', x=1)", "dataclass('s:P', x=1.0)"),
        ("dataclass('s:P', x=1)", "dataclass('s:P', x=1, y=2)"),
        ("dataclass('s:P', x=1)", "{'x': 1}"),
        ("{dataclass('s:P', x=1)}", "{dataclass('s:P', x=True)}"),
        ("{dataclass('s:P', x=1, y=2)}", "{dataclass('s:P', x=2, y=1)}"),
        ("dataclass('s:P', x={})", "dataclass('s:P', x={1: 2})"),
    ],
)
def test_values_of_another_type_or_content_are_not_the_same(one: str, other: str) -> None:
    """No laundering of types, no order that matters in one direction only."""
    for tolerance in (None, CLOSE):
        assert compare(one, other, tolerance) is not None
        assert compare(other, one, tolerance) is not None


@pytest.mark.parametrize(
    "text",
    [
        "float('nan')",
        "[{'a': float('nan')}]",
        "{float('nan')}",
        "{float('nan'), float('nan')}",
        "{(float('nan'), 1): 2}",
        "frozenset({frozenset({float('nan')})})",
        "Decimal('NaN')",
        "Decimal('sNaN')",
        "complex(float('nan'), 1.0)",
        "dataclass('s:P', x=float('nan'))",
        "{enum('s:E', 'A', float('nan'))}",
    ],
)
def test_nan_is_the_same_as_nan_only_where_the_case_says_so(text: str) -> None:
    """By default NaN equals nothing, so a case that expects one must say what it means."""
    assert compare(text, text, nan_equal=True) is None
    assert compare(text, text) is not None


def test_nan_is_never_the_same_as_a_number() -> None:
    """Neither `nan_equal` nor a tolerance makes NaN a joker."""
    wide = Tolerance(relative=1.0, absolute=1e300)
    assert compare("float('nan')", "1.0", wide, nan_equal=True) is not None
    assert compare("1.0", "float('nan')", wide, nan_equal=True) is not None
    assert compare("complex(1, 1)", "complex(float('nan'), 1)", wide, nan_equal=True) is not None
    assert compare("{float('nan')}", "{float('nan'), 1.0}", nan_equal=True) is not None


@pytest.mark.parametrize(
    "template",
    [
        "{}",
        "[{}]",
        "({},)",
        "{{'a': [{}]}}",
        "dataclass('s:P', x=1, y=[{}])",
        "enum('s:E', 'A', {})",
    ],
)
def test_tolerance_holds_for_floats_wherever_they_are_in_order(template: str) -> None:
    """Leaves of lists, tuples and the values of dicts are compared as `math.isclose` does."""
    expected, near, far = (template.format(text) for text in ("0.3", "0.30000000000000004", "0.31"))
    assert compare(expected, near) is not None
    assert compare(expected, near, CLOSE) is None
    assert compare(expected, far, CLOSE) is not None
    assert compare(expected, far, Tolerance(absolute=0.1)) is None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("{0.3}", "{0.30000000000000004}"),
        ("{0.3: 1}", "{0.30000000000000004: 1}"),
        ("{dataclass('s:P', x=0.3)}", "{dataclass('s:P', x=0.30000000000000004)}"),
        ("1", "2"),
        ("Decimal('0.3')", "Decimal('0.30000000000000004')"),
        ("float('inf')", "1e308"),
    ],
)
def test_tolerance_does_not_reach_keys_items_or_exact_numbers(expected: str, actual: str) -> None:
    """Which key would be close to which is a question without an answer."""
    assert compare(expected, actual, Tolerance(relative=0.5, absolute=10.0)) is not None


def test_complex_numbers_are_close_by_their_distance() -> None:
    """A tiny imaginary part is nothing beside a large real one, as `cmath.isclose` says."""
    assert compare("complex(-1.0, 0.0)", "complex(-1.0, 1.2e-16)", CLOSE) is None
    assert compare("complex(-1.0, 0.0)", "complex(-1.0, 0.1)", CLOSE) is not None


def test_complex_of_overflowing_magnitude_is_not_close_to_everything() -> None:
    """`cmath.isclose` allows an infinite distance there: any answer would pass."""
    huge = "complex(1.7e308, 1.7e308)"
    assert compare("complex(1.0, 1.0)", huge, CLOSE) is not None
    assert compare(huge, "complex(1.0, 1.0)", CLOSE) is not None
    assert compare(huge, huge, CLOSE) is None


@given(st.floats(), st.floats())
def test_floats_are_compared_as_python_does(one: float, other: float) -> None:
    """A tolerance agrees with `math.isclose`, none with `==`."""
    assert (same(one, other) is None) == (one == other)
    assert (same(one, other, CLOSE) is None) == math.isclose(one, other)


unique_items = st.lists(st.integers() | st.text(), unique=True)


@given(unique_items.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_order_of_a_set_never_matters(orders: tuple[list[int | str], list[int | str]]) -> None:
    """Any two orders of the same items are the same set, and one item less is not."""
    items, shuffled = orders
    assert same(SetValue(tuple(items)), SetValue(tuple(shuffled))) is None
    if items:
        assert same(SetValue(tuple(items)), SetValue(tuple(shuffled[1:]))) is not None


@pytest.mark.parametrize(
    ("expected", "actual", "path", "message"),
    [
        ("1", "True", "", "expected int 1, got bool True"),
        ("[1, 2]", "[1, 3]", "[1]", "expected 2, got 3"),
        ("{'a': [(1,)]}", "{'a': [(2,)]}", "['a'][0][0]", "expected 1, got 2"),
        ("[1]", "[]", "", "expected 1 items, got 0"),
        ("{1, 2}", "{1}", "", "the item int 2 is missing"),
        ("{1}", "{1, 2}", "", "the item int 2 is not expected"),
        ("[{'a': 1}]", "[{}]", "[0]", "the key str 'a' is missing"),
        ("{1: 2}", "{1: 2, 'b': 3}", "", "the key str 'b' is not expected"),
        ("1", RED, "", f"expected int 1, got enum member {RED}"),
        ("[dataclass('s:P', x=[1])]", "[dataclass('s:P', x=[2])]", "[0].x[0]", "expected 1, got 2"),
        (RED, RED.replace("1", "2"), ".value", "expected 1, got 2"),
        (
            "dataclass('s:P', x=1)",
            "dataclass('s:P', y=1)",
            "",
            "expected dataclass('s:P', x=1), got dataclass('s:P', y=1)",
        ),
    ],
)
def test_difference_says_where_and_what(
    expected: str, actual: str, path: str, message: str
) -> None:
    """An agent can repair its code from the message alone."""
    assert compare(expected, actual) == Difference(path, message)


def test_message_is_bounded_however_large_the_values_are() -> None:
    """A verdict is read by people and models."""
    found = same(ListValue(("a" * 100_000,)), ListValue(("b" * 100_000,)))
    assert found is not None
    assert len(found.message) < 1000


@pytest.mark.parametrize(
    ("expected", "actual", "message"),
    [
        ("[1, 2, 2]", "[2, 1, 2]", ""),
        ("([1], {2: 3}, {4}, slice(5))", "(slice(5), {4}, {2: 3}, [1])", ""),
        ("[{'a': 1, 'b': 2}]", "[{'b': 2, 'a': 1}]", ""),
        ("[0.0, None]", "[None, -0.0]", ""),
        ("[1, 2, 2]", "[1, 1, 2]", "the item int 1 is not expected"),
        ("[1, True]", "[1, 1]", "the item bool True is missing"),
        ("[[1, 2]]", "[[2, 1]]", "the item list [2, 1] is not expected"),
        ("[1]", "(1,)", "expected list [1], got tuple (1,)"),
        ("[1]", "1", "expected list [1], got int 1"),
        ("[[float('nan')]]", "[[float('nan')]]", "the item list [float('nan')] is missing"),
    ],
)
def test_items_in_any_order_are_the_same_if_each_comes_as_often(
    expected: str, actual: str, message: str
) -> None:
    """What is in an item has the order that it has."""
    wanted = parse_answer(expected)
    assert isinstance(wanted, ListValue | TupleValue)
    difference = same_items(wanted, parse_answer(actual))
    assert ("" if difference is None else difference.message) == message


def test_items_that_hold_nan_are_the_same_where_nan_equals_nan() -> None:
    """Wherever it is in them."""
    wanted = parse_answer("[[float('nan')], 1, {2: (float('nan'),)}]")
    assert isinstance(wanted, ListValue)
    actual = parse_answer("[{2: (float('nan'),)}, [float('nan')], 1]")
    assert same_items(wanted, actual, nan_equal=True) is None


@given(st.lists(st.sampled_from(SAMPLES), max_size=5), st.data())
def test_list_is_the_same_as_any_permutation_of_it(texts: list[str], data: st.DataObject) -> None:
    """And as nothing with one item less, or one twice."""
    shuffled = data.draw(st.permutations(texts))
    wanted = ListValue(tuple(parse_answer(text) for text in texts))
    assert same_items(wanted, ListValue(tuple(map(parse_answer, shuffled)))) is None
    if texts:
        assert same_items(wanted, ListValue(tuple(map(parse_answer, shuffled[1:])))) is not None
        twice = [shuffled[0], *shuffled]
        assert same_items(wanted, ListValue(tuple(map(parse_answer, twice)))) is not None


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ("{'a': 1}", "{'a': 1, 'b': 2}", None),
        ("{'a': {'b': {'c': 1}}}", "{'z': 0, 'a': {'y': 0, 'b': {'x': 0, 'c': 1}}}", None),
        ("{1: 'one'}", "{True: 'one', 2: 0}", ("", "the key int 1 is missing")),
        ("{'a': 1}", "{'a': True}", ("['a']", "expected int 1, got bool True")),
        ("{'a': [1]}", "{'a': [1, 2]}", ("['a']", "expected 1 items, got 2")),
        ("{'a': [{}]}", "{'a': [{1: 2}]}", ("['a'][0]", "the key int 1 is not expected")),
        ("{'a': {1}}", "{'a': {1, 2}}", ("['a']", "the item int 2 is not expected")),
        (
            "{'a': dataclass('s:P', x={})}",
            "{'a': dataclass('s:P', x={1: 2})}",
            ("['a'].x", "the key int 1 is not expected"),
        ),
        ("{'a': {}}", "{'a': []}", ("['a']", "expected dict {}, got list []")),
        ("{'a': 1}", "[1]", ("", "expected dict {'a': 1}, got list [1]")),
    ],
)
def test_dict_with_more_entries_has_those_expected(
    expected: str, actual: str, found: tuple[str, str] | None
) -> None:
    """So do the dicts that are values; what is in a list or a set is compared as ever."""
    wanted = parse_answer(expected)
    assert isinstance(wanted, DictValue)
    difference = has_entries(wanted, parse_answer(actual))
    assert difference == (None if found is None else Difference(*found))


def test_entries_are_compared_with_the_tolerance_and_the_nan_of_the_case() -> None:
    """As without `subset`."""
    wanted = parse_answer("{'a': {'b': 1.0}, 'c': float('nan'), float('nan'): 1}")
    assert isinstance(wanted, DictValue)
    actual = parse_answer("{float('nan'): 1, 'a': {'b': 1.0000000001, 'x': 0}, 'c': float('nan')}")
    assert has_entries(wanted, actual, CLOSE, nan_equal=True) is None
    assert has_entries(wanted, actual, CLOSE) is not None
