"""Decisions in the store: recorded once for a person, counted, and used once.

Every function runs inside the caller's transaction; times are passed in. The database lets one
writer in at a time, and the unique keys hold even if it did not.
"""

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from assize.approvals.refusals import RefusalCode, Refused
from assize.model.approvals import ApprovalDecision, Hold, HoldState, HoldStatus
from assize_server.approvals.errors import NotRedeemable
from assize_server.approvals.holds import bundle_of, decisions_of, move, status_of, touch
from assize_server.approvals.tables import decisions, spent_nonces
from assize_server.core.approvals import Accepted, accepted, quorum_reached
from assize_server.core.approvers import Approvers


def decide(
    connection: Connection,
    hold_id: str,
    envelope: bytes,
    approvers: Approvers,
    *,
    current_policy: str,
    submitted_by: str,
    now: int,
) -> tuple[HoldStatus, Accepted]:
    """Verify a signed decision, record it, and approve or deny the hold if that decides it.

    Raises:
        UnknownHold: There is none of that id.
        Refused: The decision does not count; nothing was recorded.
    """
    bundle = bundle_of(connection, hold_id)
    counted = accepted(bundle, envelope, approvers, now, current_policy)
    found = status_of(connection, hold_id).state
    if found is not HoldState.PENDING:
        raise Refused(
            RefusalCode.NOT_PENDING, f"the hold waits no more; its state is {found.value}"
        )
    _record(connection, hold_id, counted, envelope, submitted_by, now)
    if counted.decision is ApprovalDecision.DENY:
        detail = f"denied by {counted.person}: {counted.reason}"
        move(connection, hold_id, {HoldState.PENDING}, HoldState.DENIED, now, detail)
    elif quorum_reached(bundle.hold, decisions_of(connection, hold_id), approvers, now):
        move(connection, hold_id, {HoldState.PENDING}, HoldState.APPROVED, now)
    else:
        touch(connection, hold_id, now)
    return status_of(connection, hold_id), counted


def spend(
    connection: Connection, hold_id: str, approvers: Approvers, *, current_policy: str, now: int
) -> Hold:
    """Use an approval, once: APPROVED becomes COMMITTED. Return what may now land, or run.

    Call it in the transaction that commits: what raises there gives the approval back.

    Raises:
        UnknownHold: There is none of that id.
        NotRedeemable: It is not approved, was used, has expired, a key was revoked since, or the
            policy has changed.
    """
    bundle = bundle_of(connection, hold_id)
    hold = bundle.hold
    if now >= hold.expires_at:
        raise NotRedeemable(f"the approval of {hold_id} ended at {hold.expires_at}, it is {now}")
    if current_policy != hold.policy_digest:
        raise NotRedeemable(f"the policy {hold.policy!r} has changed since {hold_id} was approved")
    # A savepoint: neither half stays if a caller catches the error and goes on.
    with connection.begin_nested():
        _spend_nonce(connection, hold_id, bundle.nonce, now)
        if not move(connection, hold_id, {HoldState.APPROVED}, HoldState.COMMITTED, now):
            found = status_of(connection, hold_id).state.value
            raise NotRedeemable(f"the hold {hold_id} is {found}, not approved")
        if not quorum_reached(hold, decisions_of(connection, hold_id), approvers, now):
            text = f"too few of the approvals of {hold_id} still count"
            raise NotRedeemable(text, remedy="the run must be submitted again")
    return hold


def _spend_nonce(connection: Connection, hold_id: str, nonce: str, now: int) -> None:
    spent = insert(spent_nonces).values(nonce=nonce, hold_id=hold_id, at=now)
    try:
        connection.execute(spent)
    except IntegrityError as error:
        raise NotRedeemable(f"the approval of {hold_id} was used already") from error


def _record(
    connection: Connection,
    hold_id: str,
    counted: Accepted,
    envelope: bytes,
    submitted_by: str,
    now: int,
) -> None:
    values = {
        "hold_id": hold_id,
        "person": counted.person,
        "decision": counted.decision.value,
        "key_id": counted.key_id,
        "reason": counted.reason,
        "submitted_by": submitted_by,
        "envelope": envelope,
        "at": now,
        "not_after": counted.not_after,
    }
    try:
        connection.execute(insert(decisions).values(values))
    except IntegrityError as error:
        text = f"{counted.person} has said so already; another person must"
        raise Refused(RefusalCode.ALREADY_RECORDED, text) from error
