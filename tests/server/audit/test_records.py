"""What the service writes of verifications and policies."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from support.audit_log import ALICE, START_MS, AuditLog, opened_log
from support.service import POLICIES, SPEC, submitted

from assize.attest import spec_digest, submission_digest
from assize.audit.entries import Entry, EntryKind, decode
from assize.model.callers import SERVICE
from assize.model.submission import RequestedLimits
from assize.model.verdict import Reason, Status, Verdict
from assize_server.attestation.keeping import kept
from assize_server.audit import records
from assize_server.audit.log import read
from assize_server.core.policy import effective_limits
from assize_server.execution.job import Job, JobId
from assize_server.policies.load import load_directory

VERDICT = Verdict("v1", Status.FAILED, "secret", "default", "8" * 64, reason=Reason.TIME_LIMIT)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """Give an empty log."""
    made = opened_log(tmp_path)
    yield made
    made.database.close_now()


def entries(log: AuditLog) -> list[Entry]:
    """Return the whole log."""
    found = log.database.read_now(lambda each: read(each, 0, 100))
    return [decode(stored.leaf) for stored in found]


def test_admission_says_who_asked_for_what(log: AuditLog) -> None:
    """By digests: the files themselves are not in the log."""
    policy = load_directory(POLICIES)["default"]
    limits = effective_limits(policy, RequestedLimits())
    admitted = Job(JobId("v1"), submitted(), SPEC, policy, limits, "r1")
    log.database.write_now(lambda each: records.record_admission(each, admitted, ALICE, START_MS))
    (entry,) = entries(log)
    assert (entry.kind, entry.actor, entry.time_ms) == (EntryKind.ADMISSION, ALICE, START_MS)
    assert entry.subject == {"verification_id": "v1", "request_id": "r1", "policy": "default"}
    assert entry.digests == {
        "policy": admitted.policy.digest,
        "submission": submission_digest(admitted.submission),
        "spec": spec_digest(admitted.spec),
    }


def test_verdict_and_its_statement_land_together(log: AuditLog) -> None:
    """The entry names the statement by its digest."""
    log.database.write_now(
        lambda each: records.record_verdict(each, VERDICT, b"envelope", ALICE, START_MS)
    )
    (entry,) = entries(log)
    assert (entry.kind, entry.outcome) == (EntryKind.VERDICT, "FAILED")
    assert entry.subject == {"verification_id": "v1", "policy": "default", "reason": "TIME_LIMIT"}
    assert entry.digests["attestation"] == sha256(b"envelope").hexdigest()
    assert log.database.read_now(lambda each: kept(each, "v1")) == b"envelope"


def test_policies_are_written_when_they_change(log: AuditLog) -> None:
    """Not at each start; one that was changed back is written again."""
    first = tuple(load_directory(POLICIES))
    changed = (replace(first[0], digest="9" * 64), *first[1:])

    def load(policies: tuple[object, ...]) -> int:
        return log.database.write_now(
            lambda each: records.record_policies(each, policies, SERVICE, START_MS)  # type: ignore[arg-type]
        )

    assert [load(each) for each in (first, first, changed, changed, first)] == [
        len(first),
        0,
        1,
        0,
        1,
    ]
    assert entries(log)[-1].digests == {"policy": first[0].digest}


def test_start_and_end_are_written(log: AuditLog) -> None:
    """With the version."""
    log.database.write_now(lambda each: records.record_start(each, "1.2.3", START_MS))
    log.database.write_now(lambda each: records.record_stop(each, START_MS))
    assert [(each.kind, dict(each.subject)) for each in entries(log)] == [
        (EntryKind.START, {"version": "1.2.3"}),
        (EntryKind.STOP, {}),
    ]
