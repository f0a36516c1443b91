"""What the service writes of verifications and policies. Other rooms make their own entries.

Each function belongs in the transaction of what it tells of.
"""

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Connection

from assize.attest import spec_digest, submission_digest
from assize.audit.entries import Entry, EntryKind, decode
from assize.model.callers import ANONYMOUS, SERVICE, Caller, Role
from assize.model.verdict import Verdict
from assize.model.workspaces import EntryKind as Moved
from assize_server.attestation.keeping import keep
from assize_server.audit.log import PAGE_MOST, append, last_of_kind, read
from assize_server.core.policy import Policy
from assize_server.execution.job import Job
from assize_server.workspaces.store import Happened


def record_admission(connection: Connection, job: Job, caller: Caller, now_ms: int) -> int:
    """Write that a job was admitted, before anything of it runs; return the entry's index."""
    subject = _named(job.id, job.request_id, job.policy.name)
    digests = {
        "policy": job.policy.digest,
        "submission": submission_digest(job.submission),
        "spec": spec_digest(job.spec),
    }
    if job.released_by:
        subject["hold_id"] = job.released_by
    if job.workspace is not None:
        subject["workspace"] = job.workspace.name
        digests["base"] = job.workspace.base.id
    counts = {"files": len(job.submission.files)}
    entry = Entry(EntryKind.ADMISSION, now_ms, caller, subject, digests, counts)
    return append(connection, entry)


def record_verdict(
    connection: Connection, verdict: Verdict, envelope: bytes, caller: Caller, now_ms: int
) -> int:
    """Write that a verification ended, and keep its signed statement; return the entry's index."""
    subject = _named(verdict.verification_id, verdict.request_id, verdict.policy)
    if verdict.reason is not None:
        subject["reason"] = verdict.reason.value
    digests = {"policy": verdict.policy_digest, "attestation": sha256(envelope).hexdigest()}
    counts = {"effects": verdict.effects_total}
    if verdict.workspace is not None:
        digests["effects"] = verdict.workspace.effects_digest
    if verdict.hold is not None:
        subject["hold_id"] = verdict.hold.hold_id
    outcome = verdict.status.value
    entry = Entry(EntryKind.VERDICT, now_ms, caller, subject, digests, counts, outcome)
    keep(connection, verdict.verification_id, envelope, now_ms)
    return append(connection, entry)


def record_policies(
    connection: Connection, policies: Iterable[Policy], caller: Caller, now_ms: int
) -> int:
    """Write each policy that is not the one last written under its name; return how many.

    Call it at each start and after each reload.
    """
    known = _known_policies(connection)
    changed = [each for each in policies if known.get(each.name) != each.digest]
    for policy in changed:
        entry = Entry(
            EntryKind.POLICY_LOAD,
            now_ms,
            caller,
            subject={"policy": policy.name},
            digests={"policy": policy.digest},
        )
        append(connection, entry)
    return len(changed)


def record_approvers(connection: Connection, digest: str, people: int, now_ms: int) -> bool:
    """Write which approvers there are, by the digest of their keys, unless it was said last."""
    at: int | None = None
    while last := last_of_kind(connection, EntryKind.KEY_CHANGE, before=at):
        entry = decode(last.leaf)
        if entry.subject.get("purpose") == "approvers":
            if entry.digests.get("approvers") == digest:
                return False
            break
        at = last.index
    subject, digests = {"purpose": "approvers"}, {"approvers": digest}
    append(
        connection,
        Entry(EntryKind.KEY_CHANGE, now_ms, SERVICE, subject, digests, {"people": people}),
    )
    return True


_WORKSPACE_KINDS = {
    Moved.CREATE: EntryKind.CREATE,
    Moved.PUSH: EntryKind.PUSH,
    Moved.COMMIT: EntryKind.COMMIT,
    Moved.ROLLBACK: EntryKind.ROLLBACK,
    Moved.FORK: EntryKind.FORK,
}


def record_workspace(connection: Connection, happened: Happened) -> int:
    """Write what somebody did to a workspace; return the entry's index."""
    kind = EntryKind.DELETE if happened.kind is None else _WORKSPACE_KINDS[happened.kind]
    heads = {"before": happened.before, "after": happened.after}
    entry = Entry(
        kind,
        happened.time_ms,
        submitter(happened.author),
        {"workspace": happened.workspace},
        {name: digest for name, digest in heads.items() if digest},
    )
    return append(connection, entry)


def submitter(name: str) -> Caller:
    """Return whoever submits code and keeps workspaces."""
    return Caller(name, Role.ANONYMOUS if name == ANONYMOUS.name else Role.SUBMITTER)


def record_start(connection: Connection, version: str, now_ms: int) -> int:
    """Write that the service started; return the entry's index."""
    return append(connection, Entry(EntryKind.START, now_ms, SERVICE, {"version": version}))


def record_stop(connection: Connection, now_ms: int) -> int:
    """Write that the service was told to stop; return the entry's index."""
    return append(connection, Entry(EntryKind.STOP, now_ms, SERVICE))


def _named(verification_id: str, request_id: str, policy: str) -> dict[str, str]:
    named = {"verification_id": verification_id, "request_id": request_id, "policy": policy}
    return {name: text for name, text in named.items() if text}


def _known_policies(connection: Connection) -> dict[str, str]:
    known: dict[str, str] = {}
    at = 0
    while page := read(connection, at, PAGE_MOST, [EntryKind.POLICY_LOAD]):
        for stored in page:
            entry = decode(stored.leaf)
            if "policy" in entry.digests:
                known[entry.subject.get("policy", "")] = entry.digests["policy"]
        at = page[-1].index + 1
    return known
