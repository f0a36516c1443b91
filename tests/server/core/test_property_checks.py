"""Property checks: which are admitted, and what tests are made of them."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assize.model import strategies as s
from assize.model.spec import Check, Function, FunctionCase, Lifetime, Property, Spec, Tolerance
from assize.model.submission import SourceFile, Submission
from assize_server.core.bounds import (
    MOST_EXAMPLES,
    MOST_EXPRESSION_CHARS,
    MOST_REFERENCE_BYTES,
    MOST_SIZE,
    MOST_STRATEGIES,
    MOST_STRATEGY_DEPTH,
)
from assize_server.core.expressions import expression_fault, reference_fault
from assize_server.core.made_suites import case_of, property_suite, suite_of, where_suite
from assize_server.core.spec import validate_request
from assize_server.core.strategies import written

SUBMISSION = Submission((SourceFile("solution.py", b""), SourceFile("hypothesis.py", b"")))
XS = s.Argument(s.Lists(s.Integers()), "xs")
POST = Property("solution", "f", (XS,), postcondition="result in xs")
REFERENCE = replace(POST, postcondition=None, reference=("r.py", "def f(xs): return xs\n"))
NAMES = {each.__name__: each for each in (date, datetime, time, timedelta, timezone)} | {
    each.__name__: each for each in (Decimal, Fraction, UUID, Path)
}

SIZES = st.integers(0, 3)
SAMPLES = st.sampled_from(["1", "'a\\ud800\\U000e0001'", "[1]", "date(2024, 1, 1)", "float('nan')"])
LEAVES: st.SearchStrategy[s.Strategy] = st.one_of(
    st.builds(s.Integers, st.none() | st.integers(-9, 0), st.none() | st.integers(0, 9)),
    st.builds(s.Floats, st.none() | st.floats(-9, 0), st.none() | st.floats(0, 9)),
    st.builds(s.Floats, allow_nan=st.booleans(), allow_infinity=st.booleans()),
    st.just(s.Booleans()),
    st.builds(s.Text, SIZES, st.none() | st.integers(3, 5), st.sampled_from(["", "ab'\"\\"])),
    st.builds(s.Bytes, SIZES, st.none() | st.integers(3, 5)),
    st.just(s.Nothing()),
    st.builds(s.SampledFrom, st.lists(SAMPLES, min_size=1, max_size=3).map(tuple)),
)
STRATEGIES: st.SearchStrategy[s.Strategy] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(s.Lists, inner, SIZES, st.none() | st.integers(3, 5)),
        st.builds(s.Tuples, st.lists(inner, max_size=3).map(tuple)),
        st.builds(s.OneOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(s.Optional, inner),
        st.builds(s.Dictionaries, st.just(s.Integers()), inner, SIZES),
    ),
    max_leaves=4,
)


def faults(kind: Property | Function) -> dict[str, str]:
    """Return what is wrong with a spec of one check, by field below the check."""
    found = validate_request(SUBMISSION, Spec((Check("it", kind),)))
    return {each.field.removeprefix("spec.checks[0]."): each.description for each in found}


@pytest.mark.parametrize("kind", [POST, REFERENCE, replace(REFERENCE, approx=Tolerance(1e-9))])
def test_ordinary_property_has_no_faults(kind: Property) -> None:
    """With a postcondition, or a reference and a tolerance."""
    assert faults(kind) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"module": "absent"}, "property.module"),
        ({"module": "hypothesis"}, "property.module"),
        ({"function": "f()"}, "property.function"),
        ({"arguments": ()}, "property"),
        ({"from_type_hints": True}, "property"),
        ({"from_type_hints": True, "arguments": ()}, "property.from_type_hints"),
        ({"postcondition": None}, "property"),
        ({"reference": ("r.py", "f = 1")}, "property"),
        ({"postcondition": "reslt == xs"}, "property.postcondition"),
        ({"postcondition": "x ="}, "property.postcondition"),
        ({"nan_equal": True}, "property.postcondition"),
        ({"max_examples": 0}, "property.max_examples"),
        ({"max_examples": MOST_EXAMPLES + 1}, "property.max_examples"),
        ({"seed": -1}, "property.seed"),
        ({"lifetime": Lifetime.SUITE}, "property.lifetime"),
        ({"approx": Tolerance(-1.0)}, "property.approx.relative"),
    ],
)
def test_property_that_could_not_be_judged_is_refused(change: dict[str, Any], field: str) -> None:
    """Before anything runs, with the field at fault."""
    assert field in faults(replace(POST, **change))


@pytest.mark.parametrize(
    ("reference", "field"),
    [
        (("r.txt", "def f(): 1"), "property.reference.path"),
        (("../r.py", "def f(): 1"), "property.reference.path"),
        (("r.py", "def g(): 1"), "property.reference.content"),
        (("r.py", "def f(:"), "property.reference.content"),
        (("r.py", "f = 1\0"), "property.reference.content"),
        (("r.py", "f = 1#" + "x" * MOST_REFERENCE_BYTES), "property.reference.content"),
    ],
)
def test_reference_without_the_function_is_refused(reference: tuple[str, str], field: str) -> None:
    """It would fail for every candidate."""
    assert list(faults(replace(REFERENCE, reference=reference))) == [field]


def test_reference_may_import_or_assign_the_function() -> None:
    """However it comes about."""
    for source in ("from math import f", "f = 1", "class f: pass", "from math import *"):
        assert reference_fault(source, "f.open") is None


@pytest.mark.parametrize(
    ("strategy", "field"),
    [
        (s.Integers(2, 1), "integers"),
        (s.Floats(2.0, 1.0), "floats"),
        (s.Floats(float("nan")), "floats"),
        (s.Floats(1.0, allow_nan=True), "floats.allow_nan"),
        (s.Floats(1.0, 2.0, allow_infinity=True), "floats.allow_infinity"),
        (s.Text(-1), "text.min_size"),
        (s.Text(3, 2), "text"),
        (s.Bytes(0, MOST_SIZE + 1), "bytes.max_size"),
        (s.SampledFrom(()), "sampled_from.values"),
        (s.SampledFrom(("1", "x")), "sampled_from.values[1]"),
        (s.Lists(s.Lists(s.Integers(2, 1))), "lists.of.lists.of.integers"),
        (s.OneOf(()), "one_of.of"),
        (s.Tuples((s.Integers(), s.Text(3, 2))), "tuples.of[1].text"),
        (s.Optional(s.Text(3, 2)), "optional.of.text"),
        (s.Dictionaries(s.Lists(s.Integers()), s.Integers()), "dictionaries.keys"),
        (s.Dictionaries(s.SampledFrom(("[1]",)), s.Integers()), "dictionaries.keys"),
        (s.Dictionaries(s.Tuples((s.Booleans(),)), s.Text(3, 2)), "dictionaries.values.text"),
    ],
)
def test_strategy_that_makes_nothing_is_refused(strategy: s.Strategy, field: str) -> None:
    """With its place, however deep."""
    kind = replace(POST, arguments=(s.Argument(strategy, "xs"),))
    assert list(faults(kind)) == [f"property.arguments[0].{field}"]


def test_strategies_are_bounded_in_depth_and_number() -> None:
    """Both are checked by walking, which must end."""
    deep: s.Strategy = s.Integers()
    for _ in range(MOST_STRATEGY_DEPTH + 1):
        deep = s.Optional(deep)
    wide = s.Tuples((s.Integers(),) * MOST_STRATEGIES)
    for strategy in (deep, wide):
        assert len(faults(replace(POST, arguments=(s.Argument(strategy, "xs"),)))) == 1


@pytest.mark.parametrize("name", ["result", "args", "assume", "math", "1x", "for", ""])
def test_argument_named_like_something_else_is_refused(name: str) -> None:
    """An argument without a name has none, which is no fault."""
    kind = replace(POST, arguments=(s.Argument(s.Integers(), name),), postcondition="result")
    assert list(faults(kind)) == (["property.arguments[0].name"] if name else [])


def test_name_given_twice_is_refused() -> None:
    """One of the two would be lost."""
    assert len(faults(replace(POST, arguments=(XS, XS)))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "all(a <= b for a, b in zip(result, result[1:]))",
        "(lambda n: n + n)(result) == 2 * args[0]",
        "(y := len(args)) == y",
        "same(result, Decimal('1')) or math.isclose(result, 1)",
        "{k: v for k, v in result.items()} == candidate.undo(result)",
    ],
)
def test_expression_over_known_names_has_no_fault(text: str) -> None:
    """Names that it binds itself are known."""
    assert expression_fault(text, []) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "[x for y in result]", "lambda: x", "import os", "result; 1", "yield 1", "1\0",
     "(" * 300, "1" + "+1" * MOST_EXPRESSION_CHARS],
)  # fmt: skip
def test_expression_that_fails_for_every_candidate_is_refused(text: str) -> None:
    """Saying why."""
    assert expression_fault(text, [])


@given(STRATEGIES, st.data())
@settings(max_examples=50, deadline=None)
def test_any_admitted_strategy_is_written_for_hypothesis(
    strategy: s.Strategy, data: st.DataObject
) -> None:
    """What is written makes a value."""
    kind = replace(POST, arguments=(s.Argument(strategy, "xs"),))
    assert faults(kind) == {}
    data.draw(eval(written(strategy), NAMES | {"st": st}))  # noqa: S307 - of our own making


@given(st.lists(STRATEGIES, min_size=1, max_size=2))
@settings(max_examples=20, deadline=None)
def test_file_made_of_a_property_is_python(strategies: list[s.Strategy]) -> None:
    """Whatever texts it holds, and whatever the candidate and the reference are called."""
    arguments = tuple(s.Argument(each) for each in strategies)
    kind = replace(REFERENCE, arguments=arguments, reference=("solution.py", "f = 1"))
    made = property_suite(kind)
    for path, text in made.files:
        compile(text, path, "exec")
    assert [path for path, _ in made.files] == ["test_property.py", "assize_reference/solution.py"]
    assert made.modules == ("solution",)


def test_property_is_run_with_its_settings() -> None:
    """Nothing of an earlier run is remembered, and nothing is left to hypothesis's profile."""
    text = dict(property_suite(replace(POST, max_examples=7, nan_equal=True)).files)[
        "test_property.py"
    ]
    for part in (
        "max_examples=7", "deadline=None", "database=None", "derandomize=False",
        "print_blob=False", "names=('xs',)", "nan_equal=True",
    ):  # fmt: skip
        assert part in text


