"""The service put together: state, engine, probe, pool, analyser, views, executor, desk.

Starting is a checklist; a step that fails stops the service, since a service that judges behind a
barrier that does not hold, or that cannot write down what it does, is worse than none.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psutil
import structlog

from assize.model.callers import SERVICE
from assize.model.submission import RequestedLimits
from assize.model.verdict import Isolation
from assize_sandbox.effects.sandboxed import SandboxedDatabases
from assize_sandbox.engines.base import Engine, EngineFacts
from assize_sandbox.limits import Shape
from assize_sandbox.pool import WarmPool
from assize_sandbox.probe import BarrierResult, probe, require
from assize_server import engines, state
from assize_server.access.credentials import Credentials
from assize_server.analysis.analyser import Analyser
from assize_server.audit.records import record_policies
from assize_server.checks.judges import JudgeProcesses
from assize_server.core.policy import effective_limits
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.executor import LocalExecutor
from assize_server.execution.job import Job
from assize_server.housekeeping import keep_house
from assize_server.landing.comparing import TreeEffects
from assize_server.landing.grounds import grounds
from assize_server.landing.office import Office, offices
from assize_server.landing.pins import Pins
from assize_server.landing.showing import shown
from assize_server.ledger.recording import Recall, RecordingExecutor
from assize_server.policies.live import LivePolicies
from assize_server.policies.load import PolicySet
from assize_server.rpc.admission import DEFAULT_POLICY
from assize_server.rpc.rooms import Rooms
from assize_server.settings import Settings
from assize_server.state import State
from assize_server.store.occupancy import Occupancy
from assize_server.tasks import ended

HOST_RESERVE_BYTES: Final = 256 * 1024 * 1024
"""Memory that must stay free on the host once a run has taken all it may."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is ready to judge."""

    dispatcher: LocalDispatcher
    policies: LivePolicies
    facts: EngineFacts
    isolation: Isolation
    barriers: tuple[BarrierResult, ...]
    state: State
    office: Office
    pins: Pins
    effects: TreeEffects

    def rooms(self, credentials: Credentials | None = None) -> Rooms:
        """Return what the listener for submitters serves beside verifications."""
        return Rooms(
            self.state, self.office.desk, self.pins, self.effects, self.isolation, credentials
        )


@asynccontextmanager
async def running(settings: Settings, *, beside: bool = False) -> AsyncIterator[Service]:
    """Start the service, and take it down again without leaving a container behind.

    `beside`: for a run or two, perhaps beside a service that keeps the same state.

    Raises:
        SandboxError: The engine cannot work here, a barrier does not hold, the state is no use or
            in use.
        PolicyError: A policy file is wrong.
    """
    async with AsyncExitStack() as stack:
        policies = LivePolicies(settings.policy_folder())
        taken = Occupancy(settings.state_folder(), keeps=not beside)
        place = await stack.enter_async_context(taken)
        opened = await stack.enter_async_context(state.opened(settings, policies))
        policies.when_changed = lambda: _note(opened, policies)
        engine = await asyncio.to_thread(engines.make, settings)
        stack.push_async_callback(engine.close)
        facts = await engine.start()
        barriers = await probe(engine, facts)
        require(barriers)
        pool, analyser, judges = await _workshop(stack, settings, engine, policies)
        views = await stack.enter_async_context(shown(settings, opened, facts))
        effects = TreeEffects(opened.objects, SandboxedDatabases(opened.objects, engine))
        office = await stack.enter_async_context(
            offices(settings, opened, policies, effects, views)
        )
        isolation = told(facts, barriers)
        executor = LocalExecutor(
            pool,
            analyser,
            isolation,
            judges,
            grounds=None if views is None else grounds(views, opened.folder),
            landing=office.landing,
        )
        dispatcher = _dispatcher(settings, opened, office, executor)
        stack.push_async_callback(dispatcher.drain, settings.drain_seconds)
        pins = Pins(opened.database, opened.objects)
        await office.begin(
            dispatcher, policies, pins, isolation, alone=place.is_alone, keeps=not beside
        )
        place.let_others_in()
        cleaning = asyncio.create_task(keep_house(opened, views), name="assize-housekeeping")
        stack.push_async_callback(ended, cleaning)
        _log.info("ready", engine=facts.engine, runtime=facts.runtime, policies=policies.names())
        yield Service(
            dispatcher,
            policies,
            facts,
            isolation,
            barriers,
            opened,
            office,
            pins,
            effects,
        )


def _note(opened: State, policies: PolicySet) -> None:
    """Write down which policies hold from here on."""
    opened.database.write_now(
        lambda connection: record_policies(connection, policies, SERVICE, state.now_ms())
    )


async def _workshop(
    stack: AsyncExitStack, settings: Settings, engine: Engine, policies: PolicySet
) -> tuple[WarmPool, Analyser, JudgeProcesses]:
    """Start what runs code, what reads it and what compares; the stack closes them."""
    pool = WarmPool(engine, settings.pool_size, memory_headroom_bytes=HOST_RESERVE_BYTES)
    stack.push_async_callback(pool.close)
    pool.warm(default_shape(policies), count=settings.pool_size)
    analyser = Analyser(engine)
    stack.push_async_callback(analyser.close)
    judges = JudgeProcesses(settings.concurrency)
    stack.push_async_callback(judges.close)
    await asyncio.gather(analyser.start(), judges.start())
    return pool, analyser, judges


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


def _dispatcher(
    settings: Settings, opened: State, office: Office, executor: LocalExecutor
) -> LocalDispatcher:
    recording = RecordingExecutor(executor, opened.database, office.ledger, state.seconds)
    return LocalDispatcher(
        recording,
        concurrency=settings.concurrency,
        waiting=settings.waiting,
        has_room=host_has_room,
        recall=Recall(opened.database),
    )


def host_has_room(job: Job) -> bool:
    """Tell whether the host would survive the job taking all the memory that it may."""
    free: int = psutil.virtual_memory().available
    return free - job.limits.shape.memory_bytes > HOST_RESERVE_BYTES
