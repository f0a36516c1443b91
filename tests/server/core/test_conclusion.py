"""When a verification passes, and what it says if it does not."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import (
    Assurance,
    CheckResult,
    CheckStatus,
    Finding,
    Reason,
    Severity,
    Status,
)
from assize_server.core.verdict import PRECEDENCE, conclude, without_leaning


@dataclass(frozen=True)
class Demands:
    """The part of a policy that counts here."""

    least_assurance: Assurance = Assurance.SPLIT


DEMANDS = Demands()
GOOD = CheckResult("good", CheckStatus.PASSED, Assurance.EXTERNAL)
BAD = CheckResult("bad", CheckStatus.FAILED, Assurance.EXTERNAL, reason=Reason.WRONG_ANSWER)
SKIPPED = CheckResult("skipped", CheckStatus.SKIPPED, Assurance.EXTERNAL)
RESULTS = st.lists(
    st.builds(
        CheckResult,
        name=st.text(max_size=3),
        status=st.sampled_from(CheckStatus),
        assurance=st.sampled_from(Assurance),
        required=st.booleans(),
        weight=st.floats(0.001, 1000),
        reason=st.none() | st.sampled_from(Reason),
    ),
    max_size=6,
)


def finding(severity: Severity) -> Finding:
    """Return a finding of that severity."""
    return Finding("ruff", "F821", severity, "a.py", 3, 1, "undefined name")


def optional(result: CheckResult) -> CheckResult:
    """Return the result as that of an optional check."""
    return replace(result, required=False)


@given(RESULTS, st.sampled_from(Assurance))
def test_pass_needs_every_required_check_passed_with_enough_assurance(
    results: list[CheckResult], least: Assurance
) -> None:
    """No mixture of results passes otherwise, and a pass alone has no reason."""
    conclusion = conclude((), results, Demands(least))
    if conclusion.status is Status.PASSED:
        required = [each for each in results if each.required]
        leaned_on = required or [each for each in results if each.status is CheckStatus.PASSED]
        assert leaned_on
        assert all(each.status is CheckStatus.PASSED for each in leaned_on)
        assert conclusion.assurance is not None
        assert conclusion.assurance >= least
    assert (conclusion.reason is None) == (conclusion.status is Status.PASSED)
    assert 0.0 <= conclusion.score <= 1.0
    assert conclusion.message


def test_required_checks_passed_is_a_pass_with_the_least_assurance() -> None:
    """The weakest required check is what the pass leans on."""
    split = replace(GOOD, assurance=Assurance.SPLIT)
    shared = optional(replace(GOOD, assurance=Assurance.SHARED))
    conclusion = conclude((finding(Severity.WARNING),), (GOOD, split, shared), DEMANDS)
    assert (conclusion.status, conclusion.assurance) == (Status.PASSED, Assurance.SPLIT)


@pytest.mark.parametrize("results", [(), (SKIPPED,), (GOOD, SKIPPED), (optional(SKIPPED),)])
def test_nothing_judged_is_not_a_pass_and_says_nothing_about_the_code(
    results: tuple[CheckResult, ...],
) -> None:
    """Vacuous suites end as INFRA_ERROR: a missing judgement is ours."""
    conclusion = conclude((), results, DEMANDS)
    assert (conclusion.status, conclusion.reason) == (Status.INFRA_ERROR, Reason.INFRA_ERROR)


def test_blocking_finding_fails_whatever_the_checks_say() -> None:
    """And the message names the place."""
    conclusion = conclude((finding(Severity.ERROR),), (GOOD,), DEMANDS)
    assert (conclusion.status, conclusion.reason) == (Status.FAILED, Reason.STATIC_FINDINGS)
    assert "a.py:3" in conclusion.message


@given(st.lists(st.sampled_from(PRECEDENCE), min_size=1))
def test_failure_that_explains_the_others_is_told(reasons: list[Reason]) -> None:
    """Tampering, then limits, then signals, errors, and wrong answers."""
    results = [replace(BAD, reason=reason) for reason in reasons]
    conclusion = conclude((), [GOOD, *results], DEMANDS)
    assert conclusion.reason is min(reasons, key=PRECEDENCE.index)
    ours = set(reasons) == {Reason.INFRA_ERROR}
    assert conclusion.status is (Status.INFRA_ERROR if ours else Status.FAILED)


def test_every_reason_has_its_place() -> None:
    """A new reason must be ranked."""
    assert set(PRECEDENCE) == set(Reason)


def test_shared_pass_is_denied_where_the_policy_asks_for_more() -> None:
    """Forgeable by determined code: not a pass by default."""
    shared = replace(GOOD, assurance=Assurance.SHARED)
    conclusion = conclude((), (GOOD, shared), DEMANDS)
    assert (conclusion.status, conclusion.reason) == (Status.FAILED, Reason.POLICY_DENIED)
    assert conclude((), (shared,), Demands(Assurance.SHARED)).status is Status.PASSED


def test_optional_failure_lowers_the_score_only() -> None:
    """The score is the weighted share of what passed."""
    conclusion = conclude((), (GOOD, optional(replace(BAD, weight=3.0))), DEMANDS)
    assert (conclusion.status, conclusion.score) == (Status.PASSED, 0.25)


def test_tampering_with_an_optional_check_fails() -> None:
    """Whoever forges anything is not believed in the rest."""
    conclusion = conclude((), (GOOD, optional(replace(BAD, reason=Reason.TAMPERING))), DEMANDS)
    assert (conclusion.status, conclusion.reason) == (Status.FAILED, Reason.TAMPERING)


def test_optional_checks_alone_need_one_that_passed_with_enough_assurance() -> None:
    """None passed is a failure, and a forgeable one is not enough."""
    shared = optional(replace(GOOD, assurance=Assurance.SHARED))
    assert conclude((), (optional(BAD),), DEMANDS).status is Status.FAILED
    assert conclude((), (shared, optional(BAD)), DEMANDS).reason is Reason.POLICY_DENIED
    assert conclude((), (shared, optional(GOOD)), DEMANDS).status is Status.PASSED


def test_pass_that_leans_on_objects_is_unverifiable_where_the_policy_refuses_it() -> None:
    """It is no evidence there, and the check says so."""
    leaning = CheckResult("suite", CheckStatus.PASSED, Assurance.SPLIT_OBJECTS)
    refused = without_leaning(leaning)
    assert (refused.status, refused.reason) == (CheckStatus.FAILED, Reason.UNVERIFIABLE)
    assert conclude((), (refused,), Demands(Assurance.SHARED)).reason is Reason.UNVERIFIABLE


@pytest.mark.parametrize("assurance", [Assurance.SHARED, Assurance.SPLIT, Assurance.EXTERNAL])
def test_pass_that_does_not_lean_is_left_alone(assurance: Assurance) -> None:
    """Neither stronger nor weaker ones are this rule's business."""
    result = CheckResult("suite", CheckStatus.PASSED, assurance)
    assert without_leaning(result) == result
