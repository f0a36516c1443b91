"""Which tests checks are admitted, and what of a submission their tests may import."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.spec import CopyBack
from assize.model.spec import Tests as Suite
from assize_server.core.bounds import MOST_FILES, MOST_FILES_BYTES
from assize_server.core.faults import Faults
from assize_server.core.suites import (
    GUEST_MODULES,
    MOST_COPY_BACK,
    MOST_MODULES,
    RUNNER_MODULES,
    check_tests,
    importable,
    is_test_file,
    shadowing_fault,
)

TEST = ("test_it.py", "def test_it(): assert False\n")
SUBMITTED = ("solution.py", "pkg/__init__.py", "pkg/sub/mod.py")


def faults_of(kind: Suite, submitted: tuple[str, ...] = SUBMITTED) -> dict[str, str]:
    """Return the faults of a tests check, by field."""
    faults = Faults()
    check_tests(kind, submitted, "tests", faults)
    return {fault.field: fault.description for fault in faults.found()}


def test_plain_suite_is_admitted() -> None:
    """With all that it may say."""
    kind = Suite(
        (TEST, ("helpers/data.py", "")),
        modules=("solution", "pkg.sub.mod"),
        callbacks=True,
        copy_back=(CopyBack("sort", (0, "items")), CopyBack("Stack.fill", ("into",))),
        seed=1,
    )
    assert faults_of(kind) == {}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (Suite(()), "tests.files"),
        (Suite((("helpers.py", ""),)), "tests.files"),
        (Suite((("../test_it.py", ""),)), "tests.files[0].path"),
        (Suite((("/test_it.py", ""),)), "tests.files[0].path"),
        (Suite((TEST, TEST)), "tests.files[1].path"),
        (Suite((TEST, ("test_it.py/x.py", ""))), "tests.files[1].path"),
        (Suite((TEST, *((f"f{n}.py", "") for n in range(MOST_FILES)))), "tests.files"),
        (Suite((("test_it.py", "x" * (MOST_FILES_BYTES + 1)),)), "tests.files"),
        (Suite((TEST,), modules=("absent",)), "tests.modules[0]"),
        (Suite((TEST,), modules=("not a name",)), "tests.modules[0]"),
        (Suite((TEST,), modules=("solution",) * (MOST_MODULES + 1)), "tests.modules"),
        (Suite((TEST,), copy_back=(CopyBack("f", ()),)), "tests.copy_back[0].arguments"),
        (Suite((TEST,), copy_back=(CopyBack("f g", (0,)),)), "tests.copy_back[0].function"),
        (Suite((TEST,), copy_back=(CopyBack("f", ("a b",)),)), "tests.copy_back[0].arguments[0]"),
        (
            Suite((TEST,), copy_back=(CopyBack("f", (0,)), CopyBack("f", (1,)))),
            "tests.copy_back[1].function",
        ),
        (
            Suite((TEST,), copy_back=(CopyBack("f", (0,)),) * (MOST_COPY_BACK + 1)),
            "tests.copy_back",
        ),
        (Suite((TEST,), seed=-1), "tests.seed"),
    ],
)
def test_faulty_suite_is_refused_with_its_field(kind: Suite, field: str) -> None:
    """The fault names what to change."""
    assert field in faults_of(kind)


@pytest.mark.parametrize(
    "name", ["pytest", "hypothesis", "conftest", "json", "unittest", "test_it"]
)
def test_module_that_would_shadow_what_tests_mean_is_refused(name: str) -> None:
    """The runner's, the standard library's, and the tests' own."""
    kind = Suite((TEST,), modules=(name,))
    assert "tests.modules[0]" in faults_of(kind, (f"{name}.py",))


@pytest.mark.parametrize("name", sorted(RUNNER_MODULES | GUEST_MODULES))
def test_modules_of_the_test_sandbox_are_never_the_candidates(name: str) -> None:
    """Nor any module within a package of that name."""
    assert shadowing_fault(name, frozenset())
    assert shadowing_fault(f"{name}.inner", frozenset())
    assert importable([f"{name}.py", f"{name}/inner.py"], []) == ()


def test_every_usable_module_of_a_submission_can_be_imported() -> None:
    """Packages by their own name; data, odd names and shadows are left out."""
    submitted = [
        "solution.py", "pkg/__init__.py", "pkg/sub/mod.py", "data.json", "not-a-name.py",
        "json.py", "pytest.py", "conftest.py", "helpers.py", "tests/inner.py",
    ]  # fmt: skip
    own = ["test_it.py", "helpers.py", "tests/test_more.py"]
    assert importable(submitted, own) == ("pkg", "pkg.sub.mod", "solution")


@given(st.lists(st.from_regex(r"[a-z_]{1,6}(/[a-z_]{1,6}){0,2}\.py", fullmatch=True)))
def test_what_can_be_imported_is_admitted_by_name(submitted: list[str]) -> None:
    """The default is never what the spec could not have said."""
    modules = importable(submitted, [TEST[0]])
    found = faults_of(Suite((TEST,), modules=modules[:MOST_MODULES]), tuple(submitted))
    assert not any(field.startswith("tests.modules") for field in found)


@pytest.mark.parametrize(
    ("path", "collected"),
    [
        ("test_it.py", True), ("it_test.py", True), ("a/b/test_it.py", True), ("test_.py", True),
        ("testit.py", False), ("test_it.txt", False), ("test_a/it.py", False),
        ("conftest.py", False),
    ],
)  # fmt: skip
def test_files_are_collected_as_pytest_does(path: str, collected: bool) -> None:
    """By the name of the file alone."""
    assert is_test_file(path) is collected
