"""One running container of the runc engine."""

import asyncio
from collections.abc import Callable
from typing import Final

from assize_sandbox.cgroups import CgroupReader
from assize_sandbox.engines.base import ContainerId, Counters, Remains
from assize_sandbox.engines.init_process import InitProcess
from assize_sandbox.engines.runc.streams import GuestStreams
from assize_sandbox.errors import SandboxError

DEATH_SECONDS: Final = 30
"""How long the kernel may take to bury a container that was sent SIGKILL."""


class RuncContainer:
    """A prepared container. Single use."""

    def __init__(
        self,
        container: str,
        *,
        streams: GuestStreams,
        process: InitProcess,
        cgroup: CgroupReader,
        when_dead: Callable[[ContainerId], None],
    ) -> None:
        self._id = ContainerId(container)
        self._streams = streams
        self._process = process
        self._cgroup = cgroup
        self._when_dead = when_dead
        self._last = Counters()
        self._removal: asyncio.Task[Remains] | None = None

    @property
    def id(self) -> ContainerId:
        """The runtime's id."""
        return self._id

    @property
    def alive(self) -> bool:
        """Whether the guest still runs."""
        return self._removal is None and self._process.alive

    async def send(self, data: bytes) -> None:
        """Write to the guest's standard input."""
        await self._streams.send(data)

    async def receive(self, most: int) -> bytes:
        """Read from the guest's standard output."""
        return await self._streams.receive(most)

    async def counters(self) -> Counters:
        """Read the cgroup, which outlives the guest; after the removal, what it said last."""
        self._read()
        return self._last

    def _read(self) -> None:
        try:
            self._last = self._cgroup.counters()
        except OSError:
            # The cgroup is freed: what was read last stands.
            return

    def kill(self) -> None:
        """Kill every process at once."""
        self._process.kill()

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
        self._read()
        self._streams.close()
        self._when_dead(self._id)
        return Remains(self._last, self._process.exit_status)
