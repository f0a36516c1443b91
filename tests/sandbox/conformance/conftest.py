"""One program, one job, one container."""

from dataclasses import replace

import pytest
from support.jobs import Run
from support.programs import LIMITS, Program

from assize_sandbox.engines.base import Engine
from assize_sandbox.outcome import Outcome
from assize_sandbox.session import Command, Session


@pytest.fixture
def run(engine: Engine) -> Run:
    """Run one program as the whole job of a new container."""

    async def run(program: Program, stdin: bytes = b"", **tighter: float) -> Outcome:
        limits = replace(LIMITS, **tighter)  # type: ignore[arg-type]
        session = Session(await engine.prepare(limits.shape), limits)
        try:
            await session.put({"main.py": program.source})
            return await session.run(Command(("python3", "-B", "main.py"), stdin=stdin))
        finally:
            await session.close()

    return run
