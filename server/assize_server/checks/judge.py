"""Judges every kind of check. Nothing in here runs candidate code or trusts what it sent."""

from assize.model.spec import Check
from assize.model.verdict import CheckResult, Reason
from assize_sandbox.outcome import Outcome
from assize_server.checks.functions import judge_calls
from assize_server.checks.program import judge_program
from assize_server.checks.results import failed, passed, skipped, told
from assize_server.core.excerpt import tail

__all__ = ["judge_calls", "judge_program", "judge_script", "skipped"]


def judge_script(check: Check, outcome: Outcome) -> CheckResult:
    """Return whether a trusted script exited with 0. Forgeable: its assurance is SHARED."""
    if outcome.reason is None and outcome.exit_code == 0 and outcome.signal is None:
        return passed(check)
    return failed(
        check,
        outcome.reason or Reason.RUNTIME_ERROR,
        f"the script {told(outcome)}",
        expected="exit code 0",
        actual=tail(outcome.stderr),
    )
