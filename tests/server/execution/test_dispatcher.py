"""The queue in front of an executor: order, ends, ids, and what it remembers."""

import asyncio
from collections import defaultdict
from contextlib import aclosing
from dataclasses import replace

import pytest
from support.service import PATIENCE_SECONDS, POLICIES, SPEC, submitted

from assize.model.events import Admitted, Event, OutputChunk
from assize.model.verdict import Status, Verdict
from assize_server.execution import dispatcher as dispatcher_module
from assize_server.execution.dispatcher import EVENTS_MOST, LocalDispatcher
from assize_server.execution.job import (
    Draining,
    Emit,
    IdReused,
    Job,
    JobId,
    Saturated,
    UnknownJob,
    could_not_tell,
)
from assize_server.policies.load import load_directory

POLICY = load_directory(POLICIES)["default"]


def job(name: str, request_id: str = "") -> Job:
    """Return a job of this id."""
    return Job(JobId(name), submitted(), SPEC, POLICY, POLICY.limits, request_id)


class StubExecutor:
    """Runs each job until it is let go, and notes how it went."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.entered: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.dying = asyncio.Event()
        """Closed: a cancelled job does not end."""
        self.dying.set()
        self.error: Exception | None = None
        self.events = 0

    def gate(self, name: str) -> asyncio.Event:
        """Return what holds a job back."""
        return self.gates[name]

    async def until_begun(self, name: str) -> None:
        """Wait until a job runs."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.entered[name].wait()

    async def run(self, job: Job, emit: Emit) -> Verdict:
        """Wait at the gate, then answer."""
        self.begun.append(job.id)
        self.entered[job.id].set()
        for _ in range(self.events):
            emit(OutputChunk("stdout", b"."))
        try:
            await self.gate(job.id).wait()
        except asyncio.CancelledError:
            await self.dying.wait()
            self.cancelled.append(job.id)
            raise
        if self.error is not None:
            raise self.error
        return replace(could_not_tell(job, "done"), status=Status.PASSED, reason=None)


async def told(dispatcher: LocalDispatcher, name: str, after: int = 0) -> list[tuple[int, Event]]:
    """Return all that is told of a job."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [numbered async for numbered in dispatcher.watch(JobId(name), after)]


@pytest.fixture
def executor() -> StubExecutor:
    """Give an executor that waits."""
    return StubExecutor()


@pytest.fixture
def dispatcher(executor: StubExecutor) -> LocalDispatcher:
    """Give a queue that runs two and lets two wait."""
    return LocalDispatcher(executor, concurrency=2, waiting=2)


async def test_no_more_than_its_slots_run_at_once(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """The others wait their turn, first come first served."""
    for name in "abcd":
        await dispatcher.submit(job(name))
    await executor.until_begun("b")
    assert executor.begun == ["a", "b"]
    executor.gate("b").set()
    await told(dispatcher, "b")
    await executor.until_begun("c")
    assert executor.begun == ["a", "b", "c"]
    await dispatcher.drain(0)


async def test_one_more_than_the_queue_holds_is_refused(dispatcher: LocalDispatcher) -> None:
    """The refusal says how many there are and when to come back."""
    for name in "abcd":
        await dispatcher.submit(job(name))
    with pytest.raises(Saturated, match="4 verifications") as caught:
        await dispatcher.submit(job("e"))
    assert caught.value.retry_seconds > 0
    await dispatcher.submit(job("d"))
    await dispatcher.drain(0)


async def test_events_are_numbered_and_can_be_read_from_any(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """A watcher that lost its connection goes on where it was."""
    executor.events = 3
    executor.gate("a").set()
    await dispatcher.submit(job("a"))
    events = await told(dispatcher, "a")
    assert [number for number, _ in events] == [1, 2, 3, 4, 5]
    assert events[0][1] == Admitted("a", "default", POLICY.digest)
    assert isinstance(events[-1][1], Verdict)
    for after in range(5):
        assert await told(dispatcher, "a", after) == events[after:]


async def test_events_without_end_are_cut_and_the_verdict_is_kept(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """Hints are bounded, the truth is not lost."""
    executor.events = 10 * EVENTS_MOST
    executor.gate("a").set()
    await dispatcher.submit(job("a"))
    events = await told(dispatcher, "a")
    assert len(events) == EVENTS_MOST + 1
    assert isinstance(events[-1][1], Verdict)


async def test_same_job_twice_is_run_once(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """While it runs and after it."""
    executor.gate("a").set()
    await dispatcher.submit(job("a"))
    await dispatcher.submit(job("a"))
    first = await told(dispatcher, "a")
    await dispatcher.submit(job("a"))
    assert await told(dispatcher, "a") == first
    assert executor.begun == ["a"]


@pytest.mark.parametrize("finished", [True, False])
async def test_other_job_of_the_same_id_is_refused(
    dispatcher: LocalDispatcher, executor: StubExecutor, finished: bool
) -> None:
    """Nobody gets the verdict on another's code."""
    await dispatcher.submit(job("a"))
    if finished:
        executor.gate("a").set()
        await told(dispatcher, "a")
    with pytest.raises(IdReused):
        await dispatcher.submit(job("a", request_id="other"))
    await dispatcher.drain(0)


