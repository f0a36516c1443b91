"""Writes down each run: that it was admitted, before anything of it begins, and how it ended.

A verdict is given once it is written: who hears of one can find it again, in the ledger, in the
audit log and as a signed statement. If it cannot be written, nobody could tell.
"""

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from assize.audit.entries import Entry, EntryKind
from assize.convert.requests import VerificationRequest, request_to_bytes
from assize.model.callers import SERVICE
from assize.model.spec import Spec
from assize.model.submission import Submission
from assize.model.verdict import Status, Verdict
from assize_sandbox.errors import SandboxError
from assize_server.attestation.keys import ServiceKeys
from assize_server.attestation.statements import Circumstances, attest
from assize_server.audit.log import append
from assize_server.audit.records import record_admission, record_verdict
from assize_server.execution.job import Emit, Executor, IdReused, Job, could_not_tell
from assize_server.landing import records
from assize_server.landing.entries import submitter
from assize_server.landing.requests import asked_again
from assize_server.ledger import verdicts
from assize_server.store.database import Database

_log = structlog.get_logger(__name__)


class Ledger:
    """Where verdicts are written, with the statements that the service signs of them."""

    def __init__(self, keys: ServiceKeys) -> None:
        self._keys = keys

    def record(
        self,
        connection: Connection,
        submitter: str,
        request: VerificationRequest,
        verdict: Verdict,
        times_ms: tuple[int, int],
    ) -> None:
        """Write a verdict as its submitter is told it, begun and ended at these times."""
        if verdict.status is Status.HELD and verdict.hold is not None:
            settlement = verdicts.take_settlement(connection, verdict.hold.hold_id)
            verdict = verdict if settlement is None else settlement.of(verdict)
        verdicts.record(connection, submitter, digest_of(request), verdict, times_ms[1])
        statement = self._statement(request.submission, request.spec, verdict, times_ms)
        record_verdict(connection, verdict, statement, SERVICE, times_ms[1])

    def _statement(
        self, submission: Submission, spec: Spec, verdict: Verdict, times_ms: tuple[int, int]
    ) -> bytes:
        digests = {}
        if verdict.workspace is not None:
            digests = {
                "effects": verdict.workspace.effects_digest,
                "base_snapshot": verdict.workspace.base,
                "result_snapshot": verdict.workspace.result,
            }
        return attest(verdict, submission, spec, Circumstances(*times_ms, digests), self._keys)


class Recall:
    """Finds verdicts that were given before, also before a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, job: Job) -> Verdict | None:
        """Return the verdict that the very same request got; None where it was never judged.

        Raises:
            IdReused: The id was given to another request.
        """
        if not job.request_id:
            return None
        found = await self._database.read(lambda connection: verdicts.recall(connection, job.id))
        if found is None:
            return None
        if found[0] != digest_of(request_of(job)):
            raise IdReused(f"{job.id} was given to another verification")
        return found[1]


class RecordingExecutor:
    """Another executor, with every run written down."""

    def __init__(
        self, inner: Executor, database: Database, ledger: Ledger, clock: Callable[[], float]
    ) -> None:
        self._inner = inner
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def run(self, job: Job, emit: Emit) -> Verdict:
        """Judge one job, and write down that it began and how it ended."""
        started_ms = self._now_ms()
        try:
            await self._database.write(
                lambda connection: record_admission(
                    connection, job, submitter(job.submitter), started_ms
                )
            )
            verdict = await self._judged(job, emit)
            await self._database.write(
                lambda connection: self._ended(connection, job, verdict, started_ms)
            )
        except (SandboxError, SQLAlchemyError) as error:
            _log.error("run_not_written_down", job=job.id, error=str(error))
            return could_not_tell(job, "the run could not be written down; nobody may rely on it")
        return verdict

    async def _judged(self, job: Job, emit: Emit) -> Verdict:
        try:
            return await self._inner.run(job, emit)
        except asyncio.CancelledError:
            await asyncio.shield(self._database.write(partial(self._left, job)))
            raise

    def _ended(self, connection: Connection, job: Job, verdict: Verdict, started_ms: int) -> None:
        now_ms = self._now_ms()
        times_ms = started_ms, max(started_ms, now_ms)
        self._ledger.record(connection, job.submitter, request_of(job), verdict, times_ms)
        if job.released_by:
            records.forget(connection, job.released_by)

    def _left(self, job: Job, connection: Connection) -> None:
        subject = {"verification_id": job.id, "policy": job.policy.name}
        digests = {"policy": job.policy.digest}
        entry = Entry(EntryKind.VERDICT, self._now_ms(), SERVICE, subject, digests, {}, "CANCELLED")
        append(connection, entry)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def request_of(job: Job) -> VerificationRequest:
    """Return what was asked, as far as it makes a request another one."""
    return VerificationRequest(
        job.submission,
        job.spec,
        job.policy.name,
        asked_again(job.limits),
        job.request_id,
        None if job.workspace is None else job.workspace.use,
    )


def digest_of(request: VerificationRequest) -> str:
    """Return the SHA-256, in hex, of a request. What is pinned for it is no part of it."""
    return hashlib.sha256(request_to_bytes(request)).hexdigest()
