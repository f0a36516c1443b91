"""A bounded queue in front of one executor on this host."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from assize.model.events import Admitted, Event
from assize.model.verdict import Verdict
from assize_server.execution.job import (
    Draining,
    Executor,
    IdReused,
    Job,
    JobId,
    Saturated,
    UnknownJob,
    could_not_tell,
)

REMEMBERED_JOBS: Final = 256
"""Finished jobs whose verdict can still be watched, so that a repeated request id finds it."""
REMEMBERED_BYTES: Final = 128 * 1024 * 1024
"""What they take, together: beyond it fewer jobs are, and a `recall` answers for the others."""
TOLD_BYTES: Final = 8 * 1024
"""What a verdict may say of one check or effect: some texts, a difference."""
REMEMBERED_LEAST: Final = 8
"""Jobs that are remembered however long they are: somebody may be about to watch them."""
EVENTS_MOST: Final = 1000
"""Hints kept of one job; beyond it only the verdict is."""

_log = structlog.get_logger(__name__)


Recall = Callable[[Job], Awaitable[Verdict | None]]
"""Finds the verdict that the very same request got before; raises `IdReused`."""


@dataclass(slots=True)
class _Record:
    job: Job
    events: list[Event] = field(default_factory=list)
    verdict: Verdict | None = None
    task: asyncio.Task[Verdict] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: bool = False
    """It was cancelled and still has containers."""

    @classmethod
    def of(cls, job: Job) -> "_Record":
        return cls(job, [Admitted(job.id, job.policy.name, job.policy.digest)])

    @property
    def most_bytes(self) -> int:
        """About what it takes at most: the request, and what is told of it."""
        verdict = self.verdict
        told = 0 if verdict is None else len(verdict.checks) + len(verdict.effects)
        return self.job.request_bytes + told * TOLD_BYTES

    def tell(self) -> None:
        """Wake everybody who watches. All of this happens on one event loop."""
        self.changed.set()
        self.changed = asyncio.Event()


class LocalDispatcher:
    """Runs at most `concurrency` jobs at once and lets `waiting` more queue."""

    def __init__(
        self,
        executor: Executor,
        *,
        concurrency: int,
        waiting: int,
        has_room: Callable[[Job], bool] = lambda _job: True,
        recall: Recall | None = None,
    ) -> None:
        """Run jobs; `recall` finds the verdicts of those that ended before this process began."""
        self._recall = recall
        self._executor = executor
        self._slots = asyncio.Semaphore(concurrency)
        self._most = concurrency + waiting
        self._has_room = has_room
        self._live: dict[JobId, _Record] = {}
        self._finished: OrderedDict[JobId, _Record] = OrderedDict()
        self._draining = False

    async def submit(self, job: Job) -> None:
        """Queue a job. Idempotent by id; a job of that id that is being cancelled is waited for."""
        await self._until_gone(job.id)
        if self._is_known(job) and not self._may_be_settled(job.id):
            return
        verdict = None if self._recall is None else await self._recall(job)
        # Others may have come while we asked.
        if self._is_known(job) and not (verdict and self._may_be_settled(job.id)):
            return
        if verdict is not None:
            self._remember(_Record(job, _Record.of(job).events, verdict))
            return
        self._start(job)

    def _may_be_settled(self, job_id: JobId) -> bool:
        """Tell whether a finished job was held: what became of that is in the ledger."""
        known = self._finished.get(job_id)
        return known is not None and known.verdict is not None and known.verdict.hold is not None

    def _is_known(self, job: Job) -> bool:
        known = self._live.get(job.id) or self._finished.get(job.id)
        if known is not None and known.job != job:
            raise IdReused(f"{job.id} was given to another verification")
        return known is not None

    def _start(self, job: Job) -> None:
        self._refuse_if_unable(job)
        record = _Record.of(job)
        self._live[job.id] = record
        record.task = asyncio.create_task(self._carry_out(record), name=f"job-{job.id}")
        record.task.add_done_callback(lambda task: self._settle(record, task))

    async def resubmit(self, job: Job) -> None:
        """Take a job that was held before anything of it ran, now that a person has agreed.

        Raises:
            Saturated: The queue is full or the host is short of memory.
            Draining: The service is shutting down.
            IdReused: A run of that id is under way.
        """
        if job.id in self._live:
            raise IdReused(f"{job.id} is under way")
        self._finished.pop(job.id, None)
        self._start(job)

    async def _until_gone(self, job_id: JobId) -> None:
        while (record := self._live.get(job_id)) is not None and record.leaving:
            if record.task is not None:
                await asyncio.wait([record.task])

    def _refuse_if_unable(self, job: Job) -> None:
        if self._draining:
            raise Draining("the service is shutting down; send this to another one")
        if len(self._live) >= self._most:
            raise Saturated(
                f"{len(self._live)} verifications run or wait, the limit is {self._most}",
                retry_seconds=1.0,
            )
        if not self._has_room(job):
            raise Saturated(
                f"the host has no room for {job.limits.shape.memory_bytes} bytes of memory",
                retry_seconds=2.0,
            )

    async def cancel(self, job_id: JobId) -> None:
        """Stop a live job and wait until its containers are dead."""
        record = self._live.get(job_id)
        if record is None or record.task is None:
            return
        record.leaving = True
        record.task.cancel()
        await asyncio.wait([record.task])

    async def watch(self, job_id: JobId, after: int = 0) -> AsyncGenerator[tuple[int, Event]]:
        """Yield the events of a job, numbered from 1, until its verdict."""
        record = self._live.get(job_id) or self._finished.get(job_id)
        if record is None:
            raise UnknownJob(f"there is no verification {job_id}")
        position = after
        while True:
            while position < len(record.events):
                position += 1
                yield position, record.events[position - 1]
            if record.verdict is not None:
                yield position + 1, record.verdict
                return
            await record.changed.wait()

    def stop_admitting(self) -> None:
        """Refuse new jobs from now on; the live ones go on."""
        self._draining = True

    async def drain(self, grace_seconds: float) -> None:
        """Take no new jobs, let the live ones end, cancel what is left after the grace."""
        self.stop_admitting()
        tasks = [record.task for record in self._live.values() if record.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _carry_out(self, record: _Record) -> Verdict:
        def emit(event: Event) -> None:
            if len(record.events) < EVENTS_MOST:
                record.events.append(event)
                record.tell()

        async with self._slots:
            return await self._executor.run(record.job, emit)

    def _settle(self, record: _Record, task: asyncio.Task[Verdict]) -> None:
        """Record how a job ended. A done callback, since a task may be cancelled unstarted."""
        del self._live[record.job.id]
        if task.cancelled():
            # Forgotten, not remembered: its request id may be tried again.
            record.verdict = could_not_tell(record.job, "the verification was cancelled")
        elif (error := task.exception()) is not None:
            # The executor promises not to raise; if it does, that says nothing about the code.
            _log.error("executor_failed", job=record.job.id, exc_info=error)
            record.verdict = could_not_tell(record.job, "the service failed; see its log")
            self._remember(record)
        else:
            record.verdict = task.result()
            self._remember(record)
        record.tell()

    def _remember(self, record: _Record) -> None:
        self._finished[record.job.id] = record
        while self._remembers_too_much():
            self._finished.popitem(last=False)

    def _remembers_too_much(self) -> bool:
        if len(self._finished) <= REMEMBERED_LEAST:
            return len(self._finished) > REMEMBERED_JOBS
        total_bytes = sum(record.most_bytes for record in self._finished.values())
        return len(self._finished) > REMEMBERED_JOBS or total_bytes > REMEMBERED_BYTES
