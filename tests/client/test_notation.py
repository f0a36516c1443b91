"""The notation of values: what it reads, what it refuses, where it says so, what it writes."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.values.notation import (
    MOST_CHARACTERS,
    MOST_WRITTEN_DEPTH,
    NotationError,
    parse_answer,
    parse_call,
    parse_value,
    show,
)
from assize.values.shown import CUT
from assize.values.tree import (
    MOST_DECIMAL_CHARACTERS,
    DataclassValue,
    DictValue,
    EnumValue,
    FrozenSetValue,
    ListValue,
    SetValue,
    SliceValue,
    TupleValue,
    Value,
)


def refusal(text: str, parse: Callable[[str], object] = parse_value) -> NotationError:
    """Return the error that reading `text` raises."""
    with pytest.raises(NotationError) as caught:
        parse(text)
    return caught.value


any_text = st.text(st.characters(categories=None), max_size=8)
zones = st.one_of(
    st.none(),
    st.just(UTC),
    st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone),
)
ends = st.none() | st.integers()
leaves: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    any_text,
    st.binary(max_size=8),
    st.decimals(),
    st.fractions(),
    st.dates(),
    st.times(timezones=st.just(UTC)),
    st.datetimes(timezones=zones),
    st.timedeltas(),
    st.uuids(),
    any_text.map(PurePosixPath),
    st.builds(range, st.integers(), st.integers(), st.integers().filter(bool)),
    st.builds(SliceValue, ends, ends, ends),
)
unique_keys = st.lists(any_text, unique=True, max_size=4)
FIELDS = ("x", "path", "_y", "é")
values: st.SearchStrategy[Value] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: ListValue(tuple(items))),
        st.lists(inner, max_size=4).map(lambda items: TupleValue(tuple(items))),
        unique_keys.map(lambda items: SetValue(tuple(items))),
        unique_keys.map(lambda items: FrozenSetValue(tuple(items))),
        st.tuples(unique_keys, inner).map(
            lambda both: DictValue(tuple((key, both[1]) for key in both[0]))
        ),
        st.tuples(any_text, inner).map(lambda both: EnumValue("pkg.mod:Outer.Inner", *both)),
        st.lists(inner, max_size=4).map(
            lambda items: DataclassValue("m:f.<locals>.C", tuple(zip(FIELDS, items, strict=False)))
        ),
    ),
    max_leaves=10,
)


@given(values)
def test_shown_value_reads_back_as_itself(value: Value) -> None:
    """What is shown can be pasted into a spec, and means what was shown."""
    text = show(value, MOST_CHARACTERS)
    again = parse_answer(text)
    assert type(again) is type(value)
    assert show(again, MOST_CHARACTERS) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("0xff", 255),
        ("True", True),
        ("None", None),
        ("-1.5e3", -1500.0),
        ("1+2j", 1 + 2j),
        ("-1 - 2j", -1 - 2j),
        ("float('-inf')", -math.inf),
        ("-float('inf')", -math.inf),
        ("complex(1, -0.5)", 1 - 0.5j),
        ("'a' 'b'", "ab"),
        ("'\\ud800'", "\ud800"),
        ("b'\\xff'", b"\xff"),
        ("range(3)", range(3)),
        ("range(1, 9, -2)", range(1, 9, -2)),
        ("slice(3)", SliceValue(None, 3, None)),
        ("slice(1, None)", SliceValue(1, None, None)),
        ("slice(1, 2, 3)", SliceValue(1, 2, 3)),
        ("Decimal('1.50')", Decimal("1.50")),
        ("decimal.Decimal('1')", Decimal(1)),
        ("Fraction(2, 4)", Fraction(1, 2)),
        ("date(2024, 2, 29)", date(2024, 2, 29)),
        ("time(12, 30)", time(12, 30)),
        ("datetime.datetime(2024, 1, 1)", datetime(2024, 1, 1)),  # noqa: DTZ001 - a naive one
        ("datetime(2024, 1, 1, tzinfo=timezone.utc)", datetime(2024, 1, 1, tzinfo=UTC)),
        (
            "time(1, tzinfo=timezone(timedelta(hours=-1)))",
            time(1, tzinfo=timezone(timedelta(hours=-1))),
        ),
        ("timedelta(days=1, seconds=-1)", timedelta(days=1, seconds=-1)),
        ("UUID('00000000-0000-0000-0000-000000000007')", UUID(int=7)),
        ("Path('a//b')", PurePosixPath("a/b")),
        ("  1 # one\n", 1),
    ],
)
def test_leaf_is_read_as_python_writes_it(text: str, value: Value) -> None:
    """Each is the same object that Python would make, of the very same type."""
    found = parse_value(text)
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[1, (2,), ()]", "[1, (2,), ()]"),
        ("{'b': 1, 'a': {}}", "{'b': 1, 'a': {}}"),
        ("{1, frozenset({2})}", "{1, frozenset({2})}"),
        ("[set(), frozenset()]", "[set(), frozenset()]"),
        ("[float('nan'), -0.0]", "[float('nan'), -0.0]"),
    ],
)
def test_container_keeps_its_type_and_order(text: str, shown: str) -> None:
    """Dicts keep the order they are written in, tuples stay tuples."""
    assert show(parse_value(text)) == shown


def test_enums_and_dataclasses_are_written_as_data() -> None:
    """The class is named, never looked up; order and names of the fields are kept."""
    text = 'dataclass("solution:Point", x=1, to=[enum("solution:Colour", "RED", -1)])'
    shown = "dataclass('solution:Point', x=1, to=[enum('solution:Colour', 'RED', -1)])"
    assert show(parse_answer(text)) == shown
    keyed = "{enum('solution:Colour', 'RED', 1): {dataclass('solution:Point', x=1)}}"
    assert show(parse_answer(keyed)) == keyed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("enum('solution:Colour', 'RED')", 'as in enum("solution:Colour", "RED", 1)'),
        ("enum('solution:Colour', 'RED', value=1)", "as in enum("),
        ("enum(1, 'RED', 1)", "as in enum("),
        ("enum('Colour', 'RED', 1)", "as in solution:Colour"),
        ("enum('solution:', 'RED', 1)", "as in solution:Colour"),
        (f"enum('solution:A', '{'a' * 1001}', 1)", "1001 characters, over 1000"),
        ("enum('a:B', 'C', timezone.utc)", "not a plain value"),
        ("dataclass('solution:Point', 1)", 'as in dataclass("solution:Point", x=1, y=0)'),
        ("dataclass(x=1)", "as in dataclass("),
        ("dataclass('solution:Point', x=1, x=2)", "comes twice"),
        ("dataclass('a:B', **{})", "not a plain value"),
        ("{dataclass('a:B', x=[1])}", "cannot be a key"),
        ("{enum('a:B', 'C', 1), enum('a:B', 'C', 1)}", "equal"),
        ("enum('a:B', 'C', " * 70 + "1" + ")" * 70, "containers deep"),
    ],
)
def test_enum_or_dataclass_that_is_none_is_refused_with_its_reason(text: str, problem: str) -> None:
    """The message says what to write."""
    assert problem in refusal(text, parse_answer).problem


@pytest.mark.parametrize("text", ["enum('a:B', 'C', 1)", "dataclass('a:B', x=1)"])
def test_enums_and_dataclasses_are_never_passed(text: str) -> None:
    """Arguments are plain data: no class of the candidate's is looked up to make them."""
    for parse, written in ((parse_call, f"f([{text}])"), (parse_value, f"[{text}]")):
        assert "is for what is returned, and is never passed" in refusal(written, parse).problem


