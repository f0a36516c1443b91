"""Which files go beside tests that share their process, and which shared checks are admitted."""

import pytest

from assize.model.spec import Check, CopyBack, Lifetime, Spec
from assize.model.spec import Tests as Suite
from assize.model.submission import SourceFile, Submission
from assize_server.core.shared import environment_beside, function_of, parted
from assize_server.core.spec import validate_request

TESTS = ("tests/test_it.py", "tests/data.txt")


@pytest.mark.parametrize(
    "path",
    [
        "conftest.py",
        "pkg/conftest.py",
        "pytest.ini",
        ".pytest.ini",
        "tests/tox.ini",
        "setup.cfg",
        "pyproject.toml",
        "sitecustomize.py",
        "pkg/usercustomize.py",
        "evil.pth",
        "pkg/mod.pyc",
        "evil-1.0.dist-info/entry_points.txt",
        "src/evil.egg-info/entry_points.txt",
        "json.py",
        "pytest.py",
        "hypothesis/__init__.py",
        "src/unittest/__init__.py",
        "_pytest.cpython-311-x86_64-linux-gnu.so",
        "tests/test_it.py",
        "tests",
        "tests/test_it.py/x.py",
    ],
)
def test_file_that_could_steer_the_tests_is_left_out(path: str) -> None:
    """The rest goes beside them."""
    others = (path.replace("__init__", "inner/more"),) if "__init__" in path else ()
    beside = parted(("solution.py", path, *others), TESTS)
    assert beside.kept == ("solution.py",)
    assert beside.left_out == (path, *others)


@pytest.mark.parametrize(
    "path",
    ["pkg/json.py", "types.json", "tests/helpers.py", "data/json/x.txt", "json/x.txt", "my.cfg"],
)
def test_file_that_only_looks_alike_is_kept(path: str) -> None:
    """Inside a package any name is fine."""
    assert parted(("solution.py", path), TESTS).left_out == ()


def test_modules_are_named_from_the_root_and_from_the_source_folder() -> None:
    """Both are on the search path."""
    beside = parted(("src/pkg/__init__.py", "src/pkg/a-b.py", "src/pkg/c.py", "tool.py"), TESTS)
    assert beside.roots == ("/workspace", "/workspace/src")
    assert beside.modules == ("pkg", "pkg.c", "src.pkg", "src.pkg.c", "tool")
    assert parted(("src/__init__.py", "src/a.py"), TESTS).roots == ("/workspace",)


def test_variables_that_steer_the_test_runner_are_left_out() -> None:
    """What an interpreter obeys is refused for every submission."""
    given = {"PYTEST_ADDOPTS": "--co", "HYPOTHESIS_X": "1", "PYTEST_PLUGINS": "evil", "MODE": "a"}
    assert environment_beside(given) == {"MODE": "a"}


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("test_it.py::test_a", "test_a"),
        ("a/test_it.py::TestB::test_a[x::y[z]]", "test_a"),
        ("test_it.py", ""),
    ],
)
def test_function_is_read_from_the_id_of_its_test(test: str, name: str) -> None:
    """Parameters may hold whatever they like."""
    assert function_of(test) == name


@pytest.mark.parametrize(
    ("tests", "field"),
    [
        (Suite((("test_a.py", "x"),), shared=True, modules=("solution",)), "modules"),
        (Suite((("test_a.py", "x"),), shared=True, lifetime=Lifetime.CALL), "lifetime"),
        (Suite((("test_a.py", "x"),), shared=True, callbacks=True), "callbacks"),
        (Suite((("test_a.py", "x"),), shared=True, copy_back=(CopyBack("f", (0,)),)), "copy_back"),
    ],
)
def test_shared_check_with_a_setting_of_split_tests_is_refused(tests: Suite, field: str) -> None:
    """Such a check would mean something else than it says."""
    submission = Submission((SourceFile("solution.py", b""),))
    faults = validate_request(submission, Spec((Check("suite", tests),)))
    assert [fault.field for fault in faults] == [f"spec.checks[0].tests.{field}"]


def test_plain_shared_check_is_admitted() -> None:
    """Files and a seed are all that it needs."""
    tests = Suite((("test_a.py", "def test_a(): assert 1\n"),), shared=True, seed=3)
    submission = Submission((SourceFile("solution.py", b""),))
    assert validate_request(submission, Spec((Check("suite", tests),))) == []
