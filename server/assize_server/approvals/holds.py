"""Holds in the store. Every function runs inside the caller's transaction; times are passed in.

A hold goes `pending` -> `approved` -> `committed`, or leaves that way to one of the other ends. No
end is ever left. Each change gives the hold the next sequence number, so that whoever watches asks
for what came after the last one seen and misses nothing, restarts included.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from assize.approvals.documents import read, written
from assize.model.approvals import (
    IRREVERSIBLE,
    ApprovalDecision,
    Bundle,
    Hold,
    HoldKind,
    HoldState,
    HoldStatus,
    HoldSummary,
    RecordedDecision,
)
from assize_server.approvals.errors import (
    ApprovalError,
    HoldTooLarge,
    SecondHold,
    TooManyHolds,
    UnknownHold,
)
from assize_server.approvals.tables import decisions, holds

MOST_BUNDLE_BYTES: Final = 8 * 1024 * 1024
"""What one hold may show; a message takes four times as much."""
MOST_LISTED: Final = 500
OPEN: Final = frozenset({HoldState.PENDING, HoldState.APPROVED})
"""What can still change."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many holds may wait. Beyond them a run is not held but refused."""

    pending_of_submitter: int = 16
    """One submitter's."""
    pending: int = 1000
    """Everybody's together."""


def create_hold(connection: Connection, hold: Hold, nonce: str, caps: Caps) -> HoldSummary:
    """Store a new hold, pending.

    Raises:
        TooManyHolds: As many are pending as may be.
        HoldTooLarge: It shows more than a person could look through.
        SecondHold: The run has one at that gate.
    """
    bundle = written(hold)
    if len(bundle) > MOST_BUNDLE_BYTES:
        text = f"a hold shows at most {MOST_BUNDLE_BYTES} bytes, this one has {len(bundle)}"
        raise HoldTooLarge(text, remedy="have the code change less at once")
    _require_room(connection, hold.submitter, caps)
    try:
        connection.execute(insert(holds).values(_columns(connection, hold, nonce, bundle)))
    except IntegrityError as error:
        text = f"the run {hold.verification_id} has a hold {hold.kind.value} already"
        raise SecondHold(text) from error
    return summary(connection, hold.id)


def bundle_of(connection: Connection, hold_id: str) -> Bundle:
    """Return what approvers get. SECURITY: never for a submitter, the nonce is in it.

    Raises:
        UnknownHold: There is none, or it ended long ago and what it showed was forgotten.
    """
    row = _row(connection, hold_id)
    if not row["bundle"]:
        raise UnknownHold(f"what the hold {hold_id} showed is not kept any more")
    return Bundle(read(Hold, row["bundle"]), row["nonce"])


def status_of(connection: Connection, hold_id: str) -> HoldStatus:
    """Return what became of a hold.

    Raises:
        UnknownHold: There is none.
    """
    row = _row(connection, hold_id)
    return HoldStatus(
        HoldState(row["state"]), row["detail"], row["changed_at"], decisions_of(connection, hold_id)
    )


def summary(connection: Connection, hold_id: str) -> HoldSummary:
    """Return a hold in a line.

    Raises:
        UnknownHold: There is none.
    """
    return _summary(connection, _row(connection, hold_id))


def list_holds(
    connection: Connection,
    states: Collection[HoldState] = (),
    *,
    submitter: str | None = None,
    most: int = MOST_LISTED,
) -> tuple[HoldSummary, ...]:
    """Return holds, those that end first at the top; of the given states, if any are given."""
    query = select(holds).order_by(holds.c.expires_at, holds.c.id).limit(min(most, MOST_LISTED))
    if not states:
        # Of everything that ever was, the last ones.
        query = query.order_by(None).order_by(holds.c.expires_at.desc(), holds.c.id.desc())
    else:
        query = query.where(holds.c.state.in_([state.value for state in states]))
    if submitter is not None:
        query = query.where(holds.c.submitter == submitter)
    rows = connection.execute(query).mappings().all()
    found = tuple(_summary(connection, row) for row in rows)
    return found if states else found[::-1]


def changed_after(
    connection: Connection, sequence: int, most: int = MOST_LISTED
) -> tuple[HoldSummary, ...]:
    """Return the holds that changed after a sequence number, in the order of change."""
    query = select(holds).where(holds.c.sequence > sequence).order_by(holds.c.sequence).limit(most)
    return tuple(_summary(connection, row) for row in connection.execute(query).mappings().all())


def last_sequence(connection: Connection) -> int:
    """Return the sequence number of the last change; 0: there was none."""
    found = connection.execute(select(func.max(holds.c.sequence))).scalar_one()
    return int(found or 0)


def approved_holds(connection: Connection) -> tuple[Hold, ...]:
    """Return the holds that were approved and not used: what a restart goes on with."""
    query = select(holds.c.bundle).where(holds.c.state == HoldState.APPROVED.value)
    return tuple(read(Hold, bundle) for bundle in connection.execute(query).scalars().all())


def due(connection: Connection, now: int) -> tuple[str, ...]:
    """Return the ids of what waits, or was approved and not used, beyond its time."""
    query = select(holds.c.id).where(
        holds.c.state.in_([state.value for state in OPEN]), holds.c.expires_at <= now
    )
    ended = connection.execute(query.order_by(holds.c.expires_at, holds.c.id)).scalars().all()
    return tuple(ended)