def test_cases_with_an_expression_become_tests_and_the_others_do_not() -> None:
    """Named after their place, so that the verdict can name the case."""
    call = "f(1, float('nan'), x={'a': [date(2024, 1, 1)]})"
    plain = FunctionCase("f(1)", returns="1")
    kind = Function("solution", (plain, FunctionCase(call, where="result == 'it\\'s'")))
    made = where_suite(kind)
    ((path, text),) = made.files
    compile(text, path, "exec")
    assert "test_case_2" in text
    assert "test_case_1" not in text
    assert case_of(f"{path}::test_case_2") == 2
    assert suite_of(Function("solution", (plain,))) is None


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (FunctionCase("f()"), ""),
        (FunctionCase("f()", returns="1", where="result"), ""),
        (FunctionCase("f()", matches="("), ".matches"),
        (FunctionCase("f()", matches=""), ".matches"),
        (FunctionCase("f()", where="reslt"), ".where"),
        (FunctionCase("f()", returns="[1.0]", unordered=True, approx=Tolerance()), ".unordered"),
        (FunctionCase("f()", returns="{1: 2}", unordered=True, subset=True), ".unordered"),
        (FunctionCase("f()", returns="{1}", unordered=True), ".unordered"),
        (FunctionCase("f()", returns="[]", subset=True), ".subset"),
        (FunctionCase("f()", returns="{}", subset=True), ".subset"),
        (FunctionCase("f()", raises="E", subset=True), ""),
        (FunctionCase("f()", matches="a", nan_equal=True), ""),
        (FunctionCase("f()", where="result", approx=Tolerance()), ""),
    ],
)
def test_comparator_that_does_not_fit_is_refused(case: FunctionCase, field: str) -> None:
    """A comparator that is not used, or has no defined answer, is a mistake."""
    assert f"function.cases[0]{field}" in faults(Function("solution", (case,)))


def test_module_that_would_hide_one_of_the_tests_is_refused_for_expressions_alone() -> None:
    """Cases that are called outside never import it there."""
    assert faults(Function("hypothesis", (FunctionCase("f()", returns="1"),))) == {}
    found = faults(Function("hypothesis", (FunctionCase("f()", where="result"),)))
    assert list(found) == ["function.module"]
