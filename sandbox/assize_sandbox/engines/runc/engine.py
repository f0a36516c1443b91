"""Makes containers through an OCI runtime binary, with no daemon.

Who talks to whom: the runtime is a short process that starts a guest and leaves; from then on the
guest hangs on three pipes of ours and on a pidfd. Counters come straight from the cgroup files and
the kill goes straight to the guest's init process.

What could outlive us is on disk: a bundle names its owner before the container is made, and the
next server to start here removes what belongs to the dead.
"""

import asyncio
import logging
import platform
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Final, TypeVar

from assize_sandbox.cgroups import CgroupReader, hierarchy
from assize_sandbox.engines.base import Container, ContainerId, EngineFacts, Role, WorkFolder
from assize_sandbox.engines.init_process import InitProcess
from assize_sandbox.engines.owner import Owner
from assize_sandbox.engines.runc.bundles import Bundles
from assize_sandbox.engines.runc.config import FIRST_HOST_ID, Plan, configuration
from assize_sandbox.engines.runc.container import RuncContainer
from assize_sandbox.engines.runc.requirements import check
from assize_sandbox.engines.runc.runtime import Runtime
from assize_sandbox.engines.runc.seccomp import oci_profile
from assize_sandbox.engines.runc.streams import FarEnds, GuestStreams
from assize_sandbox.engines.seccomp import read_profile
from assize_sandbox.engines.surroundings import SANDBOX_UID
from assize_sandbox.errors import SandboxError
from assize_sandbox.images.store import Image
from assize_sandbox.limits import Shape

READY_SECONDS: Final = 30
"""How long a guest may take to say its first word, on a loaded machine."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class RuncEngine:
    """The runc engine. `start` first."""

    def __init__(
        self, image: Image, *, home: Path, seccomp: Path, runtime: tuple[str, ...] = ("runc",)
    ) -> None:
        self._image = image
        self._rootfs = image.rootfs.resolve()
        self._seccomp_file = seccomp
        self._seccomp: dict[str, object] = {}
        self._bundles = Bundles(home.resolve() / "runc-bundles")
        self._runtime = Runtime(runtime, home.resolve() / "runc")
        self._owner = Owner.current()
        self._living: dict[ContainerId, RuncContainer] = {}
        self._chores: set[asyncio.Task[object]] = set()
        self._closed = False

    async def start(self) -> EngineFacts:
        """Check runtime and host, remove what dead owners left behind."""
        await asyncio.to_thread(check, self._rootfs)
        version = await self._runtime.version()
        profile = await asyncio.to_thread(read_profile, self._seccomp_file)
        self._seccomp = oci_profile(profile, platform.machine())
        await asyncio.to_thread(self._bundles.open)
        for container in await asyncio.to_thread(self._bundles.orphans):
            await self._free(container)
        return EngineFacts(
            engine="runc",
            runtime=version,
            image_digest=self._image.digest,
            cgroup=hierarchy(),
            details={"user_namespace": f"the container's root is user {FIRST_HOST_ID} outside"},
            sandbox_uid=FIRST_HOST_ID + SANDBOX_UID,
        )

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Start a container and wait for its guest's first word.

        Cancelling it leaves nothing behind: the container is removed as soon as it is up.
        """
        if self._closed:
            raise SandboxError("the runc engine is closed")
        if not self._seccomp:
            raise SandboxError("the runc engine was not started")
        plan = Plan(self._rootfs, shape, role, self._seccomp, folder)
        starting = self._chore(self._prepare(plan))
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

    async def _prepare(self, plan: Plan) -> RuncContainer:
        container = uuid.uuid4().hex
        try:
            return await self._boot(container, plan)
        except OSError as error:
            await self._free(container)
            raise SandboxError(f"a container could not be started: {error}") from error
        except BaseException:
            await self._free(container)
            raise

    async def _boot(self, container: str, plan: Plan) -> RuncContainer:
        bundle = self._bundles.write(container, self._owner, configuration(plan, container))
        streams, far_ends = GuestStreams.open()
        try:
            process = await self._enter(bundle, container, streams, far_ends)
            cgroup = CgroupReader.of_process(process.pid)
        except BaseException:
            streams.close()
            raise
        made = RuncContainer(
            container,
            streams=streams,
            process=process,
            cgroup=cgroup,
            when_dead=self._free_soon,
        )
        self._living[made.id] = made
        return made

    async def _enter(
        self, bundle: Path, container: str, streams: GuestStreams, far_ends: FarEnds
    ) -> InitProcess:
        try:
            pid = await self._runtime.run(bundle, container, far_ends)
            async with asyncio.timeout(READY_SECONDS):
                await streams.fill()
        except (SandboxError, TimeoutError) as error:
            raise SandboxError(
                f"the guest never got ready ({error}); the last on its standard error: "
                f"{streams.complaint()!r}"
            ) from error
        return InitProcess.open(pid, container)

    async def _free(self, container: str) -> None:
        """Remove whatever there is of a container, and its bundle last: it is how it is found."""
        await self._runtime.delete(container)
        await asyncio.to_thread(self._bundles.remove, container)

    def _free_soon(self, container: ContainerId) -> None:
        """Free what a dead container has left; nobody but `close` waits for it."""
        self._chore(self._free_dead(container))

    async def _free_dead(self, container: ContainerId) -> None:
        try:
            await self._free(container)
        except SandboxError as error:
            # It stays among the living: `close` tries again, and fails if that fails.
            log.warning("a dead container was not freed", extra={"error": str(error)})
        else:
            del self._living[container]

    async def close(self) -> None:
        """Remove every container, those that are being started too. Idempotent."""
        self._closed = True
        await self._until_idle()
        removals = [container.remove() for container in self._living.values()]
        ends = await asyncio.gather(*removals, return_exceptions=True)
        await self._until_idle()
        for container in tuple(self._living):
            await self._free(container)
            del self._living[container]
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _until_idle(self) -> None:
        while self._chores:
            await asyncio.wait(self._chores)


async def discard(starting: asyncio.Task[RuncContainer]) -> None:
    """Remove a container that nobody waits for any more, once it is up."""
    try:
        container = await starting
    except SandboxError:
        return  # It did not come up, and left nothing behind.
    await container.remove()
