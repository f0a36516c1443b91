"""Grants in the store. Every function runs inside the caller's transaction; times are passed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from assize.approvals.documents import read, written
from assize.approvals.refusals import RefusalCode, Refused
from assize.model.approvals import Grant, GrantRecord, RequiredApproval
from assize.model.effects import WeighedEffect
from assize_server.approvals.errors import GrantExhausted, UnknownGrant
from assize_server.approvals.tables import grant_uses, grants
from assize_server.core.approvers import Approvers
from assize_server.core.grants import count_of, covering, granted

MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class GrantUse:
    """A run that a grant let through."""

    grant_id: str
    verification_id: str
    subject: str
    """The effect set's digest."""
    effects: int
    """How many, rows counted each."""
    at: int


def add_grant(
    connection: Connection,
    envelope: bytes,
    approvers: Approvers,
    *,
    audience: str,
    submitted_by: str,
    now: int,
) -> GrantRecord:
    """Verify a signed grant and store it.

    Raises:
        Refused: It may not be given, or was given before.
    """
    record = granted(envelope, approvers, audience, now)
    values = {
        "id": record.id,
        "nonce": record.grant.nonce,
        "person": record.person,
        "key_id": record.key_id,
        "workspace": record.grant.workspace,
        "not_after": record.grant.not_after,
        "used": 0,
        "revoked_at": 0,
        "revoked_by": "",
        "submitted_by": submitted_by,
        "document": written(record.grant),
        "envelope": envelope,
    }
    try:
        connection.execute(insert(grants).values(values))
    except IntegrityError as error:
        text = "this grant was given before; sign another one"
        raise Refused(RefusalCode.ALREADY_RECORDED, text) from error
    return record


def get_grant(connection: Connection, grant_id: str) -> GrantRecord:
    """Return a grant.

    Raises:
        UnknownGrant: There is none of that id.
    """
    row = connection.execute(select(grants).where(grants.c.id == grant_id)).mappings().first()
    if row is None:
        raise UnknownGrant(f"there is no grant {grant_id[:80]!r}")
    return _record(row)


def list_grants(connection: Connection, *, active_at: int | None = None) -> tuple[GrantRecord, ...]:
    """Return grants, those that end last at the top; of those that are active then, if given."""
    query = select(grants).order_by(grants.c.not_after.desc(), grants.c.id).limit(MOST_LISTED)
    if active_at is not None:
        query = query.where(grants.c.not_after > active_at, grants.c.revoked_at == 0)
    return tuple(_record(row) for row in connection.execute(query).mappings().all())


def revoke_grant(
    connection: Connection, grant_id: str, *, revoked_by: str, now: int
) -> GrantRecord:
    """End a grant. Idempotent; the first who did it stays recorded.

    Raises:
        UnknownGrant: There is none of that id.
    """
    connection.execute(
        update(grants)
        .where(grants.c.id == grant_id, grants.c.revoked_at == 0)
        .values(revoked_at=now, revoked_by=revoked_by)
    )
    return get_grant(connection, grant_id)


def use_grants(
    connection: Connection,
    approvers: Approvers,
    weighed: Sequence[WeighedEffect],
    required: RequiredApproval,
    *,
    verification_id: str,
    submitter: str,
    workspace: str,
    policy_digest: str,
    subject: str,
    now: int,
) -> tuple[GrantUse, ...]:
    """Let a run through by grants if they reach, counting the use. None: hold it.

    Call it in the transaction that commits: what raises there gives the use back.

    Raises:
        GrantExhausted: The run has used the grant before.
    """
    active = select(grants).where(grants.c.workspace == workspace, grants.c.not_after > now)
    rows = connection.execute(active.order_by(grants.c.not_after, grants.c.id)).mappings().all()
    chosen = covering(
        [_record(row) for row in rows],
        weighed,
        required,
        approvers,
        submitter=submitter,
        workspace=workspace,
        policy_digest=policy_digest,
        now=now,
    )
    effects = count_of(weighed)
    uses = tuple(GrantUse(each.id, verification_id, subject, effects, now) for each in chosen)
    for record, use in zip(chosen, uses, strict=True):
        _count(connection, record, use)
    return uses


def uses_of(connection: Connection, grant_id: str) -> tuple[GrantUse, ...]:
    """Return what a grant let through, in order of time."""
    query = select(grant_uses).where(grant_uses.c.grant_id == grant_id).order_by(grant_uses.c.at)
    return tuple(
        GrantUse(row["grant_id"], row["verification_id"], row["subject"], row["effects"], row["at"])
        for row in connection.execute(query).mappings().all()
    )


def _count(connection: Connection, record: GrantRecord, use: GrantUse) -> None:
    """Count a use; the condition holds even if somebody else wrote since the grant was read."""
    counted = connection.execute(
        update(grants)
        .where(
            grants.c.id == record.id,
            grants.c.revoked_at == 0,
            grants.c.used + use.effects <= record.grant.most_effects,
        )
        .values(used=grants.c.used + use.effects)
    )
    if counted.rowcount != 1:
        raise GrantExhausted(f"the grant {record.id} does not reach any more")
    values = {
        "grant_id": use.grant_id,
        "verification_id": use.verification_id,
        "subject": use.subject,
        "effects": use.effects,
        "at": use.at,
    }
    try:
        connection.execute(insert(grant_uses).values(values))
    except IntegrityError as error:
        text = f"the run {use.verification_id} has used the grant {use.grant_id} before"
        raise GrantExhausted(text) from error


def _record(row: RowMapping) -> GrantRecord:
    return GrantRecord(
        id=row["id"],
        grant=read(Grant, row["document"]),
        person=row["person"],
        key_id=row["key_id"],
        used=row["used"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
    )
