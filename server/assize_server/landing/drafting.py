"""What is told of a run whose service ends between the change that it made and its verdict."""

from typing import Final

from assize.model.verdict import Finding, HoldNotice, Reason, Status, Verdict
from assize_server.core.feedback import told
from assize_server.core.verdict import Conclusion
from assize_server.execution.job import Job
from assize_server.execution.landing import Landed

EFFECTS_TOLD_MOST: Final = 1000
"""As in every verdict: the count is told of all."""


def of_landed(job: Job, conclusion: Conclusion, landed: Landed) -> Verdict:
    """Return the verdict of a run that was judged, without what each check said."""
    status, reason, message = conclusion.status, conclusion.reason, conclusion.message
    if landed.ending is not None:
        status, reason, message = landed.ending
    verdict = Verdict(
        verification_id=job.id,
        request_id=job.request_id,
        status=status,
        reason=reason,
        message=message,
        score=conclusion.score,
        assurance=conclusion.assurance,
        policy=job.policy.name,
        policy_digest=job.policy.digest,
        effects=landed.effects[:EFFECTS_TOLD_MOST],
        effects_total=len(landed.effects),
        workspace=landed.workspace,
        hold=landed.hold,
    )
    return told(verdict, job.policy.feedback)


def of_held_source(job: Job, findings: tuple[Finding, ...], notice: HoldNotice) -> Verdict:
    """Return the verdict of code that is not run before a person agrees."""
    rules = ", ".join(notice.rules)
    return Verdict(
        verification_id=job.id,
        request_id=job.request_id,
        status=Status.HELD,
        reason=Reason.HELD,
        message=f"nothing was run: {rules} asks for approval of hold {notice.hold_id}",
        findings=findings,
        policy=job.policy.name,
        policy_digest=job.policy.digest,
        hold=notice,
    )
