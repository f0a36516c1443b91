"""Engine and container of the fake."""

import asyncio
import itertools
import os
from collections.abc import Mapping

from assize_sandbox.engines.base import (
    Container,
    ContainerId,
    Counters,
    EngineFacts,
    Remains,
    Role,
    WorkFolder,
)
from assize_sandbox.engines.fake.behaviour import Behaviour
from assize_sandbox.engines.fake.guest import Died, FakeGuest
from assize_sandbox.errors import ChannelClosed, SandboxError
from assize_sandbox.limits import Shape


class FakeContainer:
    """A container that is a task on the event loop."""

    def __init__(self, number: int, guest: FakeGuest) -> None:
        self._id = ContainerId(f"fake-{number}")
        self._guest = guest
        self._task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        try:
            await self._guest.serve()
        except Died:
            pass
        finally:
            self._guest.told.set()

    @property
    def id(self) -> ContainerId:
        """The container's name."""
        return self._id

    @property
    def alive(self) -> bool:
        """Whether the guest still answers."""
        return not self._task.done() and not self._task.cancelling()

    async def send(self, data: bytes) -> None:
        """Give bytes to the guest."""
        if not self.alive:
            raise ChannelClosed("the fake guest is gone")
        self._guest.feed(data)

    async def receive(self, most: int) -> bytes:
        """Take bytes from the guest."""
        while not self._guest.outgoing:
            if not self.alive:
                raise ChannelClosed("the fake guest is gone")
            self._guest.told.clear()
            await self._guest.told.wait()
        taken = bytes(self._guest.outgoing[:most])
        del self._guest.outgoing[:most]
        # A real socket would let others run too.
        await asyncio.sleep(0)
        return taken

    async def counters(self) -> Counters:
        """Tell what was used."""
        return self._guest.counters()

    def kill(self) -> None:
        """End the guest."""
        self._task.cancel()
        self._guest.outgoing.clear()
        self._guest.told.set()

    async def remove(self) -> Remains:
        """End the guest and wait until it is gone."""
        self.kill()
        if not self._task.done():
            await asyncio.wait([self._task])
        return Remains(self._guest.counters(), exit_status=-9)


class FakeEngine:
    """Makes fake containers. `programs` maps a source file's content to what it does."""

    def __init__(self, programs: Mapping[bytes, Behaviour] | None = None) -> None:
        self._programs = dict(programs or {})
        self._numbers = itertools.count(1)
        self._closed = False
        self.containers: list[FakeContainer] = []
        """Every container ever made, for tests to look at."""
        self.broken: SandboxError | None = None
        """Set: `prepare` raises it."""

    @property
    def living(self) -> list[FakeContainer]:
        """The containers whose guest still answers."""
        return [container for container in self.containers if container.alive]

    async def start(self) -> EngineFacts:
        """Tell what this engine is made of."""
        return EngineFacts("fake", "none", "0" * 64, "none", sandbox_uid=os.getuid())

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Make a container; what its programs leave is in `folder` where there is one."""
        if self._closed:
            raise SandboxError("the fake engine is closed")
        if self.broken is not None:
            raise self.broken
        if role is not Role.CANDIDATE:
            raise SandboxError(f"the fake engine has no guest for the role {role}")
        await asyncio.sleep(0)
        made = FakeContainer(next(self._numbers), FakeGuest(shape, self._programs, folder))
        self.containers.append(made)
        return made

    async def close(self) -> None:
        """Remove every container."""
        self._closed = True
        for container in self.containers:
            await container.remove()
