"""Copies of test files in which some tests expect what is wrong: these fail, and no others."""

import ast
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assize_sandbox

GUEST = Path(assize_sandbox.__file__).parent / "guest"

FIT = {
    "literal": "assert double(2) == 4",
    "text": "assert str(double(2)) == '4', 'with a message'",
    "bytes": "assert bytes([65]) == b'A'",
    "inside": "assert [double(2), 'x'] == [4, 'x']",
    "mapping": "assert {'a': double(2)} == {'a': 4}",
    "empty": "assert [] == []",
    "truth": "assert (double(2) > 3) is True",
    "nothing": "assert None is None",
    "computed": "assert double(3) == 3 + 3",
    "unequal": "assert double(2) != 5",
    "order": "assert 3 < double(2)",
    "member": "assert double(2) in (4, 5)",
    "negated": "assert not double(0)",
    "chain": "assert 3 < double(2) < 5",
    "either": "assert double(2) == 5 or double(2) == 4",
    "call": "assert bool(double(2))",
    "parentheses": "assert (\n        double(2)\n        == 4\n    )",
    "umlauts": "assert 'äöü' + 'ß' == 'äöüß'",
    "no_assert": "double(2)",
    "cleanup": "assert double(2) == 4\n    double(3)",
    "documented": '"""Words only."""',
    "loop": "for each in range(3):\n        assert double(each) == each + each",
    "match": "match double(2):\n        case 4:\n            pass",
    "context": "with open('/dev/null') as file:\n        file.read()",
    "inner": "def inner():\n        return 4\n    assert double(2) == inner()",
    "semicolons": "x = double(2); assert x == 4;",
}
"""Bodies of tests that pass, and can be made to fail."""

UNFIT = {
    "returns": "def test_it():\n    if double(2):\n        return\n    assert double(2) == 4\n",
    "yields": "def test_it():\n    assert (yield) == 4\n",
    "unknown decorator": "@retried\ndef test_it():\n    assert double(2) == 4\n",
    "expected to fail": "@pytest.mark.xfail\ndef test_it():\n    assert double(2) == 5\n",
    "called by another": "def test_it():\n    assert 1\ndef test_all():\n    return test_it()\n",
    "called as a parent's": (
        "class A:\n    def test_it(self):\n        assert 1\n"
        "class B(A):\n    def test_it(self):\n        return super().test_it()\n"
    ),
    "named in a text": "def test_it():\n    assert 1\nx = getattr(object, 'test_it', None)\n",
    "a fixture": "@pytest.fixture\ndef test_it():\n    assert 1\n",
    "nested": "def make():\n    def test_it():\n        assert 1\n    return test_it\n",
    "imported": "from helpers import test_it\ndef test_it():\n    assert 1\n",
}


def load() -> ModuleType:
    """Import the guest's module by its path: it is no part of what the host imports."""
    found = importlib.util.spec_from_file_location("copies", GUEST / "copies.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


copies = load()


def made(sources: Mapping[str, str], seed: int) -> list[tuple[dict[str, str], list[str]]]:
    """Return each copy's sources, changed or not, and the names that are wrong in it."""
    both = copies.Copies(sources, seed)
    return [
        ({**sources, **changed}, names)
        for changed, names in zip(both.sources, both.wrong, strict=True)
    ]


def fails(source: str, name: str, log: list[object] | None = None) -> bool:
    """Tell whether a test of the source fails on its expectation."""

    def double(number: int) -> int:
        if log is not None:
            log.append(number)
        return 2 * number

    scope: dict[str, Any] = {"double": double}
    exec(compile(source, "test_it.py", "exec"), scope)  # noqa: S102 - our own source
    try:
        scope[name]()
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("body", FIT.values(), ids=FIT)
@pytest.mark.parametrize("seed", range(8))
def test_test_fails_in_exactly_the_copy_where_it_is_wrong(body: str, seed: int) -> None:
    """It passes in the other, and what it does before its last statement is done in both."""
    source = f"def test_it():\n    {body}\n\ndef test_other(): assert double(1) == 2\n"
    assert not fails(source, "test_it")
    log: list[object] = []
    fails(source, "test_it", log)
    results = []
    for sources, wrong in made({"test_it.py": source}, seed):
        done: list[object] = []
        failed = fails(sources["test_it.py"], "test_it", done)
        assert failed == ("test_it" in wrong)
        assert fails(sources["test_it.py"], "test_other") == ("test_other" in wrong)
        assert set(done) == set(log)
        results.append(failed)
    assert sorted(results) == [False, True]


@pytest.mark.parametrize("source", UNFIT.values(), ids=UNFIT)
def test_test_that_may_pass_all_the_same_is_right_in_both_copies(source: str) -> None:
    """An honest candidate must never be taken for one that tampers."""
    for sources, wrong in made({"test_it.py": source}, 1):
        assert "test_it" not in wrong
        assert "test_it" in sources["test_it.py"]
    assert "test_it" not in copies.fit([ast.parse(source)])


def test_name_that_is_unfit_in_one_file_is_unfit_in_all() -> None:
    """A test that was inherited is known by its name alone."""
    sources = {"test_a.py": UNFIT["returns"], "test_b.py": "def test_it():\n    assert 1 == 1\n"}
    assert [(changed, wrong) for changed, wrong in made(sources, 1)] == [(sources, [])] * 2


@given(st.integers(0, 2**64 - 1))
def test_every_fit_test_is_wrong_once_whatever_the_seed(seed: int) -> None:
    """The same seed makes the same copies."""
    source = "".join(f"def test_{name}():\n    {body}\n" for name, body in FIT.items())
    first, second = made({"test_it.py": source}, seed)
    assert sorted(first[1] + second[1]) == sorted(f"test_{name}" for name in FIT)
    assert made({"test_it.py": source}, seed) == [first, second]


def test_both_copies_have_the_same_tests_of_the_same_names() -> None:
    """Nothing but the expectation tells one copy from the other."""
    source = "".join(f"def test_{name}():\n    {body}\n" for name, body in FIT.items())
    for sources, _ in made({"test_it.py": source}, 7):
        names = [node.name for node in copies.tests_of(ast.parse(sources["test_it.py"]).body)]
        assert names == [f"test_{name}" for name in FIT]


@pytest.mark.parametrize("source", ["def test_it(:\n", "(" * 10_000, "x = '\0'"])
def test_file_that_cannot_be_read_is_left_as_it_is(source: str) -> None:
    """The test runner will say what is wrong with it."""
    assert made({"test_it.py": source}, 1) == [({"test_it.py": source}, [])] * 2


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", ""])
def test_every_kind_of_line_ending_is_kept_apart(ending: str) -> None:
    """A file's last line may have none."""
    source = "def test_it():\n    for x in [1]:\n        assert double(x) == 2\n".strip()
    source = source.replace("\n", ending or "\n") + ending
    assert sorted(
        fails(sources["test_it.py"], "test_it") for sources, _ in made({"test_it.py": source}, 3)
    ) == [False, True]
