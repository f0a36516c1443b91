"""One running container of the Docker engine."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from assize_sandbox.cgroups import CgroupReader
from assize_sandbox.engines.base import ContainerId, Counters, Remains
from assize_sandbox.engines.docker.daemon import Daemon, State
from assize_sandbox.engines.docker.streams import AttachedStream
from assize_sandbox.engines.init_process import InitProcess
from assize_sandbox.errors import SandboxError

DEATH_SECONDS: Final = 30
"""How long the kernel may take to bury a container that was sent SIGKILL."""
SIGNALLED: Final = 128
"""Docker reports death by signal N as exit code 128 + N."""


class DockerContainer:
    """A prepared container. Single use."""

    def __init__(
        self,
        container: str,
        daemon: Daemon,
        stream: AttachedStream,
        process: InitProcess,
        cgroup: CgroupReader,
        *,
        when_dead: Callable[[ContainerId], None],
    ) -> None:
        self._id = ContainerId(container)
        self._daemon = daemon
        self._stream = stream
        self._process = process
        self._cgroup = cgroup
        self._tell_death = when_dead
        self._last = Counters()
        self._last_is_final = False
        self._removal: asyncio.Task[Remains] | None = None
        # The daemon frees the cgroup some milliseconds after the guest's death; what the kernel
        # counted must be read before.
        process.when_dead(self._read_last)

    @property
    def id(self) -> ContainerId:
        """The daemon's id."""
        return self._id

    @property
    def alive(self) -> bool:
        """Whether the guest still runs."""
        return self._removal is None and self._process.alive

    async def send(self, data: bytes) -> None:
        """Write to the guest's standard input."""
        await self._stream.send(data)

    async def receive(self, most: int) -> bytes:
        """Read from the guest's standard output."""
        return await self._stream.receive(most)

    async def counters(self) -> Counters:
        """Read the cgroup; after the container's death, what it said last."""
        if not self._last_is_final:
            self._read()
        return self._last

    def _read(self) -> bool:
        try:
            self._last = self._cgroup.counters()
        except OSError:
            # The cgroup is freed: what was read last stands.
            return False
        return True

    def _read_last(self) -> None:
        self._last_is_final = self._read()

    def kill(self) -> None:
        """Kill every process at once, through the kernel where we may, else through the daemon."""
        if not self._process.kill():
            self._daemon.kill_soon(self._id)

    async def remove(self) -> Remains:
        """Kill and wait for the death of all; the engine frees what they leave."""
        if self._removal is None:
            self._removal = asyncio.create_task(self._remove())
        # Shielded: whoever waits may give up, the removal must not.
        return await asyncio.shield(self._removal)

    async def _remove(self) -> Remains:
        self.kill()
        try:
            await asyncio.wait_for(self._process.died(), DEATH_SECONDS)
        except TimeoutError:
            raise SandboxError(
                f"container {self._id[:12]} survives SIGKILL after {DEATH_SECONDS} s"
            ) from None
        self._stream.close()
        state = await self._daemon.ended(self._id)
        self._tell_death(self._id)
        return Remains(self._account(state), exit_status(state.exit_code))

    def _account(self, state: State) -> Counters:
        """Return the last counters; the daemon's word on OOM where the cgroup was gone too soon."""
        if state.oom_killed and not self._last_is_final:
            return replace(self._last, oom_kills=max(1, self._last.oom_kills))
        return self._last


def exit_status(code: int) -> int:
    """Return Docker's exit code as `os.waitstatus_to_exitcode` would put it."""
    return SIGNALLED - code if code > SIGNALLED else code