def test_call_gives_name_arguments_and_keywords() -> None:
    """A call is split into what the guest needs; nothing is called."""
    call = parse_call("Account.open('x', [1], limit=-1, kind=None)")
    assert call.function == "Account.open"
    assert [show(each) for each in call.arguments] == ["'x'", "[1]"]
    assert call.keywords == (("limit", -1), ("kind", None))


@pytest.mark.parametrize(
    "text",
    ["f", "1", "[f()]", "f()()", "f[0]()", "(lambda: 1)()", "f(*[1])", "f(**{})", "f(x=1, x=2)",
     "f(g(1))", "f(1); g()", "f(x)", "'f'()"],
)  # fmt: skip
def test_what_is_not_one_plain_call_is_refused(text: str) -> None:
    """Only a dotted name and plain values."""
    refusal(text, parse_call)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a Python expression"),
        ("1 +", "not a Python expression"),
        ("x", "text needs quotes"),
        ("true", "write True"),
        ("null", "write None"),
        ("1 + 1", "nothing is evaluated"),
        ("2 ** 9999999", "nothing is evaluated"),
        ("True + 2j", "nothing is evaluated"),
        ("1 * 2j", "nothing is evaluated"),
        ("~1", "nothing is evaluated"),
        ("-True", "takes no sign"),
        ("-'a'", "takes no sign"),
        ("f'{1}'", "nothing is evaluated"),
        ("[x for x in (1,)]", "nothing is evaluated"),
        ("lambda: 1", "nothing is evaluated"),
        ("(x := 1)", "nothing is evaluated"),
        ("...", "not a plain value"),
        ("open('x')", "makes no plain value"),
        ("__import__('os')", "makes no plain value"),
        ("''.join([])", "the name of a constructor is due"),
        ("{**{}}", "not a plain value"),
        ("{1, 1}", "equal"),
        ("{1, True}", "equal"),
        ("{0.5, Fraction(1, 2)}", "equal"),
        ("{1.0: 'a', Decimal('1'): 'b'}", "equal"),
        ("{frozenset({1, 1.0})}", "equal"),
        ("{[1]}", "cannot be a key"),
        ("{(1, {}): 2}", "cannot be a key"),
        ("1e999", "beyond a float's range"),
        ("0x" + "f" * 1000 + " + 1j", "beyond a float's range"),
        ("1" * 5000, "4300 digits"),
        ("float('1.5')", "write others as"),
        ("float('nan', 1)", "takes one text"),
        ("frozenset([1])", "frozenset({1, 2})"),
        ("set({1})", "write others as"),
        ("range(1, 2, 0)", "must not be zero"),
        ("range()", "takes 1 to 3 ints"),
        ("range(1.0)", "takes ints"),
        ("range(True)", "takes ints"),
        ("slice(1, 2, 3, 4)", "takes 1 to 3 ints"),
        ("Fraction(1, 0)", "does not take that"),
        ("Fraction(0x" + "f" * 4000 + ")", "bits, over"),
        ("Decimal('one')", "not a decimal number"),
        ("Decimal(1)", "takes one text"),
        (f"Decimal('{'1' * (MOST_DECIMAL_CHARACTERS + 1)}')", "characters, over"),
        ("date(2024, 2, 30)", "day is out of range"),
        ("date(year='2024')", "takes ints"),
        ("datetime(2024, 1, 1, tzinfo=1)", "timezone.utc"),
        ("timedelta(days=10**9)", "nothing is evaluated"),
        ("timedelta(9999999999999)", "does not take that"),
        ("timezone(timedelta(hours=1))", "only in tzinfo="),
        ("datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=24)))", "does not take that"),
        ("UUID('7')", "does not take that"),
        ("'\x00'", "null"),
        ("'\ud800'", "surrogates"),
    ],
)
def test_what_is_not_in_the_notation_is_refused_with_its_reason(text: str, problem: str) -> None:
    """Nothing is evaluated, and the message says what to write."""
    assert problem in refusal(text).problem


