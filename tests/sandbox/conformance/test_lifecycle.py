"""Containers: prepared, killed, removed; nothing stays."""

import asyncio

import pytest
from support.programs import LIMITS, SHAPE, SLEEPS

from assize_sandbox.channel import Channel
from assize_sandbox.engines.base import Engine
from assize_sandbox.errors import ChannelClosed, SandboxError
from assize_sandbox.session import Command, Session


async def test_prepared_container_says_that_it_is_ready(engine: Engine) -> None:
    """The guest waits before the request is known."""
    container = await engine.prepare(SHAPE)
    assert (await Channel(container).receive()).header == {"ev": "ready"}
    assert container.alive
    await container.remove()


async def test_killed_container_closes_its_channel(engine: Engine) -> None:
    """Whoever waits for a frame learns of the death."""
    container = await engine.prepare(SHAPE)
    channel = Channel(container)
    await channel.receive()
    container.kill()
    with pytest.raises(ChannelClosed):
        await channel.receive()
    await container.remove()
    assert not container.alive


async def test_remove_twice_returns_the_same_remains(engine: Engine) -> None:
    """Removing is idempotent."""
    container = await engine.prepare(SHAPE)
    first = await container.remove()
    assert await container.remove() == first


async def test_counters_never_go_back(engine: Engine) -> None:
    """CPU time is a running total."""
    container = await engine.prepare(SHAPE)
    before = await container.counters()
    remains = await container.remove()
    assert remains.counters.cpu_seconds >= before.cpu_seconds
    assert remains.counters.peak_memory_bytes > 0


async def test_containers_have_names_of_their_own(engine: Engine) -> None:
    """No two at a time are confused."""
    pair = [await engine.prepare(SHAPE), await engine.prepare(SHAPE)]
    assert pair[0].id != pair[1].id
    for container in pair:
        await container.remove()


async def test_cancelled_run_leaves_no_container(engine: Engine) -> None:
    """A caller who goes away takes the run along."""
    container = await engine.prepare(SHAPE)
    told = asyncio.Event()
    session = Session(container, LIMITS, on_output=lambda *_: told.set())

    async def job() -> None:
        try:
            await session.put({"main.py": SLEEPS.source})
            await session.run(Command(("python3", "-B", "main.py")))
        finally:
            await session.close()

    task = asyncio.create_task(job())
    await told.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not container.alive


async def test_container_that_dies_unexplained_is_our_failure(engine: Engine) -> None:
    """A death that no limit explains is never a verdict about the code."""
    container = await engine.prepare(SHAPE)
    told = asyncio.Event()
    session = Session(container, LIMITS, on_output=lambda *_: told.set())
    await session.put({"main.py": SLEEPS.source})
    run = asyncio.create_task(session.run(Command(("python3", "-B", "main.py"))))
    await told.wait()
    container.kill()
    with pytest.raises(SandboxError, match="no limit explains"):
        await run
    await session.close()


async def test_closed_engine_prepares_nothing(engine: Engine) -> None:
    """After close nothing can be left behind."""
    await engine.close()
    with pytest.raises(SandboxError):
        await engine.prepare(SHAPE)
