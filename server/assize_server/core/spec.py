"""Which requests are admitted: every bound and every rule of form, before anything runs."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, assert_never

from assize.errors import FieldViolation
from assize.model.spec import (
    Check,
    Contains,
    Empty,
    Exact,
    ExitCode,
    FileIs,
    Function,
    JsonSchema,
    Normalized,
    Numeric,
    Property,
    Regex,
    Script,
    Spec,
    Stderr,
    Stdout,
    Tests,
    TextExpectation,
)
from assize.model.submission import Submission
from assize_server.core.bounds import (
    MOST_CASES,
    MOST_CHECK_NAME_CHARS,
    MOST_CHECKS,
    MOST_EXIT_CODE,
    MOST_FILES,
    MOST_FILES_BYTES,
    MOST_TEXT_BYTES,
    MOST_WEIGHT,
)
from assize_server.core.cases import check_function, check_tolerance
from assize_server.core.excerpt import one_line
from assize_server.core.faults import Faults, utf8_size
from assize_server.core.json_schema import SchemaRefused, check_schema
from assize_server.core.paths import clashes, path_fault
from assize_server.core.patterns import pattern_fault
from assize_server.core.properties import check_property
from assize_server.core.submission import check_submission, script_name_fault
from assize_server.core.suites import check_tests, shadowing_fault

SHA256: Final = re.compile("[0-9a-fA-F]{64}")
APART: Final = Function | Script | Tests | Property
"""Checks that do not look at the program's run."""
IMPLICIT_CHECK_NAME: Final = "program"
"""Names the result of a program that no check asks about and that failed."""


def validate_request(
    submission: Submission, spec: Spec, workspace: Collection[str] | None = None
) -> list[FieldViolation]:
    """Return what is wrong with a request, each with the limit and the value seen; at most 100.

    `workspace` holds the paths of the Python files that the code runs over, None where it runs in
    an empty folder.
    """
    faults = Faults()
    check_submission(submission, faults, workspace)
    _check_spec(spec, submission, faults, () if workspace is None else workspace)
    if workspace is not None:
        _check_shared_apart(spec, faults)
    return faults.found()


def _check_shared_apart(spec: Spec, faults: Faults) -> None:
    """Refuse shared tests over a workspace, whose files could steer the test runner."""
    for index, check in enumerate(spec.checks[:MOST_CHECKS]):
        if isinstance(check.kind, Tests) and check.kind.shared:
            text = "shared tests cannot run over a workspace; leave `shared` out, or the workspace"
            faults.add(f"spec.checks[{index}].tests.shared", text)


def _check_spec(spec: Spec, submission: Submission, faults: Faults, there: Collection[str]) -> None:
    if not spec.checks:
        faults.add("spec.checks", "at least 1 check is needed, got 0: nothing would be judged")
    if not faults.at_most("spec.checks", spec.checks, MOST_CHECKS, "checks"):
        return
    _check_names(spec.checks, faults)
    cases = sum(len(each.kind.cases) for each in spec.checks if isinstance(each.kind, Function))
    faults.at_most("spec.checks", cases, MOST_CASES, "cases in all function checks together")
    for index, check in enumerate(spec.checks):
        if faults.full:
            return
        _check_weight(check.weight, f"spec.checks[{index}].weight", faults)
        _check_kind(check, submission, f"spec.checks[{index}]", faults, there)


def _check_names(checks: tuple[Check, ...], faults: Faults) -> None:
    counts = Counter(check.name for check in checks)
    for index, check in enumerate(checks):
        field = f"spec.checks[{index}].name"
        if not check.name or not check.name.isprintable():
            faults.add(field, f"a name is printable and not empty, got {check.name[:50]!a}")
        faults.at_most(field, check.name, MOST_CHECK_NAME_CHARS, "characters")
        if counts[check.name] > 1:
            faults.add(
                field, f"the name {one_line(check.name)!r} is given {counts[check.name]} times"
            )
        if check.name == IMPLICIT_CHECK_NAME and isinstance(check.kind, APART):
            faults.add(field, f"the name {IMPLICIT_CHECK_NAME!r} is for checks of the program")


def _check_weight(weight: float, field: str, faults: Faults) -> None:
    if not (math.isfinite(weight) and 0 < weight <= MOST_WEIGHT):
        faults.add(field, f"a weight is above 0 and at most {MOST_WEIGHT:g}, got {weight}")


