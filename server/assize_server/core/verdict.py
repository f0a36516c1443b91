"""Turns findings and check results into a verdict's status, reason and score.

It fails closed: only a required check that passed makes a pass, or, where a spec has optional
checks alone, one of these. What was not judged is never a pass: a required check that was skipped
without a finding that explains it is our fault and says nothing about the code, so it ends as
INFRA_ERROR. A failure that is the code's own goes before one that is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from assize.model.verdict import (
    Assurance,
    CheckResult,
    CheckStatus,
    Finding,
    Reason,
    Severity,
    Status,
)

PRECEDENCE: Final = (
    Reason.TAMPERING,
    Reason.TIME_LIMIT,
    Reason.CPU_LIMIT,
    Reason.MEMORY_LIMIT,
    Reason.OUTPUT_LIMIT,
    Reason.PROCESS_LIMIT,
    Reason.DISK_LIMIT,
    Reason.SIGNALED,
    Reason.RUNTIME_ERROR,
    Reason.WRONG_ANSWER,
    Reason.UNVERIFIABLE,
    Reason.VACUOUS,
    Reason.STATIC_FINDINGS,
    Reason.POLICY_DENIED,
    Reason.HELD,
    Reason.CONFLICT,
    Reason.INFRA_ERROR,
)
"""Which failure is told when there are several: the one that explains the others."""


class AssurancePolicy(Protocol):
    """The part of a policy that a conclusion needs."""

    @property
    def least_assurance(self) -> Assurance:
        """A pass whose assurance is weaker is no pass."""
        ...


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How a verification ended. `assurance` is None where nothing that counts was judged."""

    status: Status
    reason: Reason | None
    message: str
    score: float
    assurance: Assurance | None


def conclude(
    findings: Sequence[Finding], results: Sequence[CheckResult], policy: AssurancePolicy
) -> Conclusion:
    """Return how a verification ended."""
    status, reason, message = _ending(findings, results, policy)
    return Conclusion(status, reason, message, _score(results), _assurance(results))


_Ending = tuple[Status, Reason | None, str]


def _ending(
    findings: Sequence[Finding], results: Sequence[CheckResult], policy: AssurancePolicy
) -> _Ending:
    blocking = [finding for finding in findings if finding.severity is Severity.ERROR]
    if blocking:
        return Status.FAILED, Reason.STATIC_FINDINGS, _told_findings(blocking)
    deciding = _deciding(results)
    failed = [result for result in deciding if result.status is CheckStatus.FAILED]
    if failed:
        return _failure(failed)
    if not deciding or any(result.status is not CheckStatus.PASSED for result in deciding):
        text = "nothing was judged" if not deciding else f"{_named(deciding)} was not judged"
        return Status.INFRA_ERROR, Reason.INFRA_ERROR, f"{text}; ask again"
    return _pass(deciding, policy)


def without_leaning(result: CheckResult) -> CheckResult:
    """Return the result where the policy refuses passes that lean on the candidate's objects."""
    if result.status is not CheckStatus.PASSED or result.assurance is not Assurance.SPLIT_OBJECTS:
        return result
    text = f"{result.message or 'it leans on objects of the code'}; the policy refuses that"
    return replace(result, status=CheckStatus.FAILED, reason=Reason.UNVERIFIABLE, message=text)


def _deciding(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the required checks; of optional ones alone, those that passed, else all.

    Who tampers with an optional check has failed, too.
    """
    required = [each for each in results if each.required or each.reason is Reason.TAMPERING]
    passed = [result for result in results if result.status is CheckStatus.PASSED]
    return required or passed or list(results)


def _pass(deciding: Sequence[CheckResult], policy: AssurancePolicy) -> _Ending:
    assurance, least = _assurance(deciding), policy.least_assurance
    if assurance is None or assurance < least:
        seen = "none" if assurance is None else assurance.name
        text = (
            f"every check passed, but with assurance {seen} where the policy asks for "
            f"{least.name}; use checks that compare outside the sandbox"
        )
        return Status.FAILED, Reason.POLICY_DENIED, text
    return Status.PASSED, None, f"passed: {len(deciding)} of {len(deciding)} deciding checks"


def _failure(failed: Sequence[CheckResult]) -> _Ending:
    worst = min(failed, key=lambda result: PRECEDENCE.index(_reason(result)))
    reason = _reason(worst)
    status = Status.INFRA_ERROR if reason is Reason.INFRA_ERROR else Status.FAILED
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return status, reason, f"{worst.name}: {worst.message or reason.value}{more}"


def _reason(result: CheckResult) -> Reason:
    return result.reason or Reason.WRONG_ANSWER


def _named(deciding: Sequence[CheckResult]) -> str:
    return next(result.name for result in deciding if result.status is not CheckStatus.PASSED)


def _told_findings(blocking: Sequence[Finding]) -> str:
    first = blocking[0]
    more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
    return f"{first.path}:{first.line}: {first.rule} {first.message}{more}"


def _score(results: Sequence[CheckResult]) -> float:
    total = sum(result.weight for result in results)
    passed = sum(result.weight for result in results if result.status is CheckStatus.PASSED)
    return passed / total if total > 0 else 0.0


def _assurance(results: Sequence[CheckResult]) -> Assurance | None:
    """Return the least among the required checks that were judged.

    Of optional checks alone one is enough for a pass, so there the strongest that passed counts.
    """
    judged = [result for result in results if result.status is not CheckStatus.SKIPPED]
    required = [result.assurance for result in judged if result.required]
    if required:
        return min(required)
    passed = [each.assurance for each in judged if each.status is CheckStatus.PASSED]
    return max(passed, default=None)
