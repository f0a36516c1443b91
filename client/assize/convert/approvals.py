"""What `ApprovalService` says: between records and messages."""

from assize.convert.holds import (
    decision_from_proto,
    decision_to_proto,
    hold_from_proto,
    hold_to_proto,
    state_from_proto,
    state_to_proto,
)
from assize.model.approvals import (
    Bundle,
    Grant,
    GrantRecord,
    HoldStats,
    HoldStatus,
    RecordedDecision,
    RuleStats,
)
from assize.v1 import approval_pb2


def status_to_proto(status: HoldStatus) -> approval_pb2.HoldStatus:
    """Return the message of what became of a hold."""
    return approval_pb2.HoldStatus(
        state=state_to_proto(status.state),
        detail=status.detail,
        changed_at=status.changed_at,
        decisions=[
            approval_pb2.RecordedDecision(
                person=each.person,
                key_id=each.key_id,
                decision=decision_to_proto(each.decision),
                reason=each.reason,
                at=each.at,
                not_after=each.not_after,
            )
            for each in status.decisions
        ],
    )


def status_from_proto(message: approval_pb2.HoldStatus) -> HoldStatus:
    """Return what a message says became of a hold.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return HoldStatus(
        state=state_from_proto(message.state),
        detail=message.detail,
        changed_at=message.changed_at,
        decisions=tuple(
            RecordedDecision(
                each.person,
                each.key_id,
                decision_from_proto(each.decision),
                each.reason,
                each.at,
                each.not_after,
            )
            for each in message.decisions
        ),
    )


def bundle_to_proto(bundle: Bundle, status: HoldStatus) -> approval_pb2.GetHoldResponse:
    """Return the message of what an approver gets."""
    return approval_pb2.GetHoldResponse(
        hold=hold_to_proto(bundle.hold), nonce=bundle.nonce, status=status_to_proto(status)
    )


def bundle_from_proto(message: approval_pb2.GetHoldResponse) -> tuple[Bundle, HoldStatus]:
    """Return what an approver gets.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    bundle = Bundle(hold_from_proto(message.hold), message.nonce)
    return bundle, status_from_proto(message.status)


def grant_to_proto(record: GrantRecord) -> approval_pb2.GrantRecord:
    """Return the message of a grant."""
    grant = record.grant
    return approval_pb2.GrantRecord(
        id=record.id,
        grant=approval_pb2.Grant(
            workspace=grant.workspace,
            policy_digest=grant.policy_digest,
            rules=grant.rules,
            paths=grant.paths,
            most_effects=grant.most_effects,
            audience=grant.audience,
            not_before=grant.not_before,
            not_after=grant.not_after,
            nonce=grant.nonce,
            reason=grant.reason,
        ),
        person=record.person,
        key_id=record.key_id,
        used=record.used,
        revoked_at=record.revoked_at,
        revoked_by=record.revoked_by,
    )


def grant_from_proto(message: approval_pb2.GrantRecord) -> GrantRecord:
    """Return the grant of a message."""
    grant = message.grant
    return GrantRecord(
        id=message.id,
        grant=Grant(
            workspace=grant.workspace,
            policy_digest=grant.policy_digest,
            rules=tuple(grant.rules),
            paths=tuple(grant.paths),
            most_effects=grant.most_effects,
            audience=grant.audience,
            not_before=grant.not_before,
            not_after=grant.not_after,
            nonce=grant.nonce,
            reason=grant.reason,
        ),
        person=message.person,
        key_id=message.key_id,
        used=message.used,
        revoked_at=message.revoked_at,
        revoked_by=message.revoked_by,
    )


def stats_to_proto(stats: HoldStats) -> approval_pb2.HoldStatsResponse:
    """Return the message of how holds ended."""
    return approval_pb2.HoldStatsResponse(
        holds=stats.holds,
        pending=stats.pending,
        approved=stats.approved,
        denied=stats.denied,
        expired=stats.expired,
        median_seconds_to_decide=stats.median_seconds_to_decide,
        rules=[
            approval_pb2.RuleStats(
                rule=each.rule,
                holds=each.holds,
                approved=each.approved,
                denied=each.denied,
                expired=each.expired,
            )
            for each in stats.rules
        ],
    )


def stats_from_proto(message: approval_pb2.HoldStatsResponse) -> HoldStats:
    """Return how holds ended."""
    decided = message.HasField("median_seconds_to_decide")
    return HoldStats(
        holds=message.holds,
        pending=message.pending,
        approved=message.approved,
        denied=message.denied,
        expired=message.expired,
        median_seconds_to_decide=message.median_seconds_to_decide if decided else None,
        rules=tuple(
            RuleStats(each.rule, each.holds, each.approved, each.denied, each.expired)
            for each in message.rules
        ),
    )
