"""What is told of a run that had landed, or was held, when its service ended before its verdict.

INVARIANT: what moves a head for a run, or keeps something of it, keeps a draft in the same
transaction; writing the verdict removes it. So no head moves without a verdict that says so.
"""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, Row, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from assize.convert.answers import verdict_from_bytes, verdict_to_bytes
from assize.convert.requests import VerificationRequest, request_from_bytes, request_to_bytes
from assize.model.verdict import Verdict
from assize_server.execution.job import Job
from assize_server.landing.requests import as_asked
from assize_server.ledger.tables import drafts

CUT_OFF: Final = "; the service ended before it wrote how each check went"
_IS_OF: Final = drafts.c.verification_id == bindparam("of")
_FIND: Final = select(drafts).where(_IS_OF)
_FORGET: Final = delete(drafts).where(_IS_OF)


@dataclass(frozen=True, slots=True)
class Draft:
    """A verdict without what only the end of the run would have told."""

    submitter: str
    request: VerificationRequest
    verdict: Verdict
    released_by: str
    time_ms: int


def keep(connection: Connection, job: Job, verdict: Verdict, time_ms: int) -> None:
    """Keep a draft until the verdict is written."""
    values = {
        "verification_id": job.id,
        "submitter": job.submitter,
        "request": request_to_bytes(as_asked(job)),
        "verdict": verdict_to_bytes(replace(verdict, message=verdict.message + CUT_OFF)),
        "released_by": job.released_by,
        "time_ms": time_ms,
    }
    made = upsert(drafts).values(values)
    renewed = made.on_conflict_do_update(index_elements=["verification_id"], set_=values)
    connection.execute(renewed)


def find(connection: Connection, verification_id: str) -> Draft | None:
    """Return the draft of a verification; None where there is none."""
    row = connection.execute(_FIND, {"of": verification_id}).one_or_none()
    return None if row is None else _draft(row)


def left(connection: Connection) -> tuple[str, ...]:
    """Return the verifications whose verdict was never written."""
    rows = connection.execute(select(drafts.c.verification_id).order_by(drafts.c.time_ms))
    return tuple(rows.scalars())


def forget(connection: Connection, verification_id: str) -> None:
    """Forget a draft: the verdict is written."""
    connection.execute(_FORGET, {"of": verification_id})


def _draft(row: "Row[tuple[str, str, bytes, bytes, str, int]]") -> Draft:
    return Draft(
        row.submitter,
        request_from_bytes(row.request),
        verdict_from_bytes(row.verdict),
        row.released_by,
        row.time_ms,
    )
