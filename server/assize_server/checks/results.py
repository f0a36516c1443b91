"""Builds the results of checks."""

from typing import Any

from assize.model.spec import Check, Script, Tests
from assize.model.verdict import Assurance, CheckResult, CheckStatus, Reason
from assize_sandbox.outcome import Outcome
from assize_server.core.excerpt import one_line, tail
from assize_server.core.text import Mismatch


def passed(check: Check, **more: Any) -> CheckResult:
    """Return the result of a check that held; `more` are fields of CheckResult."""
    return _result(check, CheckStatus.PASSED, **more)


def failed(check: Check, reason: Reason, message: str, **more: Any) -> CheckResult:
    """Return the result of a check that did not hold; `more` are fields of CheckResult."""
    return _result(check, CheckStatus.FAILED, reason=reason, message=message, **more)


def skipped(check: Check) -> CheckResult:
    """Return the result of a check that was not reached."""
    return _result(check, CheckStatus.SKIPPED, message="something before it decided")


def differing(check: Check, mismatch: Mismatch) -> CheckResult:
    """Return the result of a check whose text is not the expected one."""
    return failed(
        check,
        Reason.WRONG_ANSWER,
        mismatch.message,
        expected=mismatch.expected,
        actual=mismatch.actual,
        diff=mismatch.diff,
    )


def told(outcome: Outcome) -> str:
    """Return how a process ended, on one line that is fit to be shown."""
    if outcome.exit_code is not None:
        what = f"ended with exit code {outcome.exit_code}"
    elif outcome.signal is not None:
        what = f"was ended by signal {outcome.signal}"
    else:
        what = "was stopped" if outcome.reason is None else f"was stopped: {outcome.reason.value}"
    lines = tail(outcome.stderr).splitlines()
    parts = [what, one_line(outcome.detail), one_line(lines[-1]) if lines else ""]
    return "; ".join(part for part in parts if part)


def _result(check: Check, status: CheckStatus, **more: Any) -> CheckResult:
    # These share a process with the candidate; all else is compared outside the sandbox.
    kind = check.kind
    shared = isinstance(kind, Script) or (isinstance(kind, Tests) and kind.shared)
    return CheckResult(
        name=check.name,
        status=status,
        assurance=Assurance.SHARED if shared else Assurance.EXTERNAL,
        required=check.required,
        weight=check.weight,
        **more,
    )
