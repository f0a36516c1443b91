"""The seam between the service and whatever runs containers.

An engine *prepares* a container before the request is known: started, every barrier up, the guest
waiting for its first frame. A session then runs one job in it. A pool is a queue of prepared
containers. Each container serves one job and is removed.

SECURITY: everything that `receive` returns was chosen by the candidate. Nothing the engine or the
session concludes about limits rests on it: those come from the clock, the cgroup and the kernel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NewType, Protocol

from assize_sandbox.limits import Shape

ContainerId = NewType("ContainerId", str)


class Role(StrEnum):
    """Which guest program waits in the container: `guest/<role>.py`."""

    CANDIDATE = "candidate"
    ANALYSIS = "analysis"
    TESTS = "tests"
    SHARED = "shared"
    DATABASES = "databases"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine is made of, for verdicts and `assize doctor`."""

    engine: str
    """`docker`, `runc` or `fake`."""
    runtime: str
    """The OCI runtime and its version, such as `runc 1.1.5`."""
    image_digest: str
    """SHA-256 of the sandbox image, hex."""
    cgroup: str
    """`v1`, `v2` or `hybrid`."""
    details: Mapping[str, str] = field(default_factory=dict)
    sandbox_uid: int = 65534
    """Who the guest's user is on this host: whoever owns what it may change in a `WorkFolder`."""


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """A folder of the host's that is /workspace in the container, in place of a tmpfs.

    SECURITY: nothing else of the host's is ever mounted. It is a mount or a copy made for this one
    container, and its size is bounded by whoever made it.
    """

    path: Path
    """Absolute; whoever is on the way to it must let others pass."""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Counters:
    """The kernel's own account of a container so far, read from its cgroup."""

    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    peak_pids: int = 0
    """0 where the kernel keeps no peak."""
    oom_kills: int = 0
    """Processes that the kernel killed for want of memory."""
    pids_refused: int = 0
    """Times that a fork or a thread was refused by the pids limit."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What was found when a container was dead."""

    counters: Counters
    """The last account that could be read."""
    exit_status: int | None = None
    """How the guest ended, as `os.waitstatus_to_exitcode` says; None where nobody knows."""


class Container(Protocol):
    """A prepared container. Single use."""

    @property
    def id(self) -> ContainerId:
        """Unique on this host."""
        ...

    @property
    def alive(self) -> bool:
        """Whether the guest still runs. Never blocks; a pool asks before it hands one out."""
        ...

    async def send(self, data: bytes) -> None:
        """Write bytes to the guest's standard input, under flow control.

        Raises:
            ChannelClosed: The guest is gone.
        """
        ...

    async def receive(self, most: int) -> bytes:
        """Return at least one and at most `most` bytes of the guest's standard output.

        Raises:
            ChannelClosed: The guest is gone.
        """
        ...

    async def counters(self) -> Counters:
        """Read the cgroup; cheap enough to be called every few milliseconds."""
        ...

    def kill(self) -> None:
        """Kill every process of the container at once. Idempotent, never blocks, never fails."""
        ...

    async def remove(self) -> Remains:
        """Kill, wait until every process is dead, read the last counters.

        What else there is of it (cgroup, files, the runtime's records) holds no code and no memory
        of the job's; it is freed soon afterwards, and `Engine.close` waits for that. Idempotent: a
        second call returns the same remains.
        """
        ...


class Engine(Protocol):
    """Makes containers."""

    async def start(self) -> EngineFacts:
        """Check that the engine can work here; remove containers a killed server left behind.

        Raises:
            EngineUnavailable: With what is missing and the command that mends it.
            ImageMissing: There is no image, or it was built for another version.
        """
        ...

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Start a container whose guest waits for its first frame; `folder` is its /workspace.

        Raises:
            SandboxError: It could not be started; nothing is left behind.
        """
        ...

    async def close(self) -> None:
        """Remove every container that is left and wait until all is freed. Idempotent.

        Raises:
            SandboxError: Something is left behind.
        """
        ...
