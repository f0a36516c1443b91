"""The test sandbox's own comparison: of one mind with the service's."""

import importlib.util
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assize_sandbox
from assize.model.spec import Tolerance
from assize_sandbox.codec import decode
from assize_server.core.compare import same


def load_guest(name: str) -> ModuleType:
    """Return a guest module, from its file: the host never imports the guest's package."""
    path = Path(assize_sandbox.__file__).parent / "guest" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"guest_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exactly, values = load_guest("exactly"), load_guest("values")
NAN = float("nan")
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
HASHABLE: list[object] = [
    None, True, False, 1, 0, 1.0, 0.0, -0.0, 1.0 + 1e-12, NAN, float("inf"), 1 + 0j,
    complex(NAN, 0), complex(1e308, 1e308), "a", b"a", "", Decimal(1), Decimal("1.0"),
    Decimal("NaN"), Fraction(1), date(2024, 1, 1), NOON.replace(tzinfo=None), NOON,
    NOON.astimezone(timezone(timedelta(hours=1))), timedelta(1), Path("a"), range(0), range(3, 1),
    (1,), (True,), frozenset({1}), frozenset({True}), frozenset({NAN}),
]  # fmt: skip
LEAVES = st.sampled_from([*HASHABLE, slice(1), slice(1, None), [1], {1}, {True}])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from(HASHABLE), inner, max_size=2),
        st.sets(st.sampled_from(HASHABLE), max_size=3),
    ),
    max_leaves=4,
)


@given(VALUES, VALUES, st.sampled_from([0.0, 1e-9]), st.booleans())
def test_both_comparisons_say_the_same_of_any_two_values(
    expected: object, actual: object, relative: float, nan_equal: bool
) -> None:
    """What the test sandbox holds to be equal, the service does, and nothing else."""
    here = exactly.Rules(relative, 0.0, nan_equal=nan_equal).difference(expected, actual)
    one, other = (decode(values.encode(each)) for each in (expected, actual))
    there = same(one, other, Tolerance(relative), nan_equal)
    assert (here == "") == (there is None)


@given(VALUES, st.booleans())
def test_any_value_is_the_same_as_itself_once_nan_equals_nan(value: object, nan: bool) -> None:
    """Without, what holds a NaN is not."""
    data = values.encode(value)
    difference = exactly.Rules(nan_equal=nan).difference(values.decode(data), values.decode(data))
    assert difference == "" or not nan


@pytest.mark.parametrize(
    ("expected", "actual", "message"),
    [
        (1, True, ": expected int 1, got bool True"),
        ({"a": [1, 2]}, {"a": [1, 3]}, "['a'][1]: expected 2, got 3"),
        ([1], [1, 2], ": expected 1 items, got 2"),
        ({1}, {1, 2}, ": the item int 2 is not expected"),
        ({1: 2}, {}, ": 1 expected keys are missing"),
        ([1.0], ["x" * 200], f"[0]: expected float 1.0, got str '{'x' * 98}…"),
    ],
)
def test_first_difference_is_told_with_its_place(
    expected: object, actual: object, message: str
) -> None:
    """Cut short, so that it fits a message."""
    assert exactly.Rules().difference(expected, actual) == message


def test_int_that_python_refuses_to_write_is_told_without_its_digits() -> None:
    """Its type is enough."""
    assert exactly.shown(10**5000, 100) == "a int that is too long to be written"
