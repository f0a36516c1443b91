"""Whether a signed decision is taken, and when enough people have approved.

It does not read a clock, a file or the store. The rules:

- The key decides who speaks, never a field of a request. Unknown and revoked keys are refused.
- Everything that the statement names must be the hold's: subject, base, result, workspace, policy,
  run, audience, nonce, and the digest of what was shown.
- Its time and the hold's must have begun and not ended.
- Whoever submitted the run does not decide it. No role is above that.
- An approval needs a person of the groups that the policy asks for, and the policy still to be the
  one that asked. A denial needs any approver, and a reason: it only tightens.
- A quorum counts people, not keys, and only those whose key and whose time still count: when it is
  reached, and again when the approval is used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from assize.approvals.digests import shown_digest
from assize.approvals.envelopes import Signed, opened, require_signed
from assize.approvals.refusals import RefusalCode, Refused
from assize.approvals.tokens import ApprovalStatement, approval_of
from assize.model.approvals import ApprovalDecision, Bundle, Hold, RecordedDecision
from assize_server.core.approvers import Approvers, Person, same_being

_NAMED: Final = 12
"""Characters of a digest in messages."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A decision that counts."""

    person: str
    """Who decided."""
    key_id: str
    """The key that signed."""
    decision: ApprovalDecision
    """What."""
    reason: str
    """Why."""
    not_after: int
    """From then on an approval no longer counts."""


def accepted(
    bundle: Bundle, envelope: bytes, approvers: Approvers, now: int, current_policy: str
) -> Accepted:
    """Return whose decision an envelope is, if it counts for the hold.

    `current_policy` is the digest of the policy of the hold's name as it is now.

    Raises:
        Refused: It does not count; the code says why.
    """
    signed = opened(envelope)
    person = signer_of(signed, approvers)
    statement = approval_of(signed)
    _require_bound(bundle, statement)
    _require_timely(bundle.hold, statement, now)
    require_other_than_submitter(person, bundle.hold.submitter)
    approval = statement.approval
    if approval.decision is ApprovalDecision.APPROVE:
        _require_current(bundle.hold, current_policy)
        _require_group(bundle.hold, person)
    elif not approval.reason.strip():
        raise Refused(RefusalCode.REASON_MISSING, "a denial says why; give a reason")
    return Accepted(
        person.name, signed.key_id, approval.decision, approval.reason, approval.not_after
    )


def signer_of(signed: Signed, approvers: Approvers) -> Person:
    """Return who signed an envelope.

    Raises:
        Refused: The key is unknown or revoked, or did not sign it.
    """
    person = approvers.owner_of(signed.key_id)
    if person is None:
        text = f"no approver has the key {signed.key_id[:_NAMED]!r}; see approvers.yaml"
        raise Refused(RefusalCode.UNKNOWN_KEY, text)
    if signed.key_id in person.revoked:
        since = person.revoked[signed.key_id]
        text = f"the key {signed.key_id[:_NAMED]} of {person.name} was revoked on {since}"
        raise Refused(RefusalCode.REVOKED_KEY, text)
    require_signed(signed, person.keys[signed.key_id])
    return person


def quorum_reached(
    hold: Hold, decisions: Iterable[RecordedDecision], approvers: Approvers, now: int
) -> bool:
    """Tell whether enough different people approved, of those who may and whose word holds now."""
    required = hold.required
    people = {
        each.person
        for each in decisions
        if each.decision is ApprovalDecision.APPROVE
        and now < each.not_after
        and not same_being(each.person, hold.submitter)
        and approvers.counts(each.person, each.key_id, required.groups)
    }
    return required.quorum >= 1 and len(people) >= required.quorum


def require_other_than_submitter(person: Person, submitter: str) -> None:
    """Refuse whoever submitted the run.

    Raises:
        Refused: SUBMITTER.
    """
    if same_being(person.name, submitter):
        text = f"{person.name} submitted the run and cannot decide it; ask somebody else"
        raise Refused(RefusalCode.SUBMITTER, text)


def _require_bound(bundle: Bundle, statement: ApprovalStatement) -> None:
    """One step for each thing that a decision is bound to."""
    hold, approval = bundle.hold, statement.approval
    for code, found, expected in (
        (RefusalCode.OTHER_HOLD, approval.hold, hold.id),
        (RefusalCode.OTHER_HOLD, approval.kind.value, hold.kind.value),
        (RefusalCode.OTHER_VERIFICATION, approval.verification, hold.verification_id),
        (RefusalCode.OTHER_AUDIENCE, approval.audience, hold.audience),
        (RefusalCode.OTHER_WORKSPACE, approval.workspace, hold.workspace),
        (RefusalCode.OTHER_SUBJECT, statement.subject, hold.subject),
        (RefusalCode.OTHER_BASE, approval.base, hold.base),
        (RefusalCode.OTHER_RESULT, approval.result, hold.result),
        (RefusalCode.OTHER_POLICY, approval.policy, hold.policy_digest),
        (RefusalCode.OTHER_SHOWN, approval.shown, shown_digest(hold)),
    ):
        if found != expected:
            text = f"it names {found[:_NAMED]!r}, the hold {expected[:_NAMED]!r}"
            raise Refused(code, f"{text}; fetch the hold and decide again")
    # SECURITY: the expected one is not told.
    if approval.nonce != bundle.nonce:
        raise Refused(RefusalCode.WRONG_NONCE, "the nonce is not the hold's")


def _require_timely(hold: Hold, statement: ApprovalStatement, now: int) -> None:
    approval = statement.approval
    if now < approval.not_before:
        text = f"it is valid from {approval.not_before} on and it is {now}; is a clock wrong?"
        raise Refused(RefusalCode.NOT_YET_VALID, text)
    ends = min(approval.not_after, hold.expires_at)
    if now >= ends:
        text = f"its time ended at {ends} and it is {now}; the run must be submitted again"
        raise Refused(RefusalCode.EXPIRED, text)


def _require_current(hold: Hold, current_policy: str) -> None:
    if current_policy != hold.policy_digest:
        text = f"the policy {hold.policy!r} has changed since it asked"
        raise Refused(RefusalCode.OTHER_POLICY, f"{text}; the run must be submitted again")


def _require_group(hold: Hold, person: Person) -> None:
    groups = hold.required.groups
    if person.groups.isdisjoint(groups):
        named = ", ".join(groups) or "none, so nobody can"
        text = f"{person.name} is in none of the groups that can approve this ({named})"
        raise Refused(RefusalCode.NOT_IN_GROUP, text)
