"""The service put together: engine, probe, pool, analyser, dispatcher.

Starting is a checklist; a step that fails stops the service, since a service that judges behind a
barrier that does not hold is worse than none.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psutil
import structlog

from assize.model.submission import RequestedLimits
from assize.model.verdict import Isolation
from assize_sandbox.engines.base import Engine, EngineFacts
from assize_sandbox.limits import Shape
from assize_sandbox.pool import WarmPool
from assize_sandbox.probe import BarrierResult, probe, require
from assize_server import engines
from assize_server.analysis.analyser import Analyser
from assize_server.checks.judges import JudgeProcesses
from assize_server.core.policy import effective_limits
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.executor import LocalExecutor
from assize_server.execution.job import Job
from assize_server.policies.load import PolicySet, load_directory
from assize_server.rpc.admission import DEFAULT_POLICY
from assize_server.settings import Settings

HOST_RESERVE_BYTES: Final = 256 * 1024 * 1024
"""Memory that must stay free on the host once a run has taken all it may."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is ready to judge."""

    dispatcher: LocalDispatcher
    policies: PolicySet
    facts: EngineFacts
    barriers: tuple[BarrierResult, ...]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Start the service, and take it down again without leaving a container behind.

    Raises:
        SandboxError: The engine cannot work here or a barrier does not hold.
        PolicyError: A policy file is wrong.
    """
    async with AsyncExitStack() as stack:
        policies = load_directory(settings.policy_folder())
        engine = await asyncio.to_thread(engines.make, settings)
        stack.push_async_callback(engine.close)
        facts = await engine.start()
        barriers = await probe(engine, facts)
        require(barriers)
        pool = WarmPool(engine, settings.pool_size, memory_headroom_bytes=HOST_RESERVE_BYTES)
        stack.push_async_callback(pool.close)
        pool.warm(default_shape(policies), count=settings.pool_size)
        analyser = Analyser(engine)
        stack.push_async_callback(analyser.close)
        judges = JudgeProcesses(settings.concurrency)
        stack.push_async_callback(judges.close)
        await asyncio.gather(analyser.start(), judges.start())
        executor = LocalExecutor(pool, analyser, told(facts, barriers), judges)
        dispatcher = _dispatcher(settings, executor)
        stack.push_async_callback(dispatcher.drain, settings.drain_seconds)
        _log.info("ready", engine=facts.engine, runtime=facts.runtime, policies=policies.names())
        yield Service(dispatcher, policies, facts, barriers)


async def examine(settings: Settings) -> tuple[EngineFacts, tuple[BarrierResult, ...]]:
    """Start the engine, probe its barriers and take it down; for `assize doctor`."""
    engine: Engine = await asyncio.to_thread(engines.make, settings)
    try:
        facts = await engine.start()
        return facts, await probe(engine, facts)
    finally:
        await engine.close()


def default_shape(policies: PolicySet) -> Shape:
    """Return the shape of a container under the default policy."""
    return effective_limits(policies[DEFAULT_POLICY], RequestedLimits()).shape


def told(facts: EngineFacts, barriers: tuple[BarrierResult, ...]) -> Isolation:
    """Return what a verdict says of the isolation: only barriers that were seen to hold."""
    held = tuple(barrier.name for barrier in barriers if barrier.held)
    return Isolation(facts.engine, facts.runtime, facts.image_digest, held)


def _dispatcher(settings: Settings, executor: LocalExecutor) -> LocalDispatcher:
    return LocalDispatcher(
        executor,
        concurrency=settings.concurrency,
        waiting=settings.waiting,
        has_room=host_has_room,
    )


def host_has_room(job: Job) -> bool:
    """Tell whether the host would survive the job taking all the memory that it may."""
    free: int = psutil.virtual_memory().available
    return free - job.limits.shape.memory_bytes > HOST_RESERVE_BYTES
