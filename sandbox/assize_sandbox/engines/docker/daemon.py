"""The Docker daemon's API, off the event loop.

The `docker` package blocks, so every call runs in a thread of a small pool of our own: a slow
daemon cannot starve the rest of the service. Its errors become ours here and nowhere else.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import docker
from docker.errors import DockerException, ImageNotFound, NotFound
from requests import Response
from requests.exceptions import RequestException

from assize_sandbox.docker_presence import DEFAULT_URL
from assize_sandbox.engines.docker.barriers import OWNER_LABEL
from assize_sandbox.errors import EngineUnavailable, ImageMissing, SandboxError

CALLS_AT_ONCE: Final = 8
CALL_SECONDS: Final = 60
START_REMEDY: Final = "systemctl start docker"
GROUP_REMEDY: Final = (
    "run as a member of the socket's group; in a container, say --group-add with the number of "
    "that group (stat -c %g /var/run/docker.sock)"
)
T = TypeVar("T")


class Attached(Protocol):
    """What the client's `attach_socket` returns."""

    _response: Response

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


class CreatesContainers(Protocol):
    """The part of the client whose types its stubs leave out."""

    def create_container_from_config(
        self, config: dict[str, object], name: str | None = None
    ) -> Mapping[str, object]:
        """Send `POST /containers/create`."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What the daemon knows of a container."""

    pid: int
    """The init process on the host; 0 when it does not run."""
    exit_code: int
    oom_killed: bool


class Daemon:
    """One connection to a daemon on this host."""

    def __init__(self, url: str | None = None) -> None:
        self.url = url or os.environ.get("DOCKER_HOST") or DEFAULT_URL
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="docker")
        self._connected: docker.APIClient | None = None

    async def connect(self) -> None:
        """Find the daemon and agree on a version of its API.

        Raises:
            EngineUnavailable: There is none, it is not on this host, or it refuses us.
        """
        if not self.url.startswith("unix://"):
            raise EngineUnavailable(
                f"the Docker daemon at {self.url} is not on this host, and limits are measured "
                "from the host's own kernel",
                remedy="run the service where the daemon runs, with DOCKER_HOST=unix:///…",
            )
        try:
            self._connected = await self._in_thread(self._connect)
        except (DockerException, RequestException, OSError) as error:
            raise EngineUnavailable(
                f"no Docker daemon answers at {self.url}: {error}", remedy=self._remedy()
            ) from error

    def _remedy(self) -> str:
        path = Path(self.url.removeprefix("unix://"))
        closed = path.exists() and not os.access(path, os.W_OK)
        return GROUP_REMEDY if closed else START_REMEDY

    def _connect(self) -> docker.APIClient:
        return docker.APIClient(
            base_url=self.url,
            version="auto",
            timeout=CALL_SECONDS,
            num_pools=CALLS_AT_ONCE,
        )

    @property
    def client(self) -> docker.APIClient:
        """The connected client; blocking.

        Raises:
            EngineUnavailable: `connect` has not succeeded.
        """
        if self._connected is None:
            raise EngineUnavailable("the Docker engine was not started")
        return self._connected

    async def info(self) -> Mapping[str, object]:
        """Return what the daemon says of itself and its host (`GET /info`)."""
        return await self.call("tell about itself", lambda: dict(self.client.info()))

    async def versions(self) -> Mapping[str, str]:
        """Return the version of each part of the daemon (`Engine`, `runc` …) by its name."""

        def versions() -> Mapping[str, str]:
            parts = self.client.version().get("Components", [])
            return {str(part["Name"]): str(part["Version"]) for part in parts}

        return await self.call("tell its version", versions)

    async def create(self, name: str, configuration: Mapping[str, object]) -> str:
        """Create a container that does not run yet; return its id.

        Raises:
            SandboxError: It could not be made, or not with every barrier that was asked for.
        """

        def create() -> str:
            client: CreatesContainers = self.client
            made = client.create_container_from_config(dict(configuration), name=name)
            # SECURITY: what the kernel cannot do the daemon leaves out, and only warns.
            if made.get("Warnings"):
                raise SandboxError(f"the Docker daemon left out a barrier: {made['Warnings']}")
            return str(made["Id"])

        return await self.call("create a container", create)

    async def attach(self, container: str) -> socket.socket:
        """Return a socket on a container's standard streams, before it starts.

        A copy of the client's own descriptor: that one belongs to a response object, which is free
        to close it.
        """

        def attach() -> socket.socket:
            parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            theirs: Attached = self.client.attach_socket(container, parameters)
            ours = socket.socket(fileno=os.dup(theirs.fileno()))
            # The response's own descriptor, or it would stay open until it is collected.
            theirs._response.close()  # noqa: SLF001 - the package gives no other way
            return ours

        return await self.call("attach to a container", attach)

    async def start(self, container: str) -> State:
        """Start a container and return its state."""

        def start() -> State:
            self.client.start(container)
            return self._state(container)

        return await self.call("start a container", start)

    async def ended(self, container: str) -> State:
        """Wait until the daemon too knows that a container is dead; return its last state."""

        def ended() -> State:
            self.client.wait(container, timeout=CALL_SECONDS)
            return self._state(container)

        return await self.call("wait for a container", ended)

    def _state(self, container: str) -> State:
        state = self.client.inspect_container(container)["State"]
        return State(int(state["Pid"]), int(state["ExitCode"]), bool(state["OOMKilled"]))

    async def remove(self, container: str) -> None:
        """Kill and remove a container, by id or name. One that is not there is no error."""

        def remove() -> None:
            try:
                self.client.remove_container(container, v=True, force=True)
            except NotFound:
                return

        await self.call("remove a container", remove)

    def kill_soon(self, container: str) -> None:
        """Have the daemon kill a container; does not wait. A dead one is no error."""

        def kill() -> None:
            try:
                self.client.kill(container)
            except (DockerException, RequestException):
                # It is dead already, or `remove` will meet the same error and report it.
                return

        self._threads.submit(kill)

    async def owned(self) -> tuple[tuple[str, str], ...]:
        """Return the id and the owner's label of every container that Assize made."""

        def owned() -> tuple[tuple[str, str], ...]:
            found = self.client.containers(all=True, filters={"label": OWNER_LABEL})
            return tuple((str(one["Id"]), str(one["Labels"][OWNER_LABEL])) for one in found)

        return await self.call("list containers", owned)

    async def call(self, purpose: str, blocking: Callable[[], T]) -> T:
        """Run a blocking call in a thread.

        Raises:
            ImageMissing: The daemon does not have the image.
            SandboxError: The daemon refused, or did not answer in time.
        """
        try:
            return await self._in_thread(blocking)
        except ImageNotFound as error:
            raise ImageMissing(
                f"the Docker daemon has no such image: {error}", remedy="assize image build"
            ) from error
        except (DockerException, RequestException, OSError) as error:
            raise SandboxError(f"the Docker daemon could not {purpose}: {error}") from error

    async def _in_thread(self, blocking: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, blocking)

    async def close(self) -> None:
        """Let go of the connection and the threads. Idempotent."""
        await asyncio.to_thread(self._threads.shutdown)
        if self._connected is not None:
            self._connected.close()
