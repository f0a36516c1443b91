"""A round: the same verifications, so many at once, each answer timed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeVar

from assize import AsyncClient, Spec, Status, Submission, Verdict
from assize.errors import AssizeError

PERCENTS: Final = (50, 95, 99)
STAGES: Final = ("analyse", "execute", "judge")
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task:
    """One verification and how it must end."""

    name: str
    submission: Submission
    spec: Spec
    expected: Status


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer; `verdict` is None where there was none, `error` then says why."""

    task: Task
    seconds: float
    verdict: Verdict | None = None
    error: str = ""

    @property
    def told(self) -> bool:
        """Whether the service could tell."""
        return self.verdict is not None and self.verdict.status is not Status.INFRA_ERROR

    @property
    def right(self) -> bool:
        """Whether the verdict is the one that is due."""
        return self.verdict is not None and self.verdict.status is self.task.expected


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a round took, and each of its parts."""

    at_once: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Parts done in a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """Return a latency percentile in milliseconds."""
        return percentile(self.latencies, percent) * 1000


@dataclass(frozen=True, slots=True)
class Round:
    """All answers of one round."""

    at_once: int
    seconds: float
    samples: tuple[Sample, ...]

    @property
    def timing(self) -> Timing:
        """How long it took."""
        return Timing(self.at_once, self.seconds, tuple(each.seconds for each in self.samples))

    def stage_ms(self, stage: str) -> float:
        """Return the median of a stage's time in milliseconds, as the service told it."""
        times = [
            each.seconds
            for sample in self.samples
            if sample.verdict is not None
            for each in sample.verdict.stages
            if each.stage == stage
        ]
        return median(times) * 1000 if times else 0.0


async def verify_all(
    client: AsyncClient,
    tasks: Sequence[Task],
    policy: str,
    at_once: int,
    tick: Callable[[], None] = lambda: None,
) -> Round:
    """Have every task judged, `at_once` at a time. No answer is asked for twice."""

    async def verify(task: Task) -> Sample:
        started = time.monotonic()
        try:
            verdict = await client.verify(task.submission, task.spec, policy)
        except AssizeError as error:
            message = f"{type(error).__name__}: {error}"
            return Sample(task, time.monotonic() - started, error=message)
        finally:
            tick()
        return Sample(task, time.monotonic() - started, verdict)

    started = time.monotonic()
    samples = await each(verify, tasks, at_once)
    return Round(at_once, time.monotonic() - started, samples)


async def each(do: Callable[[S], Awaitable[T]], items: Sequence[S], at_once: int) -> tuple[T, ...]:
    """Do something with every item, `at_once` at a time; the results are in order."""
    results: dict[int, T] = {}
    rest = iter(enumerate(items))

    async def work() -> None:
        for number, item in rest:
            results[number] = await do(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return tuple(results[number] for number in range(len(items)))


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the smallest value that at least `percent` percent of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
