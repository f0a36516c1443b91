"""Makes containers through a Docker daemon on this host.

Who talks to whom: this process speaks to the daemon over its unix socket, and to each guest over a
socket of its own through which the daemon relays. Counters come straight from the cgroup files and
the kill goes straight to the guest's init process, so that neither waits for a busy daemon.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Final, TypeVar

from assize_sandbox.cgroups import CgroupReader, hierarchy
from assize_sandbox.engines.base import Container, ContainerId, EngineFacts, Role, WorkFolder
from assize_sandbox.engines.docker.barriers import Plan, configuration
from assize_sandbox.engines.docker.container import DockerContainer
from assize_sandbox.engines.docker.daemon import Daemon
from assize_sandbox.engines.docker.requirements import (
    DaemonFacts,
    check,
    host_swap_bytes,
    read_info,
)
from assize_sandbox.engines.docker.streams import AttachedStream
from assize_sandbox.engines.init_process import InitProcess
from assize_sandbox.engines.owner import Owner
from assize_sandbox.engines.seccomp import read_profile
from assize_sandbox.engines.surroundings import SANDBOX_UID
from assize_sandbox.errors import ChannelClosed, SandboxError
from assize_sandbox.images.docker_import import ensure_loaded
from assize_sandbox.images.store import Image
from assize_sandbox.limits import Shape

READY_SECONDS: Final = 30
"""How long a guest may take to say its first word, on a loaded machine."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class DockerEngine:
    """The Docker engine. `start` first."""

    def __init__(
        self, image: Image, *, seccomp: Path, url: str | None = None, runtime: str | None = None
    ) -> None:
        self._image = image
        self._seccomp_file = seccomp
        self._seccomp = ""
        self._runtime = runtime
        self._daemon = Daemon(url)
        self._owner = Owner.current()
        self._image_name = ""
        self._living: dict[ContainerId, DockerContainer] = {}
        self._chores: set[asyncio.Task[object]] = set()
        self._closed = False

    async def start(self) -> EngineFacts:
        """Check daemon and host, load the image, remove what dead owners left behind."""
        profile = await asyncio.to_thread(read_profile, self._seccomp_file)
        self._seccomp = json.dumps(profile, separators=(",", ":"))
        await self._daemon.connect()
        facts = read_info(await self._daemon.info())
        check(facts, self._runtime, host_swap_bytes())
        self._image_name = await self._daemon.call(
            "load the sandbox image", lambda: ensure_loaded(self._daemon.client, self._image)
        )
        await self._remove_orphans()
        return await self._facts(facts)

    async def _facts(self, facts: DaemonFacts) -> EngineFacts:
        versions = await self._daemon.versions()
        runtime = self._runtime or facts.default_runtime
        return EngineFacts(
            engine="docker",
            runtime=" ".join(filter(None, (runtime, versions.get(runtime, "")))),
            image_digest=self._image.digest,
            cgroup=hierarchy(),
            details={
                "daemon": versions.get("Engine", ""),
                "url": self._daemon.url,
                "user_namespace": "remapped by the daemon"
                if facts.remaps_users
                else "none: start the daemon with userns-remap to have one",
            },
            sandbox_uid=facts.first_host_id + SANDBOX_UID,
        )

    async def _remove_orphans(self) -> None:
        for container, label in await self._daemon.owned():
            owner = Owner.parse(label)
            if owner is not None and not owner.alive:
                await self._daemon.remove(container)

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Start a container and wait for its guest's first word.

        Cancelling it leaves nothing behind: the container is removed as soon as it is up.
        """
        if self._closed:
            raise SandboxError("the Docker engine is closed")
        starting = self._chore(self._prepare(self._plan(shape, role, folder)))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._chore(discard(starting))
            raise

    def _chore(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Run something that `close` must wait for."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task

    async def _prepare(self, plan: Plan) -> DockerContainer:
        name = f"assize-{uuid.uuid4().hex}"
        try:
            return await self._boot(name, plan)
        except BaseException:
            # By name: the daemon may have made it without our having heard its id.
            await self._daemon.remove(name)
            raise

    def _plan(self, shape: Shape, role: Role, folder: WorkFolder | None) -> Plan:
        return Plan(
            image=self._image_name,
            shape=shape,
            role=role,
            owner=self._owner.label,
            seccomp=self._seccomp,
            runtime=self._runtime,
            folder=folder,
        )

    async def _boot(self, name: str, plan: Plan) -> DockerContainer:
        container = await self._daemon.create(name, configuration(plan))
        # Attached before it starts: not a byte of the guest's can be missed.
        stream = AttachedStream(await self._daemon.attach(container))
        try:
            state = await self._daemon.start(container)
            await ready(stream)
            process = InitProcess.open(state.pid, container)
        except BaseException:
            stream.close()
            raise
        made = DockerContainer(
            container,
            self._daemon,
            stream,
            process,
            CgroupReader.of_process(process.pid),
            when_dead=self._free_soon,
        )
        self._living[made.id] = made
        return made

    def _free_soon(self, container: ContainerId) -> None:
        """Free what a dead container has left; nobody but `close` waits for it."""
        self._chore(self._free_dead(container))

    async def _free_dead(self, container: ContainerId) -> None:
        try:
            await self._daemon.remove(container)
        except SandboxError as error:
            # It stays among the living: `close` tries again, and fails if that fails.
            log.warning("a dead container was not freed", extra={"error": str(error)})
        else:
            del self._living[container]

    async def close(self) -> None:
        """Remove every container, those that are being started too. Idempotent."""
        self._closed = True
        try:
            await self._remove_all()
        finally:
            await self._daemon.close()

    async def _remove_all(self) -> None:
        await self._until_idle()
        removals = [container.remove() for container in self._living.values()]
        ends = await asyncio.gather(*removals, return_exceptions=True)
        await self._until_idle()
        for container in tuple(self._living):
            await self._daemon.remove(container)
            del self._living[container]
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _until_idle(self) -> None:
        while self._chores:
            await asyncio.wait(self._chores)


async def ready(stream: AttachedStream) -> None:
    """Wait until the guest has said its first word, and leave that to be received.

    Raises:
        SandboxError: It died first, or is silent for too long.
    """
    try:
        async with asyncio.timeout(READY_SECONDS):
            await stream.fill()
    except (ChannelClosed, TimeoutError) as error:
        raise SandboxError(
            f"the guest never got ready; the last it wrote: {stream.complaint!r}"
        ) from error


async def discard(starting: asyncio.Task[DockerContainer]) -> None:
    """Remove a container that nobody waits for any more, once it is up."""
    try:
        container = await starting
    except SandboxError:
        return  # It did not come up, and left nothing behind.
    await container.remove()
