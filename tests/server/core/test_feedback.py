"""What a submitter is told never gives away what was expected."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.verdict import (
    Assurance,
    CheckResult,
    CheckStatus,
    Reason,
    Status,
    Verdict,
)
from assize_server.core.feedback import UNREVEALING, Feedback, told

SECRET = "EXPECTED-VALUE"
RESULT = CheckResult(
    name="adds",
    status=CheckStatus.FAILED,
    assurance=Assurance.EXTERNAL,
    reason=Reason.WRONG_ANSWER,
    message=f"expected {SECRET}",
    expected=SECRET,
    actual=f"not {SECRET}",
    diff=f"-{SECRET}",
    input="add(1, 2)",
)
VERDICT = Verdict(
    verification_id="v",
    status=Status.FAILED,
    message=f"adds: expected {SECRET}",
    policy="p",
    policy_digest="d",
    reason=Reason.WRONG_ANSWER,
    score=0.5,
    checks=(RESULT,),
)
REVEALING = sorted(set(Reason) - UNREVEALING)


def test_full_feedback_changes_nothing() -> None:
    """Whoever mends code sees what was expected."""
    assert told(VERDICT, Feedback.FULL) == VERDICT


@pytest.mark.parametrize("feedback", [Feedback.INPUTS, Feedback.VERDICT])
@pytest.mark.parametrize("reason", REVEALING)
def test_less_feedback_never_quotes_an_expected_value(feedback: Feedback, reason: Reason) -> None:
    """Not in a message, not in a diff, whatever the reason."""
    verdict = replace(VERDICT, reason=reason, checks=(replace(RESULT, reason=reason),))
    assert SECRET not in repr(told(verdict, feedback))


def test_inputs_feedback_keeps_the_input_and_the_status() -> None:
    """Which case failed is no secret at this level."""
    (result,) = told(VERDICT, Feedback.INPUTS).checks
    assert (result.input, result.status, result.reason) == (
        "add(1, 2)",
        CheckStatus.FAILED,
        Reason.WRONG_ANSWER,
    )


@given(st.floats(0, 0.99))
def test_verdict_feedback_tells_no_check_and_no_partial_score(score: float) -> None:
    """A partial score would tell how near an attempt came."""
    shown = told(replace(VERDICT, score=score), Feedback.VERDICT)
    assert (shown.checks, shown.score, shown.status) == ((), 0.0, Status.FAILED)


def test_message_of_a_limit_is_told_at_every_level() -> None:
    """How long it ran says nothing of what was expected."""
    verdict = replace(VERDICT, reason=Reason.TIME_LIMIT, message="ran for more than 1 s")
    assert told(verdict, Feedback.VERDICT).message == "ran for more than 1 s"
