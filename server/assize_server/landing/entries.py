"""What the audit log says of runs and of what becomes of them: ids, digests and counts."""

from assize.audit.entries import Entry, EntryKind
from assize.canonical import effect_set_digest
from assize.model.approvals import Hold
from assize.model.callers import SERVICE, Caller, Role
from assize.model.effects import EffectSet
from assize.model.verdict import Verdict
from assize_server.execution.job import Job


def submitter(name: str) -> Caller:
    """Return whoever submitted a run."""
    return Caller(name, Role.ANONYMOUS if name == "anonymous" else Role.SUBMITTER)


def of_admission(job: Job, request_digest: str, time_ms: int) -> Entry:
    """Return the entry that is written before anything of a run begins."""
    subject = {"verification_id": job.id, "policy": job.policy.name}
    if job.workspace is not None:
        subject["workspace"] = job.workspace.name
    if job.released_by:
        subject["hold_id"] = job.released_by
    digests = {"policy": job.policy.digest, "request": request_digest}
    if job.workspace is not None:
        digests["base"] = job.workspace.base.id
    return Entry(EntryKind.ADMISSION, time_ms, submitter(job.submitter), subject, digests)


def of_verdict(job: Job, verdict: Verdict, verdict_digest: str, time_ms: int) -> Entry:
    """Return the entry that is written when a run has ended."""
    subject = {"verification_id": job.id, "policy": job.policy.name}
    if verdict.reason is not None:
        subject["reason"] = verdict.reason.value
    digests = {"policy": job.policy.digest, "verdict": verdict_digest}
    counts = {"checks": len(verdict.checks), "findings": len(verdict.findings)}
    if verdict.workspace is not None:
        counts["effects"] = verdict.effects_total
        digests["effects"] = verdict.workspace.effects_digest
    return Entry(
        EntryKind.VERDICT, time_ms, SERVICE, subject, digests, counts, verdict.status.value
    )


def of_commit(
    kind: EntryKind, verification_id: str, effects: EffectSet, time_ms: int, hold_id: str = ""
) -> Entry:
    """Return the entry of effects that land, or that did not fit the workspace any more."""
    subject = {"verification_id": verification_id, "workspace": effects.workspace}
    if hold_id:
        subject["hold_id"] = hold_id
    digests = {
        "base": effects.base,
        "result": effects.result,
        "effects": effect_set_digest(effects),
    }
    counts = {"effects": len(effects.effects)}
    return Entry(kind, time_ms, SERVICE, subject, digests, counts)


def of_hold(kind: EntryKind, hold: Hold, time_ms: int, outcome: str = "") -> Entry:
    """Return the entry of something that happened to a hold."""
    subject = {
        "hold_id": hold.id,
        "gate": hold.kind.value,
        "verification_id": hold.verification_id,
        "policy": hold.policy,
        "submitter": hold.submitter,
    }
    if hold.workspace:
        subject["workspace"] = hold.workspace
    digests = {"policy": hold.policy_digest, "subject": hold.subject}
    counts = {"effects": len(hold.weighed), "quorum": hold.required.quorum}
    return Entry(kind, time_ms, SERVICE, subject, digests, counts, outcome)


def of_grant_use(
    grant_id: str, verification_id: str, effects: EffectSet, count: int, time_ms: int
) -> Entry:
    """Return the entry of a grant that took the place of an approval."""
    return Entry(
        EntryKind.GRANT_USE,
        time_ms,
        SERVICE,
        {
            "grant_id": grant_id,
            "verification_id": verification_id,
            "workspace": effects.workspace,
        },
        {"effects": effect_set_digest(effects)},
        {"effects": count},
    )
