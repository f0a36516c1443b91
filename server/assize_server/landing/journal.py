"""What the audit log says of decisions, in the transaction that makes them.

A hold that ends without an approval also ends its verification, there and then.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from assize.audit.entries import Entry, EntryKind
from assize.model.approvals import (
    ApprovalDecision,
    GrantRecord,
    HoldState,
    HoldStatus,
    HoldSummary,
)
from assize.model.callers import SERVICE, Caller, Role
from assize_server.approvals import holds
from assize_server.audit.log import append
from assize_server.core.approvals import Accepted
from assize_server.landing.carrying import Carrier


class AuditJournal:
    """Records what the desk does."""

    def __init__(self, carrier: Carrier, now_ms: Callable[[], int]) -> None:
        self._carrier = carrier
        self._now_ms = now_ms

    def decided(
        self, connection: Connection, hold: HoldSummary, counted: Accepted, status: HoldStatus
    ) -> None:
        """Record a decision; a denial ends the verification."""
        approved = counted.decision is ApprovalDecision.APPROVE
        kind = EntryKind.APPROVAL if approved else EntryKind.DENIAL
        actor = Caller(counted.person, Role.APPROVER)
        counts = {"approvals": hold.approvals, "quorum": hold.quorum}
        self._append(connection, kind, actor, hold, {"key": counted.key_id}, counts)
        if status.state is HoldState.DENIED:
            self._carrier.ended(connection, hold.id)

    def expired(self, connection: Connection, hold: HoldSummary) -> None:
        """Record that nobody decided in time, which ends the verification."""
        self._append(connection, EntryKind.EXPIRY, SERVICE, hold, {}, {})
        self._carrier.ended(connection, hold.id)

    def granted(self, connection: Connection, grant: GrantRecord) -> None:
        """Record a grant."""
        self._grant(connection, EntryKind.GRANT, Caller(grant.person, Role.APPROVER), grant)

    def revoked(self, connection: Connection, grant: GrantRecord) -> None:
        """Record that a grant was ended."""
        actor = Caller(grant.revoked_by or grant.person, Role.APPROVER)
        self._grant(connection, EntryKind.GRANT_END, actor, grant)

    def _append(
        self,
        connection: Connection,
        kind: EntryKind,
        actor: Caller,
        summary: HoldSummary,
        digests: dict[str, str],
        counts: dict[str, int],
    ) -> None:
        hold = holds.bundle_of(connection, summary.id).hold
        subject = {
            "hold_id": summary.id,
            "verification_id": summary.verification_id,
            "submitter": summary.submitter,
        }
        bound = {"policy": hold.policy_digest, "subject": hold.subject}
        outcome = summary.state.value.upper()
        entry = Entry(kind, self._now_ms(), actor, subject, digests | bound, counts, outcome)
        append(connection, entry)

    def _grant(
        self, connection: Connection, kind: EntryKind, actor: Caller, record: GrantRecord
    ) -> None:
        grant = record.grant
        subject = {"grant_id": record.id, "workspace": grant.workspace}
        digests = {"policy": grant.policy_digest, "key": record.key_id}
        counts = {
            "most_effects": grant.most_effects,
            "used": record.used,
            "not_after": grant.not_after,
        }
        append(connection, Entry(kind, self._now_ms(), actor, subject, digests, counts))