def _check_kind(
    check: Check, submission: Submission, field: str, faults: Faults, there: Collection[str]
) -> None:
    kind = check.kind
    if not isinstance(kind, APART) and submission.entry_point is None:
        faults.add(field, "a check of the program needs submission.entry_point")
    match kind:
        case ExitCode(code):
            if not 0 <= code <= MOST_EXIT_CODE:
                text = f"an exit code is 0 to {MOST_EXIT_CODE}, got {code}"
                faults.add(f"{field}.exit_code.code", text)
        case Stdout(text):
            _check_text(text, f"{field}.stdout", faults)
        case Stderr(text):
            _check_text(text, f"{field}.stderr", faults)
        case JsonSchema():
            _check_schema(kind, f"{field}.json_schema", faults)
        case FileIs():
            _check_file(kind, _paths(submission), f"{field}.file", faults)
        case Function():
            _check_function(kind, [*_paths(submission), *there], f"{field}.function", faults)
        case Script(files):
            _check_script(files, _paths(submission), f"{field}.script", faults)
        case Tests():
            check_tests(kind, [*_paths(submission), *there], f"{field}.tests", faults)
        case Property():
            check_property(kind, [*_paths(submission), *there], f"{field}.property", faults)
        case _:
            assert_never(kind)


def _paths(submission: Submission) -> list[str]:
    return [file.path for file in submission.files]


def _check_text(text: TextExpectation, field: str, faults: Faults) -> None:
    match text:
        case Exact(expected):
            faults.at_most(f"{field}.exact", utf8_size(expected), MOST_TEXT_BYTES, "bytes")
        case Normalized(expected):
            faults.at_most(f"{field}.normalized", utf8_size(expected), MOST_TEXT_BYTES, "bytes")
        case Regex(pattern):
            faults.add(f"{field}.regex", pattern_fault(pattern))
        case Numeric(expected, relative, absolute):
            faults.at_most(f"{field}.numeric.text", utf8_size(expected), MOST_TEXT_BYTES, "bytes")
            check_tolerance(relative, absolute, f"{field}.numeric", faults)
        case Contains(part):
            faults.add(f"{field}.contains", None if part else "the empty text occurs everywhere")
            faults.at_most(f"{field}.contains", utf8_size(part), MOST_TEXT_BYTES, "bytes")
        case Empty():
            pass
        case _:
            assert_never(text)


def _check_function(kind: Function, submitted: list[str], field: str, faults: Faults) -> None:
    check_function(kind, submitted, field, faults)
    if any(case.where is not None for case in kind.cases):
        # Those cases are tests, which import the module in the test sandbox.
        faults.add(f"{field}.module", shadowing_fault(kind.module, frozenset()))


def _check_schema(kind: JsonSchema, field: str, faults: Faults) -> None:
    if kind.path is not None:
        faults.add(f"{field}.path", path_fault(kind.path))
    try:
        check_schema(kind.schema)
    except SchemaRefused as error:
        faults.add(f"{field}.schema", str(error))


def _check_file(kind: FileIs, submitted: Iterable[str], field: str, faults: Faults) -> None:
    faults.add(f"{field}.path", path_fault(kind.path))
    if [kind.present, kind.sha256, kind.text].count(None) != 2:  # noqa: PLR2004 - of three
        faults.add(field, "exactly one of present, sha256 and text is needed")
    if kind.present and kind.path in submitted:
        faults.add(f"{field}.path", f"{one_line(kind.path)} is submitted, so it is always there")
    if kind.sha256 is not None and not SHA256.fullmatch(kind.sha256):
        faults.add(
            f"{field}.sha256", f"64 hex digits are needed, got {one_line(kind.sha256, 70)!r}"
        )
    if kind.text is not None:
        _check_text(kind.text, f"{field}.text", faults)


def _check_script(
    files: tuple[tuple[str, str], ...], submitted: list[str], field: str, faults: Faults
) -> None:
    if not files:
        faults.add(f"{field}.files", "at least 1 file is needed, got 0")
        return
    faults.at_most(f"{field}.files", files, MOST_FILES, "files")
    total = sum(utf8_size(content) for _, content in files)
    faults.at_most(f"{field}.files", total, MOST_FILES_BYTES, "bytes in all files together")
    for index, (path, _) in enumerate(files[:MOST_FILES]):
        faults.add(f"{field}.files[{index}].path", path_fault(path))
    for index, clash in clashes([path for path, _ in files[:MOST_FILES]], submitted):
        faults.add(f"{field}.files[{index}].path", clash)
    faults.add(f"{field}.files[0].path", script_name_fault(files[0][0]))
    if not files[0][1].strip():
        faults.add(f"{field}.files[0].content", "the script is empty, so it would always pass")
