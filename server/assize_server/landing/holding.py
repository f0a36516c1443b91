"""Makes the hold of a run: who is asked, by which rules, until when. Pure but for fresh ids."""

from collections.abc import Sequence
from dataclasses import dataclass

from assize.model.approvals import AskingRule, HeldFinding, Hold
from assize.model.effects import Decision, EffectSet
from assize.model.verdict import Finding, HoldNotice
from assize_server.approvals.drafts import Asked, before_commit, before_execution, fresh_id
from assize_server.core.rules import Approval
from assize_server.core.weighing import Weighing
from assize_server.execution.job import Job


@dataclass(frozen=True, slots=True)
class Made:
    """A hold to be kept, and the rules that asked for it."""

    hold: Hold

    @property
    def notice(self) -> HoldNotice:
        """Return what the submitter is told: never the nonce."""
        hold = self.hold
        return HoldNotice(
            hold_id=hold.id,
            gate=hold.kind.value,
            rules=tuple(rule.id for rule in hold.rules),
            groups=hold.required.groups,
            quorum=hold.required.quorum,
            expires_at=hold.expires_at,
        )


def of_effects(job: Job, effects: EffectSet, weighing: Weighing, audience: str, now: int) -> Made:
    """Return the hold of a run whose effects a person must see before they land.

    `weighing` holds, so that it says who must agree.
    """
    if weighing.approval is None:
        raise ValueError("what is weighed as held says who must agree")
    held = {each.rule: each.why for each in weighing.effects if each.decision is Decision.HOLD}
    rules = tuple(AskingRule(rule, why) for rule, why in sorted(held.items()))
    asked = _asked(job, rules, weighing.approval, audience, now)
    return Made(before_commit(fresh_id(), asked, effects, weighing.effects))


def of_source(
    job: Job, findings: Sequence[Finding], approval: Approval, audience: str, now: int
) -> Made:
    """Return the hold of a run whose source a person must see before it runs."""
    why = {rule.id: rule.why for rule in job.policy.analysis.static.rules}
    names = sorted({finding.rule for finding in findings})
    rules = tuple(AskingRule(name, why.get(name, "")) for name in names)
    held = (HeldFinding(each.rule, each.path, each.line, each.message) for each in findings)
    asked = _asked(job, rules, approval, audience, now)
    pinned = job.workspace
    return Made(
        before_execution(
            fresh_id(),
            asked,
            job.submission,
            held,
            workspace="" if pinned is None else pinned.name,
            base="" if pinned is None else pinned.base.id,
        )
    )


def _asked(
    job: Job, rules: tuple[AskingRule, ...], approval: Approval, audience: str, now: int
) -> Asked:
    return Asked(
        verification_id=job.id,
        submitter=job.submitter,
        policy=job.policy.name,
        policy_digest=job.policy_as_named,
        rules=rules,
        approval=approval,
        audience=audience,
        now=now,
    )
