"""What of a verdict goes back to whoever submitted the code.

A verdict that shows expected values is an oracle to train against. The policy says what is told:

- FULL: everything.
- INPUTS: which input failed, not what was expected, what came out, or how they differ.
- VERDICT: status and reason. No check is told by itself, and the score is 0 or 1.

What says nothing of the expected values is told at every level: which limit was met, what the
analysers found, what the program itself printed.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Final

from assize.model.verdict import CheckResult, Reason, Status, Verdict


class Feedback(StrEnum):
    """How much is told."""

    FULL = "full"
    INPUTS = "inputs"
    VERDICT = "verdict"


UNREVEALING: Final = frozenset(
    {
        Reason.TIME_LIMIT,
        Reason.CPU_LIMIT,
        Reason.MEMORY_LIMIT,
        Reason.OUTPUT_LIMIT,
        Reason.PROCESS_LIMIT,
        Reason.DISK_LIMIT,
        Reason.STATIC_FINDINGS,
        Reason.POLICY_DENIED,
        Reason.HELD,
        Reason.CONFLICT,
        Reason.INFRA_ERROR,
    }
)
"""Reasons whose message is about limits or the source, and never quotes what was expected."""


def told(verdict: Verdict, feedback: Feedback) -> Verdict:
    """Return what of the verdict its submitter may see."""
    if feedback is Feedback.FULL:
        return verdict
    message = _message(verdict.message, verdict.reason)
    if feedback is Feedback.INPUTS:
        return replace(verdict, message=message, checks=tuple(map(_input_only, verdict.checks)))
    score = 1.0 if verdict.status is Status.PASSED else 0.0
    return replace(verdict, message=message, checks=(), score=score)


def _input_only(result: CheckResult) -> CheckResult:
    message = _message(result.message, result.reason)
    return replace(result, message=message, expected="", actual="", diff="")


def _message(message: str, reason: Reason | None) -> str:
    if reason is None or reason in UNREVEALING:
        return message
    return f"{reason.value}; the policy does not tell more"
