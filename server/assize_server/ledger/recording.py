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
from assize.model.approvals import HoldState
from assize.model.callers import SERVICE
from assize.model.spec import Spec
from assize.model.submission import Submission
from assize.model.verdict import Status, Verdict
from assize_sandbox.errors import SandboxError
from assize_server.approvals import holds
from assize_server.attestation.keys import ServiceKeys
from assize_server.attestation.statements import Circumstances, attest
from assize_server.audit.log import append
from assize_server.audit.records import record_admission, record_verdict, submitter
from assize_server.execution.job import Emit, Executor, IdReused, Job, could_not_tell
from assize_server.landing import entries, records
from assize_server.landing.requests import as_asked
from assize_server.ledger import drafts, verdicts
from assize_server.ledger.drafts import Draft
from assize_server.store.database import Database
from assize_server.workspaces.steps import step

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
    ) -> Verdict:
        """Write a verdict as its submitter is told it, begun and ended at these times; return it.

        What became of a hold meanwhile is on it.
        """
        if verdict.status is Status.HELD and verdict.hold is not None:
            settlement = verdicts.take_settlement(connection, verdict.hold.hold_id)
            verdict = verdict if settlement is None else settlement.of(verdict)
        drafts.forget(connection, verdict.verification_id)
        verdicts.record(connection, submitter, digest_of(request), verdict, times_ms[1])
        statement = self._statement(request.submission, request.spec, verdict, times_ms)
        record_verdict(connection, verdict, statement, SERVICE, times_ms[1])
        step("verdict written, not committed")
        return verdict

    def record_left(self, connection: Connection, draft: Draft, now_ms: int) -> Verdict:
        """Write the verdict of a run that was cut off when it had landed, or was held."""
        if draft.released_by:
            records.forget(connection, draft.released_by)
        times_ms = draft.time_ms, max(draft.time_ms, now_ms)
        return self.record(connection, draft.submitter, draft.request, draft.verdict, times_ms)

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
        if found[0] != digest_of(as_asked(job)):
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
            step("admission written")
            verdict = await self._judged(job, emit)
            step("judged")
            # Whoever gives up waiting now finds the verdict under its request id.
            return await asyncio.shield(
                self._database.write(
                    lambda connection: self._ended(connection, job, verdict, started_ms)
                )
            )
        except (SandboxError, SQLAlchemyError) as error:
            _log.error("run_not_written_down", job=job.id, error=str(error))
            return could_not_tell(job, "the run could not be written down; nobody may rely on it")

    async def _judged(self, job: Job, emit: Emit) -> Verdict:
        try:
            return await self._inner.run(job, emit)
        except asyncio.CancelledError:
            await asyncio.shield(self._database.write(partial(self._left, job)))
            raise

    def _ended(
        self, connection: Connection, job: Job, verdict: Verdict, started_ms: int
    ) -> Verdict:
        now_ms = self._now_ms()
        draft = drafts.find(connection, job.id)
        if draft is not None and verdict.status is Status.INFRA_ERROR:
            # It was given up on while it landed, and landed all the same.
            return self._ledger.record_left(connection, draft, now_ms)
        if job.released_by:
            records.forget(connection, job.released_by)
        times_ms = started_ms, max(started_ms, now_ms)
        return self._ledger.record(connection, job.submitter, as_asked(job), verdict, times_ms)

    def _left(self, job: Job, connection: Connection) -> None:
        """Say how a run ended that was stopped: it may have landed by then."""
        now_ms = self._now_ms()
        draft = drafts.find(connection, job.id)
        if draft is not None:
            self._ledger.record_left(connection, draft, now_ms)
        elif job.released_by:
            self._unreleased(connection, job, now_ms)
        else:
            subject = {"verification_id": job.id, "policy": job.policy.name}
            digests = {"policy": job.policy.digest}
            entry = Entry(EntryKind.VERDICT, now_ms, SERVICE, subject, digests, {}, "CANCELLED")
            append(connection, entry)

    def _unreleased(self, connection: Connection, job: Job, now_ms: int) -> None:
        """End the hold and the verdict of a run that was started and stopped; it is not again."""
        text = "the run was stopped"
        hold = holds.bundle_of(connection, job.released_by).hold
        holds.mark(connection, hold.id, HoldState.FAILED, text, now_ms // 1000)
        append(connection, entries.of_hold(EntryKind.DISCARD, hold, now_ms, "FAILED"))
        records.forget(connection, hold.id)
        verdict = could_not_tell(job, text)
        self._ledger.record(connection, job.submitter, as_asked(job), verdict, (now_ms, now_ms))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def digest_of(request: VerificationRequest) -> str:
    """Return the SHA-256, in hex, of a request. What is pinned for it is no part of it."""
    return hashlib.sha256(request_to_bytes(request)).hexdigest()
