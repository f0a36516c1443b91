"""One suite in a test sandbox, one candidate in its own."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest
from support.split import LIMITS, RunSplit

from assize_sandbox.engines.base import Engine, Role
from assize_sandbox.limits import Limits
from assize_sandbox.outcome import SuiteReport
from assize_sandbox.session import Session
from assize_sandbox.suite import SplitSuite, SuiteOrder

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
        solution: str | Mapping[str, str],
        tests: str | Mapping[str, str],
        *,
        limits: Limits = LIMITS,
        **order: object,
    ) -> SuiteReport:
        judge = Session(await real_engine.prepare(LIMITS.shape, Role.TESTS), LIMITS)
        sessions.append(judge)
        candidate = Session(await real_engine.prepare(limits.shape), limits)
        sessions.append(candidate)
        await candidate.put(files(solution, "solution.py"))
        await judge.put(files(tests, "test_it.py"))
        asked = replace(ORDER, **order)  # type: ignore[arg-type]
        return await SplitSuite(judge, candidate, {}).run(asked)

    yield run
    for session in sessions:
        await session.close()


def files(text: str | Mapping[str, str], path: str) -> dict[str, bytes]:
    """Return files as they are put; a single text goes to `path`."""
    given = {path: text} if isinstance(text, str) else text
    return {name: content.encode() for name, content in given.items()}