@pytest.mark.parametrize(
    "text",
    [
        "[" * 150 + "]" * 150,
        "[" * 100_000,
        "-" * 100_000 + "1",
        "1+" * 100_000 + "1",
        "a" + ".a" * 100_000,
        "f(" * 100 + ")" * 100,
        "[" * (MOST_WRITTEN_DEPTH + 2) + "]" * (MOST_WRITTEN_DEPTH + 2),
        "1," * MOST_CHARACTERS,
    ],
    ids=["lists", "open", "signs", "sums", "names", "calls", "one_too_deep", "long"],
)
def test_text_over_a_bound_is_refused(text: str) -> None:
    """Depth and length are bounded before they cost anything, and the message is short."""
    assert len(str(refusal(text))) < 300
    assert len(str(refusal(text, parse_call))) < 300


def test_text_just_within_the_depth_is_read() -> None:
    """The bound is where it is said to be."""
    depth = MOST_WRITTEN_DEPTH + 1
    assert show(parse_value("[" * depth + "]" * depth)) == "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("x", 1, 1), ("[1, x]", 1, 5), ("['é', x]", 1, 7), ("[1,\n  x]", 2, 3), ("{'a': y}", 1, 7)],
)
def test_error_names_line_and_column(text: str, line: int, column: int) -> None:
    """The place is in characters, also behind letters of several bytes."""
    error = refusal(text)
    assert (error.line, error.column) == (line, column)
    assert str(error).startswith(f"line {line}, column {column}: ")


@given(values, st.integers(1, 50))
def test_shown_text_keeps_its_bound_and_says_that_it_is_cut(value: Value, most: int) -> None:
    """However large a value, what is shown is as long as it may be."""
    text = show(value, most)
    whole = show(value, MOST_CHARACTERS)
    assert len(text) <= most
    assert text == whole or text.endswith(CUT)


def test_huge_int_is_shown_in_hexadecimal() -> None:
    """Decimal digits of a huge int take quadratic time, and Python refuses to write them."""
    number = 7**20_000
    assert parse_value(show(number, MOST_CHARACTERS)) == number
    assert show(number).startswith("0x")