def expire(connection: Connection, now: int, only: str = "") -> tuple[HoldSummary, ...]:
    """End what is due, or only one of it, if that is named. Return those holds."""
    ended = [hold_id for hold_id in due(connection, now) if only in {"", hold_id}]
    for hold_id in ended:
        move(connection, hold_id, OPEN, HoldState.EXPIRED, now, "nobody decided in time")
    return tuple(summary(connection, hold_id) for hold_id in ended)


def mark(
    connection: Connection, hold_id: str, state: HoldState, detail: str, now: int
) -> HoldSummary:
    """End an approved hold, used or not, as CONFLICT or FAILED.

    Raises:
        ApprovalError: It is not approved, or the state is another one.
    """
    if state not in {HoldState.CONFLICT, HoldState.FAILED}:
        raise ApprovalError(f"a hold cannot be marked {state.value}")
    sources = {HoldState.APPROVED, HoldState.COMMITTED}
    if not move(connection, hold_id, sources, state, now, detail):
        found = status_of(connection, hold_id).state.value
        raise ApprovalError(f"the hold {hold_id} is {found} and cannot become {state.value}")
    return summary(connection, hold_id)


def move(
    connection: Connection,
    hold_id: str,
    sources: Iterable[HoldState],
    state: HoldState,
    now: int,
    detail: str = "",
) -> bool:
    """Change a hold's state from one of the sources; tell whether it was in one."""
    changes: dict[str, Any] = {
        "state": state.value,
        "detail": detail,
        "changed_at": now,
        "sequence": last_sequence(connection) + 1,
    }
    if state in {HoldState.APPROVED, HoldState.DENIED, HoldState.EXPIRED}:
        changes["decided_at"] = now
    moved = connection.execute(
        update(holds)
        .where(holds.c.id == hold_id, holds.c.state.in_([each.value for each in sources]))
        .values(changes)
    )
    return moved.rowcount == 1


def touch(connection: Connection, hold_id: str, now: int) -> None:
    """Tell watchers of a change that leaves the state as it is, such as one approval of two."""
    connection.execute(
        update(holds)
        .where(holds.c.id == hold_id)
        .values(sequence=last_sequence(connection) + 1, changed_at=now)
    )


def decisions_of(connection: Connection, hold_id: str) -> tuple[RecordedDecision, ...]:
    """Return what people decided, in the order in which it was recorded."""
    query = (
        select(decisions)
        .where(decisions.c.hold_id == hold_id)
        .order_by(decisions.c.at, decisions.c.person)
    )
    return tuple(
        RecordedDecision(
            row["person"],
            row["key_id"],
            ApprovalDecision(row["decision"]),
            row["reason"],
            row["at"],
            row["not_after"],
        )
        for row in connection.execute(query).mappings().all()
    )


def _require_room(connection: Connection, submitter: str, caps: Caps) -> None:
    waiting = select(func.count()).select_from(holds)
    waiting = waiting.where(holds.c.state == HoldState.PENDING.value)
    own = connection.execute(waiting.where(holds.c.submitter == submitter)).scalar_one()
    if own >= caps.pending_of_submitter:
        text = f"{submitter!r} has {own} pending holds, at most {caps.pending_of_submitter} may be"
        raise TooManyHolds(text, remedy="wait until some are decided")
    everybody = connection.execute(waiting).scalar_one()
    if everybody >= caps.pending:
        text = f"{everybody} holds are pending, at most {caps.pending} may be"
        raise TooManyHolds(text, remedy="have approvers decide some")


def _columns(connection: Connection, hold: Hold, nonce: str, bundle: bytes) -> dict[str, Any]:
    return {
        "id": hold.id,
        "kind": hold.kind.value,
        "verification_id": hold.verification_id,
        "workspace": hold.workspace,
        "submitter": hold.submitter,
        "policy": hold.policy,
        "policy_digest": hold.policy_digest,
        "state": HoldState.PENDING.value,
        "detail": "",
        "created_at": hold.created_at,
        "expires_at": hold.expires_at,
        "changed_at": hold.created_at,
        "sequence": last_sequence(connection) + 1,
        "nonce": nonce,
        "bundle": bundle,
        "rules": [rule.id for rule in hold.rules],
        "groups": list(hold.required.groups),
        "quorum": hold.required.quorum,
        "effects": len(hold.weighed),
        "irreversible": sum(each.effect.kind in IRREVERSIBLE for each in hold.weighed),
    }


def _row(connection: Connection, hold_id: str) -> RowMapping:
    row = connection.execute(select(holds).where(holds.c.id == hold_id)).mappings().first()
    if row is None:
        raise UnknownHold(f"there is no hold {hold_id[:80]!r}")
    return row


def _summary(connection: Connection, row: RowMapping) -> HoldSummary:
    approvals = select(func.count()).select_from(decisions)
    approvals = approvals.where(
        decisions.c.hold_id == row["id"],
        decisions.c.decision == ApprovalDecision.APPROVE.value,
    )
    return HoldSummary(
        id=row["id"],
        kind=HoldKind(row["kind"]),
        state=HoldState(row["state"]),
        detail=row["detail"],
        verification_id=row["verification_id"],
        workspace=row["workspace"],
        submitter=row["submitter"],
        policy=row["policy"],
        rules=tuple(row["rules"]),
        groups=tuple(row["groups"]),
        quorum=row["quorum"],
        approvals=connection.execute(approvals).scalar_one(),
        effects=row["effects"],
        irreversible=row["irreversible"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        sequence=row["sequence"],
    )
