"""The whole service in this process: real gRPC, queue and judging over the fake engine.

What the engine is sent is recorded, and the analyser waits at a gate that the test may close.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from google.rpc import error_details_pb2  # type: ignore[import-untyped,unused-ignore]
from grpc_status import rpc_status

from assize import AsyncClient
from assize.model.spec import Check, Exact, ExitCode, Spec, Stdout
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import Finding, Isolation
from assize_sandbox.engines.base import Container, ContainerId, Counters, Remains, Role, WorkFolder
from assize_sandbox.engines.fake import Behaviour, FakeEngine
from assize_sandbox.limits import Shape
from assize_sandbox.pool import WarmPool
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.executor import LocalExecutor
from assize_server.execution.job import Job
from assize_server.policies.load import PolicySet, load_directory
from assize_server.rpc.server import RpcServer
from support.programs import BEHAVIOURS, HELLO, Program

if TYPE_CHECKING:
    from assize_sandbox.errors import SandboxError

POLICIES = Path(__file__).parents[2] / "policies"
ISOLATION = Isolation("fake", "none", "0" * 64)
PATIENCE_SECONDS = 30
"""Only a test that fails waits this long."""

SPEC = Spec((Check("out", Stdout(Exact("hello\n"))), Check("code", ExitCode(0))))


def submitted(program: Program = HELLO) -> Submission:
    """Return a submission of one program."""
    return Submission((SourceFile("main.py", program.source),), entry_point="main.py")


class RecordedContainer:
    """A container that keeps what it was sent, and tells when it is removed."""

    def __init__(self, inner: Container) -> None:
        self._inner = inner
        self.sent = bytearray()
        self.removed = asyncio.Event()

    @property
    def id(self) -> ContainerId:
        """The container's name."""
        return self._inner.id

    @property
    def alive(self) -> bool:
        """Whether the guest still answers."""
        return self._inner.alive

    async def send(self, data: bytes) -> None:
        """Record and pass on."""
        self.sent += data
        await self._inner.send(data)

    async def receive(self, most: int) -> bytes:
        """Pass on."""
        return await self._inner.receive(most)

    async def counters(self) -> Counters:
        """Pass on."""
        return await self._inner.counters()

    def kill(self) -> None:
        """Pass on."""
        self._inner.kill()

    async def remove(self) -> Remains:
        """Pass on, then tell."""
        remains = await self._inner.remove()
        self.removed.set()
        return remains


class RecordingEngine(FakeEngine):
    """The fake engine, with its containers recorded."""

    def __init__(self, programs: Mapping[bytes, Behaviour] | None = None) -> None:
        super().__init__(programs)
        self.recorded: list[RecordedContainer] = []

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Make a container and record it."""
        made = RecordedContainer(await super().prepare(shape, role, folder))
        self.recorded.append(made)
        return made

    @property
    def sent(self) -> bytes:
        """Every byte that went into any container."""
        return b"".join(bytes(container.sent) for container in self.recorded)

    async def until_all_removed(self) -> None:
        """Wait until every container that was made is gone."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for container in self.recorded:
                await container.removed.wait()


class GatedAnalyser:
    """Finds what it was told to find, once the gate is open."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        self.error: SandboxError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0

    async def analyse(
        self, files: tuple[SourceFile, ...], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        """Wait at the gate and answer as told."""
        self.asked += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.findings


@dataclass
class Service:
    """A service that listens, and what it is made of."""

    address: str
    engine: RecordingEngine
    analyser: GatedAnalyser
    dispatcher: LocalDispatcher
    server: RpcServer
    policies: PolicySet

    def client(self, timeout_seconds: float | None = PATIENCE_SECONDS) -> AsyncClient:
        """Return a client of it."""
        return AsyncClient(self.address, timeout_seconds=timeout_seconds)


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    programs: Mapping[bytes, Behaviour] = BEHAVIOURS,
    concurrency: int = 4,
    waiting: int = 4,
    has_room: Callable[[Job], bool] = lambda _job: True,
) -> AsyncIterator[Service]:
    """Run a service on a socket in the folder; nothing is prepared before it is asked for."""
    engine, analyser = RecordingEngine(programs), GatedAnalyser()
    pool = WarmPool(engine, 0, memory_headroom_bytes=0)
    dispatcher = LocalDispatcher(
        LocalExecutor(pool, analyser, ISOLATION),
        concurrency=concurrency,
        waiting=waiting,
        has_room=has_room,
    )
    policies = load_directory(POLICIES)
    server = RpcServer(dispatcher, policies)
    address = f"unix://{folder}/rpc.sock"
    await server.start(address)
    try:
        yield Service(address, engine, analyser, dispatcher, server, policies)
    finally:
        await server.stop(0)
        await dispatcher.drain(0)
        await pool.close()
        await engine.close()


@dataclass(frozen=True)
class Refusal:
    """What a stock gRPC client sees of a refused call."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    violations: Mapping[str, str] = field(default_factory=dict)
    retry_seconds: float | None = None


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Read a refused call's status and rich details, without the client's own code."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details if status else ():
        for kind in (info, bad, retry):
            detail.Unpack(kind)
    delay = retry.retry_delay
    return Refusal(
        error.code(),
        error.details() or "",
        info.reason,
        info.domain,
        {each.field: each.description for each in bad.field_violations},
        delay.seconds + delay.nanos / 1e9 if retry.HasField("retry_delay") else None,
    )
