"""What the audit log says of runs and of what becomes of them: ids, digests and counts."""

from assize.audit.entries import Entry, EntryKind
from assize.canonical import effect_set_digest
from assize.model.approvals import Hold
from assize.model.callers import SERVICE
from assize.model.effects import EffectSet


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
