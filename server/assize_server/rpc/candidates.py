"""`assize.v1.CandidateService`: several candidates by one spec, and pass@k.

Every run is a job of its own, with the dispatcher's limits; a few are under way at once, so that
one large request does not fill the queue. A job that finds the queue full never started, and is
submitted again after the time that the dispatcher names.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from assize.convert.candidates import candidates_event_to_proto
from assize.errors import FieldViolation
from assize.model.candidates import CandidatesEvent, CandidateVerdict
from assize.model.verdict import Isolation, Status, Verdict
from assize.v1 import candidates_pb2, candidates_pb2_grpc, submission_pb2, verification_pb2
from assize_server.core.pass_at_k import summary
from assize_server.execution.job import Dispatcher, Draining, Job, Saturated
from assize_server.policies.load import PolicySet
from assize_server.rpc.admission import Refused, UnknownPolicy, admit, job_id
from assize_server.rpc.attendance import Attendance
from assize_server.rpc.callers import Caller, nobody_special
from assize_server.rpc.refusal import refuse_fields, refuse_for_room, refuse_policy

MOST_CANDIDATES: Final = 256
MOST_RUNS: Final = 1024
"""Candidates times repetitions."""
AT_ONCE: Final = 4
"""Runs of one request under way at the same time."""


@dataclass(frozen=True, slots=True)
class _Run:
    candidate: int
    repetition: int
    job: Job


class CandidateService(candidates_pb2_grpc.CandidateServiceServicer):
    """Judges several candidates. A caller that leaves takes its jobs along."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        policies: PolicySet,
        *,
        isolation: Isolation | None = None,
        caller: Caller = nobody_special,
    ) -> None:
        self._isolation = isolation
        self._caller = caller
        self._attendance = Attendance(dispatcher)
        self._policies = policies

    async def VerifyCandidates(  # noqa: N802 - the name is the API's
        self, request: candidates_pb2.VerifyCandidatesRequest, context: Any
    ) -> AsyncIterator[candidates_pb2.VerifyCandidatesResponse]:
        """Answer with each verdict as it comes, the summary last."""
        same_as = duplicates_of(request.candidates)
        runs = await self._admit(request, same_as, context)
        try:
            async with aclosing(self._judge(runs, same_as, tuple(request.k))) as events:
                async for event in events:
                    yield candidates_event_to_proto(event)
        except Draining as error:
            await refuse_for_room(context, error)

    async def _admit(
        self,
        request: candidates_pb2.VerifyCandidatesRequest,
        same_as: Sequence[int | None],
        context: Any,
    ) -> list[_Run]:
        if violations := bounds_kept(request):
            await refuse_fields(context, violations)
        runs: list[_Run] = []
        # All are judged by the same policies, whatever is read anew meanwhile.
        policies = self._policies.snapshot()
        for index, candidate in enumerate(request.candidates):
            if same_as[index] is not None:
                continue
            job = await self._admit_one(request, index, candidate, policies, context)
            # What is the same in all is kept once: a thousand copies of a spec take gigabytes.
            job = replace(job, spec=runs[0].job.spec if runs else job.spec)
            for repetition in range(max(1, request.repetitions)):
                own = replace(job, id=job_id(job.submitter, ""))
                runs.append(_Run(index, repetition, own))
            # Others are answered in between.
            await asyncio.sleep(0)
        return runs

    async def _admit_one(
        self,
        request: candidates_pb2.VerifyCandidatesRequest,
        index: int,
        candidate: submission_pb2.Submission,
        policies: PolicySet,
        context: Any,
    ) -> Job:
        try:
            return await admit(
                single(request, candidate),
                policies,
                isolation=self._isolation,
                submitter=self._caller(),
            )
        except Refused as refused:
            await refuse_fields(context, renamed(refused, index), refused.reason)
        except UnknownPolicy as error:
            await refuse_policy(context, error)

    async def _judge(
        self, runs: Sequence[_Run], same_as: Sequence[int | None], k: Sequence[int]
    ) -> AsyncGenerator[CandidatesEvent]:
        statuses: list[list[Status]] = [[] for _ in same_as]
        slots = asyncio.Semaphore(AT_ONCE)
        tasks = [asyncio.create_task(self._verdict(run, slots)) for run in runs]
        try:
            for done in asyncio.as_completed(tasks):
                run, verdict = await done
                for index in (run.candidate, *copies(run.candidate, same_as)):
                    statuses[index].append(verdict.status)
                    yield CandidateVerdict(index, run.repetition, verdict, same_as[index])
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
        yield summary(statuses, len(same_as) - list(same_as).count(None), k)

    async def _verdict(self, run: _Run, slots: asyncio.Semaphore) -> tuple[_Run, Verdict]:
        async with slots:
            while True:
                try:
                    return run, await self._attended(run.job)
                except Saturated as error:
                    # It never started: no code is run twice.
                    await asyncio.sleep(error.retry_seconds)

    async def _attended(self, job: Job) -> Verdict:
        async with self._attendance.attend(job) as events:
            async for _, event in events:
                if isinstance(event, Verdict):
                    return event
        raise AssertionError("a job ends with its verdict")


def duplicates_of(candidates: Sequence[submission_pb2.Submission]) -> list[int | None]:
    """Return for each candidate the first one that is the same, None where there is none."""
    first: dict[bytes, int] = {}
    found: list[int | None] = []
    for index, candidate in enumerate(candidates):
        known = first.setdefault(candidate.SerializeToString(deterministic=True), index)
        found.append(None if known == index else known)
    return found


def copies(candidate: int, same_as: Sequence[int | None]) -> list[int]:
    """Return the later candidates that are the same as this one."""
    return [index for index, known in enumerate(same_as) if known == candidate]


def single(
    request: candidates_pb2.VerifyCandidatesRequest, candidate: submission_pb2.Submission
) -> verification_pb2.VerifyRequest:
    """Return the request for one candidate by itself."""
    return verification_pb2.VerifyRequest(
        submission=candidate, spec=request.spec, policy=request.policy, limits=request.limits
    )


def bounds_kept(request: candidates_pb2.VerifyCandidatesRequest) -> list[FieldViolation]:
    """Return what is wrong with the numbers of a request."""
    count, repetitions = len(request.candidates), max(1, request.repetitions)
    found = []
    if not 1 <= count <= MOST_CANDIDATES:
        text = f"between 1 and {MOST_CANDIDATES} are taken, got {count}"
        found.append(FieldViolation("candidates", text))
    if request.repetitions < 0 or count * repetitions > MOST_RUNS:
        text = f"at least 0, and at most {MOST_RUNS} runs in all, got {request.repetitions}"
        found.append(FieldViolation("repetitions", text))
    for index, k in enumerate(request.k):
        if not 1 <= k <= count:
            text = f"between 1 and the number of candidates ({count}), got {k}"
            found.append(FieldViolation(f"k[{index}]", text))
    return found


def renamed(refused: Refused, candidate: int) -> list[FieldViolation]:
    """Return the violations of one candidate under its name in this request."""
    return [
        FieldViolation(
            violation.field.replace("submission", f"candidates[{candidate}]", 1),
            violation.description,
        )
        for violation in refused.violations
    ]
