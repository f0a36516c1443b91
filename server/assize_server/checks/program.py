"""Judges how the program ended and what it wrote."""

from collections.abc import Mapping

from assize.model.spec import (
    Check,
    ExitCode,
    FileIs,
    Function,
    JsonSchema,
    Property,
    Script,
    Spec,
    Stderr,
    Stdout,
    Tests,
    TextExpectation,
)
from assize.model.verdict import Assurance, CheckResult, CheckStatus, Output, Reason
from assize_sandbox.outcome import FileRead, Outcome
from assize_server.checks.files import judge_file
from assize_server.checks.results import differing, failed, passed, told
from assize_server.checks.schema import judge_schema
from assize_server.core.excerpt import tail
from assize_server.core.spec import IMPLICIT_CHECK_NAME
from assize_server.core.text import matches


def judge_program(
    spec: Spec, outcome: Outcome, files: Mapping[str, FileRead]
) -> tuple[CheckResult, ...]:
    """Return one result for each check of the program, in the spec's order.

    A program that no check asks about must still exit with 0: else there is one result more.
    """
    checks = [each for each in spec.checks if not isinstance(each.kind, Function | Script)]
    exit_is_checked = any(isinstance(check.kind, ExitCode) for check in checks)
    reason = _fatal(outcome, exit_is_checked=exit_is_checked)
    if reason is not None and not checks:
        return (_implicit(outcome, reason),)
    if reason is not None:
        return tuple(_ended_badly(check, outcome, reason) for check in checks)
    return tuple(_judge(check, outcome, files) for check in checks)


def _fatal(outcome: Outcome, *, exit_is_checked: bool) -> Reason | None:
    """Return why the way that the program ended fails all its checks, None if it does not."""
    if outcome.reason not in {None, Reason.RUNTIME_ERROR}:
        return outcome.reason
    if outcome.signal is not None:
        return Reason.SIGNALED
    if outcome.exit_code is None:
        return Reason.RUNTIME_ERROR
    exited_well = outcome.exit_code == 0
    if exited_well != (outcome.reason is None):
        return Reason.RUNTIME_ERROR  # the two contradict each other
    return None if exited_well or exit_is_checked else Reason.RUNTIME_ERROR


def _ended_badly(check: Check, outcome: Outcome, reason: Reason) -> CheckResult:
    return failed(check, reason, f"the program {told(outcome)}", actual=tail(outcome.stderr))


def _implicit(outcome: Outcome, reason: Reason) -> CheckResult:
    return CheckResult(
        name=IMPLICIT_CHECK_NAME,
        status=CheckStatus.FAILED,
        assurance=Assurance.EXTERNAL,
        reason=reason,
        message=f"the program {told(outcome)}",
        expected="exit code 0",
        actual=tail(outcome.stderr),
    )


def _judge(check: Check, outcome: Outcome, files: Mapping[str, FileRead]) -> CheckResult:
    match check.kind:
        case ExitCode(code):
            return _exit_code(check, code, outcome)
        case Stdout(text):
            return _text(check, text, outcome.stdout)
        case Stderr(text):
            return _text(check, text, outcome.stderr)
        case JsonSchema():
            return judge_schema(check, check.kind, outcome.stdout, files)
        case FileIs():
            return judge_file(check, check.kind, files.get(check.kind.path))
        case Function() | Script() | Tests() | Property():
            return failed(check, Reason.INFRA_ERROR, "this check does not judge the program")


def _exit_code(check: Check, expected: int, outcome: Outcome) -> CheckResult:
    if outcome.exit_code == expected:
        return passed(check)
    return failed(
        check,
        Reason.RUNTIME_ERROR,
        f"the program {told(outcome)}; expected exit code {expected}",
        expected=str(expected),
        actual=str(outcome.exit_code),
    )


def _text(check: Check, text: TextExpectation, output: Output) -> CheckResult:
    mismatch = matches(text, output)
    return passed(check) if mismatch is None else differing(check, mismatch)
