"""Which requests are refused, with which field at fault."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.spec import (
    Check,
    CheckKind,
    Contains,
    Empty,
    Exact,
    ExitCode,
    FileIs,
    Function,
    FunctionCase,
    JsonSchema,
    Numeric,
    Regex,
    Script,
    Spec,
    Stderr,
    Stdout,
    TextExpectation,
    Tolerance,
)
from assize.model.submission import SourceFile, Submission
from assize_server.core import bounds
from assize_server.core.paths import clashes, path_fault
from assize_server.core.spec import validate_request

MAIN = SourceFile("main.py", b"print(1)\n")
PROGRAM = Submission((MAIN,), entry_point="main.py")
SPEC = Spec((Check("out", Stdout(Exact("1\n"))),))
CASE = FunctionCase("f(1)", returns="2")


def fields(submission: Submission = PROGRAM, spec: Spec = SPEC) -> list[str]:
    """Return the fields at fault."""
    return [violation.field for violation in validate_request(submission, spec)]


def check_fields(kind: CheckKind, submission: Submission = PROGRAM) -> list[str]:
    """Return the fields at fault of a spec with one check."""
    return fields(submission, Spec((Check("it", kind),)))


def with_files(*paths: str) -> Submission:
    """Return a submission that also has these files."""
    return replace(PROGRAM, files=(MAIN, *(SourceFile(path, b"") for path in paths)))


def test_ordinary_request_has_no_faults() -> None:
    """One check of every kind passes."""
    kinds: tuple[CheckKind, ...] = (
        ExitCode(255),
        Stderr(Empty()),
        JsonSchema('{"type": "object"}', "out/a.json"),
        FileIs("out.txt", sha256="0" * 64),
        FileIs("main.py", text=Contains("x")),
        FileIs("gone", present=False),
        Function("pkg.tool", (CASE, FunctionCase("f()", raises="ValueError"))),
        Script((("check.py", "import main"), ("data/a.txt", ""))),
    )
    spec = Spec(tuple(Check(f"c{index}", kind) for index, kind in enumerate(kinds)))
    assert validate_request(with_files("pkg/__init__.py", "pkg/tool.py"), spec) == []


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../a.py", "a/../b.py", "a//b.py", "a/", "./a.py", "a\\b.py", "a\0.py",
        "a\nb.py", "\x1b[2J.py", "\u202ea.py", "e\u0301.py", "\ud800.py", "a" * 256, "é" * 128,
        "__pycache__/main.cpython-311.pyc", "pkg/__pycache__/a.pyc", ".assize/x", ".assize-guest",
    ],
)  # fmt: skip
def test_path_that_is_not_a_plain_relative_name_is_refused(path: str) -> None:
    """Traversal, terminal escapes, look-alikes and reserved names."""
    assert fields(with_files(path)) == ["submission.files[1].path"]


@given(st.text())
def test_path_that_is_taken_stays_inside_the_folder(path: str) -> None:
    """Whatever the text, what passes has only plain parts."""
    if path_fault(path) is None:
        assert not {"", ".", ".."} & set(path.split("/"))
        assert path.isprintable()
        assert len(path.encode()) <= bounds.MOST_PATH_BYTES


@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join), max_size=6))
def test_paths_without_a_clash_can_all_be_written(paths: list[str]) -> None:
    """No path is twice there, and none is the folder of another."""
    folders = {path[:index] for path in paths for index, char in enumerate(path) if char == "/"}
    can_be = len(set(paths)) == len(paths) and not folders & set(paths)
    assert (not list(clashes(paths))) == can_be


@pytest.mark.parametrize(
    ("paths", "index"), [(("main.py",), 1), (("a", "a/b"), 2), (("a/b", "a"), 2)]
)
def test_two_files_in_one_place_are_refused(paths: tuple[str, ...], index: int) -> None:
    """Also a file where another needs a folder."""
    assert fields(with_files(*paths)) == [f"submission.files[{index}].path"]


def test_sizes_over_their_bounds_are_refused_with_limit_and_value() -> None:
    """The caller learns how much too large it is."""
    large = SourceFile("a", b"a" * (bounds.MOST_FILE_BYTES + 1))
    (violation,) = validate_request(replace(PROGRAM, files=(MAIN, large)), SPEC)
    assert violation.field == "submission.files[1].content"
    assert str(bounds.MOST_FILE_BYTES) in violation.description
    assert str(bounds.MOST_FILE_BYTES + 1) in violation.description
    full = tuple(SourceFile(str(n), b"a" * bounds.MOST_FILE_BYTES) for n in range(4))
    assert fields(replace(PROGRAM, files=(MAIN, *full))) == ["submission.files"]
    many = with_files(*(f"f{number}" for number in range(bounds.MOST_FILES)))
    assert "submission.files" in fields(many)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"files": ()}, "submission.files"),
        ({"entry_point": "other.py"}, "submission.entry_point"),
        ({"files": (SourceFile("main.py", b" \n\t"),)}, "submission.entry_point"),
        (
            {"files": (SourceFile("main.txt", b"1"),), "entry_point": "main.txt"},
            "submission.entry_point",
        ),
        (
            {"files": (SourceFile("-c.py", b"1"),), "entry_point": "-c.py"},
            "submission.entry_point",
        ),
        ({"stdin": b"a" * (bounds.MOST_STDIN_BYTES + 1)}, "submission.stdin"),
        ({"arguments": ("a",) * (bounds.MOST_ARGUMENTS + 1)}, "submission.arguments"),
        ({"arguments": ("", "é" * bounds.MOST_ARGUMENT_BYTES)}, "submission.arguments[1]"),
        ({"arguments": ("a\0",)}, "submission.arguments[0]"),
        ({"environment": {"A": "b\0"}}, "submission.environment['A']"),
        (
            {"environment": {"A": "b" * (bounds.MOST_VARIABLE_BYTES + 1)}},
            "submission.environment['A']",
        ),
        (
            {"environment": {f"A{n}": "" for n in range(bounds.MOST_VARIABLES + 1)}},
            "submission.environment",
        ),
    ],
)
def test_submission_out_of_bounds_is_refused(change: dict[str, Any], field: str) -> None:
    """Each with its field."""
    assert field in fields(replace(PROGRAM, **change))


def test_empty_entry_point_is_told_in_plain_words() -> None:
    """The most common mistake of an agent."""
    empty = replace(PROGRAM, files=(SourceFile("main.py", b""),))
    (violation,) = validate_request(empty, SPEC)
    assert violation.description == "the entry point is empty"


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "LD_LIBRARY_PATH", "GLIBC_TUNABLES", "HOME",
        "BASH_ENV", "PATH", "ENV", "TMPDIR", "GCONV_PATH", "MALLOC_ARENA_MAX", "", "A=B", "1A",
        "A B", "A\n", "Ä", "A" * (bounds.MOST_VARIABLE_NAME_CHARS + 1),
    ],
)  # fmt: skip
def test_variable_that_changes_what_runs_is_refused(name: str) -> None:
    """And every name that is none."""
    (field,) = fields(replace(PROGRAM, environment={name: "x"}))
    assert field.startswith("submission.environment[")


def test_spec_without_checks_is_refused() -> None:
    """It would judge nothing."""
    assert fields(spec=Spec(())) == ["spec.checks"]


def test_names_are_unique_printable_and_short() -> None:
    """Results are told apart by name."""
    kind = ExitCode(0)
    names = ("a", "a", "", "b\x1b", "c" * (bounds.MOST_CHECK_NAME_CHARS + 1))
    spec = Spec(tuple(Check(name, kind) for name in names))
    assert fields(spec=spec) == [f"spec.checks[{index}].name" for index in range(5)]


def test_name_of_the_implicit_check_cannot_be_taken_by_another_kind() -> None:
    """Else a function check would hide that the program failed."""
    spec = Spec((Check("program", Function("main", (CASE,))),))
    assert fields(spec=spec) == ["spec.checks[0].name"]


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf, bounds.MOST_WEIGHT * 2])
def test_weight_that_is_no_share_is_refused(weight: float) -> None:
    """Finite and above 0."""
    assert fields(spec=Spec((Check("a", ExitCode(0), weight=weight),))) == ["spec.checks[0].weight"]


@pytest.mark.parametrize(
    "kind",
    [
        ExitCode(0), Stdout(Empty()), Stderr(Empty()), JsonSchema("{}"), FileIs("a", present=True),
    ],
)  # fmt: skip
def test_check_of_the_program_needs_an_entry_point(kind: CheckKind) -> None:
    """There would be nothing to judge."""
    assert check_fields(kind, replace(PROGRAM, entry_point=None)) == ["spec.checks[0]"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (Regex("("), "regex"), (Regex(""), "regex"), (Regex("a" * 1001), "regex"),
        (Contains(""), "contains"), (Exact("é" * bounds.MOST_TEXT_BYTES), "exact"),
        (Numeric("1", math.inf), "numeric.relative"), (Numeric("1", -1.0), "numeric.relative"),
        (Numeric("1", 0, math.nan), "numeric.absolute"),
    ],
)  # fmt: skip
def test_text_expectation_that_is_malformed_or_vacuous_is_refused(
    text: TextExpectation, field: str
) -> None:
    """An infinite tolerance or an empty pattern would pass everything."""
    assert check_fields(Stdout(text)) == [f"spec.checks[0].stdout.{field}"]
    assert check_fields(FileIs("a", text=text)) == [f"spec.checks[0].file.text.{field}"]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (ExitCode(256), "exit_code.code"),
        (ExitCode(-1), "exit_code.code"),
        (JsonSchema("[]"), "json_schema.schema"),
        (JsonSchema('{"$ref": "https://example.com"}'), "json_schema.schema"),
        (JsonSchema("{}", "../a"), "json_schema.path"),
        (FileIs("/a", present=True), "file.path"),
        (FileIs("main.py", present=True), "file.path"),
        (FileIs("a", sha256="0" * 63), "file.sha256"),
        (FileIs("a", sha256="0" * 64 + "\n"), "file.sha256"),
        (FileIs("a"), "file"),
        (FileIs("a", present=True, sha256="0" * 64), "file"),
        (Script(()), "script.files"),
        (Script((("check.txt", "1"),)), "script.files[0].path"),
        (Script((("-c.py", "1"),)), "script.files[0].path"),
        (Script((("check.py", " \n"),)), "script.files[0].content"),
        (Script((("main.py", "1"),)), "script.files[0].path"),
        (Script((("a.py", "1"), ("main.py/b", ""))), "script.files[1].path"),
        (Script((("a.py", "1"), ("a.py", ""))), "script.files[1].path"),
        (Function("missing", (CASE,)), "function.module"),
        (Function("main.py", (CASE,)), "function.module"),
        (Function("os;x", (CASE,)), "function.module"),
        (Function("main", ()), "function.cases"),
        (Function("main", (FunctionCase("f(", returns="1"),)), "function.cases[0].call"),
        (Function("main", (FunctionCase("f(g())", returns="1"),)), "function.cases[0].call"),
        (Function("main", (CASE, FunctionCase("f()", returns="x"))), "function.cases[1].returns"),
        (
            Function("main", (FunctionCase("f(enum('main:E', 'A', 1))", returns="1"),)),
            "function.cases[0].call",
        ),
        (Function("main", (FunctionCase("f()", raises="not a name"),)), "function.cases[0].raises"),
        (Function("main", (FunctionCase("f()"),)), "function.cases[0]"),
        (Function("main", (replace(CASE, raises="E"),)), "function.cases[0]"),
        (
            Function("main", (replace(CASE, approx=Tolerance(math.inf)),)),
            "function.cases[0].approx.relative",
        ),
    ],
)
def test_check_that_is_malformed_or_vacuous_is_refused(kind: CheckKind, field: str) -> None:
    """Each with the path of its field."""
    assert check_fields(kind) == [f"spec.checks[0].{field}"]


def test_cases_are_counted_over_all_checks() -> None:
    """A thousand calls is the most that one request may ask for."""
    half = Function("main", (CASE,) * (bounds.MOST_CASES // 2 + 1))
    assert fields(spec=Spec((Check("a", half), Check("b", half)))) == ["spec.checks"]


def test_violations_are_bounded() -> None:
    """A hostile request costs a bounded answer."""
    spec = Spec(tuple(Check(f"c{number}", ExitCode(999)) for number in range(bounds.MOST_CHECKS)))
    assert len(fields(spec=spec)) == bounds.MOST_VIOLATIONS
    assert fields(spec=Spec((*spec.checks, Check("one more", ExitCode(0))))) == ["spec.checks"]
