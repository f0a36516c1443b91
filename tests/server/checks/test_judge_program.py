"""What a program's end, output and files are worth."""

import hashlib
from collections.abc import Mapping

import pytest

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
    Regex,
    Script,
    Spec,
    Stderr,
    Stdout,
)
from assize.model.verdict import Assurance, CheckResult, CheckStatus, Output, Reason
from assize_sandbox.outcome import FileRead, Outcome
from assize_server.checks.judge import judge_program, judge_script, skipped

OUT = Check("out", Stdout(Exact("ok\n")))
CALLS = Check("calls", Function("main", (FunctionCase("f()", returns="1"),)))
NO_FILES: Mapping[str, FileRead] = {}


def output(data: bytes) -> Output:
    """Return a stream that held this."""
    return Output(head=data, total_bytes=len(data))


def exited(code: int, stdout: bytes = b"ok\n", stderr: bytes = b"") -> Outcome:
    """Return how a program ended that exited by itself."""
    reason = None if code == 0 else Reason.RUNTIME_ERROR
    return Outcome(reason, exit_code=code, stdout=output(stdout), stderr=output(stderr))


def judged(kind: CheckKind, outcome: Outcome, files: Mapping[str, FileRead]) -> CheckResult:
    """Return the result of the only check."""
    (result,) = judge_program(Spec((Check("it", kind),)), outcome, files)
    return result


def on_file(kind: CheckKind, file: FileRead) -> CheckResult:
    """Return the result of a check of the file `a`."""
    return judged(kind, exited(0), {"a": file})


def test_every_program_check_is_judged_in_order_from_outside() -> None:
    """Function checks and scripts are judged elsewhere."""
    spec = Spec((CALLS, OUT, Check("err", Stderr(Empty())), Check("exit", ExitCode(0))))
    results = judge_program(spec, exited(0, stderr=b"oops"), NO_FILES)
    assert [(each.name, each.status) for each in results] == [
        ("out", CheckStatus.PASSED),
        ("err", CheckStatus.FAILED),
        ("exit", CheckStatus.PASSED),
    ]
    assert {each.assurance for each in results} == {Assurance.EXTERNAL}


@pytest.mark.parametrize(
    "reason", [each for each in Reason if each not in {Reason.RUNTIME_ERROR, Reason.WRONG_ANSWER}]
)
def test_limit_fails_all_checks_although_the_output_is_right(reason: Reason) -> None:
    """What ran into a limit has no right answer, also with a friendly exit code."""
    spec = Spec((OUT, Check("exit", ExitCode(0))))
    outcome = Outcome(reason, exit_code=0, stdout=output(b"ok\n"), detail="too much")
    results = judge_program(spec, outcome, NO_FILES)
    assert [each.reason for each in results] == [reason, reason]
    assert "too much" in results[0].message


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(Reason.RUNTIME_ERROR, signal=9, stdout=output(b"ok\n")), Reason.SIGNALED),
        (Outcome(None, signal=15, exit_code=0, stdout=output(b"ok\n")), Reason.SIGNALED),
        (Outcome(None, stdout=output(b"ok\n")), Reason.RUNTIME_ERROR),
        (Outcome(None, exit_code=1, stdout=output(b"ok\n")), Reason.RUNTIME_ERROR),
        (
            Outcome(Reason.RUNTIME_ERROR, exit_code=0, stdout=output(b"ok\n")),
            Reason.RUNTIME_ERROR,
        ),
    ],
)
def test_end_that_is_none_or_contradicts_itself_fails_closed(
    outcome: Outcome, reason: Reason
) -> None:
    """Even where the exit code is checked and fits."""
    for check in (OUT, Check("exit", ExitCode(0))):
        (result,) = judge_program(Spec((check,)), outcome, NO_FILES)
        assert (result.status, result.reason) == (CheckStatus.FAILED, reason)


def test_nonzero_exit_fails_matching_output_unless_the_exit_is_checked() -> None:
    """Printing the answer and then crashing is no success."""
    crash = exited(3, stderr=b"Traceback\nValueError: no\x1b[2J\n")
    (result,) = judge_program(Spec((OUT,)), crash, NO_FILES)
    assert (result.status, result.reason) == (CheckStatus.FAILED, Reason.RUNTIME_ERROR)
    assert "exit code 3" in result.message
    assert "ValueError: no\\x1b[2J" in result.message
    wanted = judge_program(Spec((OUT, Check("exit", ExitCode(3)))), crash, NO_FILES)
    assert [each.status for each in wanted] == [CheckStatus.PASSED] * 2
    other = judge_program(Spec((Check("exit", ExitCode(2)),)), crash, NO_FILES)
    assert (other[0].reason, other[0].expected, other[0].actual) == (Reason.RUNTIME_ERROR, "2", "3")


