"""Keeps signed statements: plain functions, inside the transaction of whoever calls them."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from assize_server.attestation.tables import attestations

RETENTION_MILLISECONDS: Final = 90 * 24 * 60 * 60 * 1000
"""How long a statement is kept."""
_ADD: Final = insert(attestations)
_KEEP: Final = _ADD.on_conflict_do_update(
    index_elements=["verification_id"],
    set_={name: _ADD.excluded[name] for name in ("envelope", "made_ms")},
)
_FORGET: Final = delete(attestations).where(attestations.c.made_ms < bindparam("before"))


def keep(
    connection: Connection,
    verification_id: str,
    envelope: bytes,
    now_ms: int,
    retention_ms: int = RETENTION_MILLISECONDS,
) -> None:
    """Keep a statement, and forget those that are too old.

    That of a run that was held gives way to the one given after it.
    """
    forget(connection, now_ms - retention_ms)
    row = {"verification_id": verification_id, "envelope": envelope, "made_ms": now_ms}
    connection.execute(_KEEP, row)


def kept(connection: Connection, verification_id: str) -> bytes | None:
    """Return the statement of a verification, or None."""
    return connection.execute(
        select(attestations.c.envelope).where(attestations.c.verification_id == verification_id)
    ).scalar_one_or_none()


def forget(connection: Connection, before_ms: int) -> int:
    """Remove statements that were made before, and return how many that were."""
    return connection.execute(_FORGET, {"before": before_ms}).rowcount
