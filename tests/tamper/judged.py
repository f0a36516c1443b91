"""What the service says of a program: the real one, embedded, on one engine."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tamper.corpus import HERE, Program

from assize import AsyncClient, Reason, RequestedLimits, Spec, Status, Verdict, errors
from assize_server.embedded import EmbeddedService
from assize_server.settings import EngineChoice, Settings

POLICIES: Final = HERE.parents[1] / "policies"
POLICY: Final = "tamper"
LIMITS: Final = RequestedLimits(wall_seconds=3.0, cpu_seconds=3.0)
AT_ONCE: Final = 3
PATIENCE_SECONDS: Final = 150.0


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to one program, judged in one way."""

    program: Program
    way: str
    verdict: Verdict | None
    """None: the request was refused before anything ran."""

    @property
    def passed(self) -> bool:
        """Whether the program was judged correct."""
        return self.verdict is not None and self.verdict.status is Status.PASSED

    @property
    def could_tell(self) -> bool:
        """Whether there is an answer about the code."""
        return self.verdict is None or self.verdict.status is not Status.INFRA_ERROR

    def shown(self) -> str:
        """Return the answer in a word or two."""
        if self.verdict is None:
            return "refused"
        reason = self.verdict.reason
        low = self.verdict.assurance
        if reason is Reason.POLICY_DENIED and low is not None:
            return f"only {low.name}"
        return self.verdict.status.value if reason is None else reason.value


@contextmanager
def service(engine: EngineChoice, home: Path, docker_url: str | None) -> Iterator[str]:
    """Run the service over one engine and give its address."""
    with tempfile.TemporaryDirectory(prefix="assize-tamper-") as folder:
        policies = Path(shutil.copytree(POLICIES, Path(folder) / "policies"))
        shutil.copy(HERE / "policies" / f"{POLICY}.yaml", policies)
        settings = Settings(
            home=home,
            policies=policies,
            engine=engine,
            docker_url=docker_url,
            pool_size=2,
            concurrency=AT_ONCE,
        )
        with EmbeddedService(settings=settings) as address:
            yield address


async def judge_all(
    address: str, programs: Iterable[Program], seen: Callable[[Judged], None] = lambda _: None
) -> tuple[Judged, ...]:
    """Have every program judged in every way that its task has, in order."""
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncClient(address, timeout_seconds=PATIENCE_SECONDS) as client:

        async def one(program: Program, way: str, spec: Spec) -> Judged:
            async with room:
                judged = Judged(program, way, await verdict_on(client, program, spec))
            seen(judged)
            return judged

        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(one(program, way, spec))
                for program in programs
                for way, spec in program.task.specs().items()
            ]
    return tuple(task.result() for task in running)


async def verdict_on(client: AsyncClient, program: Program, spec: Spec) -> Verdict | None:
    """Return the verdict on a program, None if the request is refused."""
    try:
        return await client.verify(program.submission(), spec, POLICY, LIMITS)
    except errors.InvalidRequest:
        return None