def test_program_that_nobody_asks_about_must_still_end_well() -> None:
    """One implicit result says that it did not."""
    assert judge_program(Spec((CALLS,)), exited(0), NO_FILES) == ()
    (result,) = judge_program(Spec((CALLS,)), exited(1), NO_FILES)
    assert (result.name, result.reason, result.required) == ("program", Reason.RUNTIME_ERROR, True)


def test_truncated_output_fails_even_if_it_contains_the_answer() -> None:
    """The part that was dropped could say anything."""
    cut = Outcome(None, exit_code=0, stdout=Output(b"ok\n", b"ok\n", total_bytes=7_000_000))
    for kind in (Stdout(Contains("ok")), Stdout(Regex("ok")), JsonSchema("{}")):
        assert judged(kind, cut, NO_FILES).reason is Reason.WRONG_ANSWER


def test_wrong_output_shows_expected_actual_and_diff() -> None:
    """Enough to repair the program."""
    (result,) = judge_program(Spec((OUT,)), exited(0, b"ko\n"), NO_FILES)
    assert (result.expected, result.actual) == ("ok\n", "ko\n")
    assert "-ok\n+ko" in result.diff


@pytest.mark.parametrize(
    ("file", "is_there", "is_gone"),
    [
        (FileRead(exists=True, content=b""), True, True),
        (FileRead(exists=False), False, False),
        (FileRead(exists=True, refused="a link"), False, True),
        (FileRead(exists=True), False, True),
        (FileRead(exists=False, refused="a loop"), False, True),
    ],
)
def test_file_is_present_as_a_plain_file_or_absent_altogether(
    file: FileRead, is_there: bool, is_gone: bool
) -> None:
    """A link, a folder or a device is neither."""
    passed = on_file(FileIs("a", present=True), file).status is CheckStatus.PASSED
    assert passed is is_there
    failed = on_file(FileIs("a", present=False), file).status is CheckStatus.FAILED
    assert failed is is_gone


def test_file_content_is_judged_by_digest_or_as_text() -> None:
    """Of the bytes that were there when every process was dead."""
    digest = hashlib.sha256(b"x").hexdigest().upper()
    good, bad = FileRead(exists=True, content=b"x"), FileRead(exists=True, content=b"\xff")
    for kind in (FileIs("a", sha256=digest), FileIs("a", text=Exact("x"))):
        assert on_file(kind, good).status is CheckStatus.PASSED
        for file in (bad, FileRead(exists=False), FileRead(exists=True, refused="a link")):
            assert on_file(kind, file).reason is Reason.WRONG_ANSWER


@pytest.mark.parametrize("kind", [FileIs("a", present=False), JsonSchema("{}", "a"), FileIs("a")])
def test_file_that_nobody_looked_at_is_never_a_pass(kind: CheckKind) -> None:
    """It is our fault, and no statement about the code."""
    assert judged(kind, exited(0), NO_FILES).reason is Reason.INFRA_ERROR


@pytest.mark.parametrize(
    "document",
    [
        b'{"a": 1}', b'{"n": 1, "n": 2}', b'{"n": NaN}', b'{"n": "1"}', b'{"n": true}', b"\xff",
        b'{"n": 1}{"n": 1}', b"", b"[" * 100_000, b'{"n": ' + b"1" * 300_000 + b"}",
    ],
)  # fmt: skip
def test_document_that_is_not_what_the_schema_asks_for_fails(document: bytes) -> None:
    """Also if it is no document at all."""
    schema = '{"required": ["n"], "properties": {"n": {"type": "integer"}}}'
    good = exited(0, b'{"n": 1}\n')
    assert judged(JsonSchema(schema), good, NO_FILES).status is CheckStatus.PASSED
    assert judged(JsonSchema(schema), exited(0, document), NO_FILES).reason is Reason.WRONG_ANSWER
    result = on_file(JsonSchema(schema, "a"), FileRead(exists=True, content=document))
    assert result.reason is Reason.WRONG_ANSWER


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (exited(0), None),
        (exited(1), Reason.RUNTIME_ERROR),
        (Outcome(Reason.TIME_LIMIT, exit_code=0), Reason.TIME_LIMIT),
        (Outcome(None), Reason.RUNTIME_ERROR),
        (Outcome(None, exit_code=0, signal=9), Reason.RUNTIME_ERROR),
    ],
)
def test_script_passes_only_by_exiting_with_zero(outcome: Outcome, reason: Reason | None) -> None:
    """And its result is marked as forgeable."""
    result = judge_script(Check("script", Script((("check.py", "1"),))), outcome)
    assert (result.reason, result.assurance) == (reason, Assurance.SHARED)
    assert (result.status is CheckStatus.PASSED) == (reason is None)


def test_skipped_check_is_no_pass() -> None:
    """It keeps its name and its weight."""
    result = skipped(Check("out", Stdout(Empty()), required=False, weight=2.0))
    assert (result.status, result.required, result.weight) == (CheckStatus.SKIPPED, False, 2.0)
