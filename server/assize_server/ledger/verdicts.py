"""Verdicts in the store. Each function runs in the caller's transaction; times are passed in."""

from typing import Final

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from assize.convert.answers import verdict_from_bytes, verdict_to_bytes
from assize.model.verdict import Reason, Status, Verdict
from assize_server.ledger.settlement import Settlement
from assize_server.ledger.tables import settlements, verdicts

KEPT_MOST: Final = 100_000
"""Verdicts that are remembered; the audit log remembers that there were others."""
KEPT_MOST_BYTES: Final = 4 * 1024**3
"""And theirs together: who asks for long ones fills no disk."""
AT_ONCE: Final = 500
_ADD: Final = upsert(verdicts)
_RECORD: Final = _ADD.on_conflict_do_update(
    index_elements=["verification_id"],
    set_={name: _ADD.excluded[name] for name in ("status", "verdict", "time_ms")},
)


def record(
    connection: Connection, submitter: str, request: str, verdict: Verdict, time_ms: int
) -> None:
    """Remember a verdict on a request, by its digest.

    One that was given before an approval gives way to the one given after it.
    """
    values = {
        "verification_id": verdict.verification_id,
        "submitter": submitter,
        "request": request,
        "status": verdict.status.value,
        "verdict": verdict_to_bytes(verdict),
        "time_ms": time_ms,
    }
    connection.execute(_RECORD, values)


def find(connection: Connection, verification_id: str) -> tuple[str, Verdict] | None:
    """Return who submitted a verification, and its verdict; None where there is none."""
    row = connection.execute(
        select(verdicts.c.submitter, verdicts.c.verdict).where(
            verdicts.c.verification_id == verification_id
        )
    ).one_or_none()
    return None if row is None else (row.submitter, verdict_from_bytes(row.verdict))


def recall(connection: Connection, verification_id: str) -> tuple[str, Verdict] | None:
    """Return the digest of what was asked under an id, and its verdict; None where nothing was."""
    row = connection.execute(
        select(verdicts.c.request, verdicts.c.verdict).where(
            verdicts.c.verification_id == verification_id
        )
    ).one_or_none()
    return None if row is None else (row.request, verdict_from_bytes(row.verdict))


def trim(connection: Connection, most: int = KEPT_MOST, most_bytes: int = KEPT_MOST_BYTES) -> int:
    """Forget the oldest verdicts beyond so many, or so many bytes; return how many.

    Those that wait for a person stay: they are still to be brought up to date.
    """
    size_bytes = func.length(verdicts.c.verdict)
    ended = select(verdicts.c.verification_id, size_bytes).where(
        verdicts.c.status != Status.HELD.value
    )
    newest = ended.order_by(verdicts.c.time_ms.desc(), verdicts.c.verification_id)
    gone, total_bytes = list[str](), 0
    for number, (verification_id, size) in enumerate(connection.execute(newest).all()):
        total_bytes += size
        if number >= most or total_bytes > most_bytes:
            gone.append(verification_id)
    for start in range(0, len(gone), AT_ONCE):
        part = gone[start : start + AT_ONCE]
        connection.execute(delete(verdicts).where(verdicts.c.verification_id.in_(part)))
    return len(gone)


def keep_settlement(connection: Connection, hold_id: str, settlement: Settlement) -> None:
    """Keep how a held verification ended until its verdict is written."""
    connection.execute(
        insert(settlements).values(
            hold_id=hold_id,
            status=settlement.status.value,
            reason="" if settlement.reason is None else settlement.reason.value,
            message=settlement.message,
        )
    )


def take_settlement(connection: Connection, hold_id: str) -> Settlement | None:
    """Return and forget how a held verification ended; None where it waits."""
    row = connection.execute(
        select(settlements).where(settlements.c.hold_id == hold_id)
    ).one_or_none()
    if row is None:
        return None
    connection.execute(delete(settlements).where(settlements.c.hold_id == hold_id))
    reason = Reason(row.reason) if row.reason else None
    return Settlement(Status(row.status), reason, row.message)