async def test_cancelled_job_is_dead_when_cancel_returns(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """Who watches learns that we could not tell; the id is free again."""
    await dispatcher.submit(job("a"))
    async with aclosing(dispatcher.watch(JobId("a"))) as events:
        await anext(events)
        await executor.until_begun("a")
        await dispatcher.cancel(JobId("a"))
        assert executor.cancelled == ["a"]
        _, verdict = await anext(events)
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.INFRA_ERROR
    with pytest.raises(UnknownJob):
        await told(dispatcher, "a")


async def test_job_cancelled_before_its_turn_never_runs(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """Not even if it was cancelled before its task began."""
    await dispatcher.submit(job("a"))
    await dispatcher.cancel(JobId("a"))
    assert executor.begun == []
    executor.gate("a").set()
    await dispatcher.submit(job("a", request_id="other"))
    assert isinstance((await told(dispatcher, "a"))[-1][1], Verdict)


async def test_job_submitted_while_its_namesake_dies_is_run_after_it(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """It neither joins the dying one nor runs beside it."""
    await dispatcher.submit(job("a"))
    await executor.until_begun("a")
    executor.dying.clear()
    cancelling = asyncio.create_task(dispatcher.cancel(JobId("a")))
    submitting = asyncio.create_task(dispatcher.submit(job("a")))
    await asyncio.wait([submitting], timeout=0)
    assert executor.begun == ["a"]
    executor.dying.set()
    await asyncio.gather(cancelling, submitting)
    executor.gate("a").set()
    _, verdict = (await told(dispatcher, "a"))[-1]
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.PASSED
    assert executor.begun == ["a", "a"]


async def test_finished_and_unknown_jobs_are_left_alone_by_cancel(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """A verdict once given stays."""
    executor.gate("a").set()
    await dispatcher.submit(job("a"))
    events = await told(dispatcher, "a")
    await dispatcher.cancel(JobId("a"))
    await dispatcher.cancel(JobId("never"))
    assert await told(dispatcher, "a") == events


async def test_executor_that_raises_could_not_tell(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """A fault of ours is not the code's, and its text stays in our log."""
    executor.error = RuntimeError("secret of the house")
    executor.gate("a").set()
    await dispatcher.submit(job("a"))
    _, verdict = (await told(dispatcher, "a"))[-1]
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.INFRA_ERROR
    assert "secret" not in verdict.message


async def test_drain_refuses_what_is_new_and_waits_for_what_runs(
    dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """What waits in the queue was admitted, so it is judged too."""
    for name in "abc":
        await dispatcher.submit(job(name))
    draining = asyncio.create_task(dispatcher.drain(PATIENCE_SECONDS))
    await asyncio.wait([draining], timeout=0)
    with pytest.raises(Draining):
        await dispatcher.submit(job("d"))
    for name in "abc":
        executor.gate(name).set()
    await draining
    assert executor.begun == ["a", "b", "c"]
    assert executor.cancelled == []


async def test_only_the_latest_verdicts_are_remembered(
    monkeypatch: pytest.MonkeyPatch, dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """Memory is bounded, whatever is asked."""
    monkeypatch.setattr(dispatcher_module, "REMEMBERED_JOBS", 2)
    for name in "abc":
        executor.gate(name).set()
        await dispatcher.submit(job(name))
        await told(dispatcher, name)
    with pytest.raises(UnknownJob):
        await told(dispatcher, "a")
    assert await told(dispatcher, "b")


async def test_fewer_verdicts_are_remembered_of_long_requests(
    monkeypatch: pytest.MonkeyPatch, dispatcher: LocalDispatcher, executor: StubExecutor
) -> None:
    """Hundreds of requests as long as may be would take the host's memory; the last are kept."""
    monkeypatch.setattr(dispatcher_module, "REMEMBERED_LEAST", 1)
    most_bytes = dispatcher_module.REMEMBERED_BYTES
    for name, request_bytes in {"a": 1, "b": most_bytes - 1, "c": 2, "d": 2 * most_bytes}.items():
        executor.gate(name).set()
        await dispatcher.submit(replace(job(name), request_bytes=request_bytes))
        assert await told(dispatcher, name)
        known = set(dispatcher._finished)
        assert known == {"a": {"a"}, "b": {"a", "b"}, "c": {"c"}, "d": {"d"}}[name]
