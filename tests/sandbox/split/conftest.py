"""One suite in a test sandbox, one candidate in its own."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from support.split import RunSplit

from assize_sandbox.engines.base import Engine, Role
from assize_sandbox.limits import Limits, Shape
from assize_sandbox.outcome import SuiteReport
from assize_sandbox.session import Session
from assize_sandbox.suite import SplitSuite, SuiteOrder

LIMITS = Limits(shape=Shape(pids=32), wall_seconds=60.0, cpu_seconds=60.0)
ORDER = SuiteOrder(
    tests=("test_it.py",),
    modules=("solution",),
    lifetime="test",
    callbacks=False,
    back={},
    seed=1,
)


@pytest.fixture
async def run_split(real_engine: Engine) -> AsyncIterator[RunSplit]:
    """Run a suite against a candidate: `run(solution, tests, **order)`."""
    sessions: list[Session] = []

    async def run(
        solution: str | dict[str, str],
        tests: str,
        *,
        wall_seconds: float = LIMITS.wall_seconds,
        **order: object,
    ) -> SuiteReport:
        limits = replace(LIMITS, wall_seconds=wall_seconds)
        judge = Session(await real_engine.prepare(LIMITS.shape, Role.TESTS), LIMITS)
        candidate = Session(await real_engine.prepare(LIMITS.shape), limits)
        sessions.extend((judge, candidate))
        files = {"solution.py": solution} if isinstance(solution, str) else solution
        await candidate.put({path: text.encode() for path, text in files.items()})
        await judge.put({"test_it.py": tests.encode()})
        asked = replace(ORDER, **order)  # type: ignore[arg-type]
        return await SplitSuite(judge, candidate, {}).run(asked)

    yield run
    for session in sessions:
        await session.close()
