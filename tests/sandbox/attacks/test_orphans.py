"""A run whose service is gone: nobody keeps its limits any more, so it must end."""

import asyncio
from typing import Any

from support.programs import LIMITS, SHAPE, SLEEPS

from assize_sandbox.engines.base import Engine
from assize_sandbox.session import Command, Session

PATIENCE_SECONDS = 30


async def test_running_program_ends_when_the_channel_to_its_host_is_cut(
    real_engine: Engine,
) -> None:
    """What the kernel does to our ends of the pipes when the service is killed with SIGKILL."""
    container: Any = await real_engine.prepare(SHAPE)
    told = asyncio.Event()
    session = Session(container, LIMITS, on_output=lambda *_: told.set())
    await session.put({"main.py": SLEEPS.source})
    run = asyncio.create_task(session.run(Command(("python3", "-B", "main.py"))))
    await told.wait()
    run.cancel()
    await asyncio.wait([run])
    (getattr(container, "_streams", None) or container._stream).close()
    await asyncio.wait_for(container._process.died(), PATIENCE_SECONDS)
    await session.close()
