"""The images of the Dockerfile, and the service in a container, as docs/deployment.md says.

Nothing here needs a network but the host's own pip and apt, and those only the first time: the
daemon keeps the base image and the layers.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import docker
import grpc
from docker.models.containers import Container

from assize_sandbox.docker_presence import DEFAULT_URL, UNIX

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "assize-base:bookworm"
BUILT_LABEL: Final = "assize.test"
SERVICE_UID: Final = 10001
IN_CONTAINER: Final = "/var/run/docker.sock"
STATE: Final = "/var/lib/assize-state"
STOP_SECONDS: Final = 45
START_SECONDS: Final = 90


@dataclass(frozen=True, slots=True)
class Running:
    """A service in a container."""

    container: Container
    address: str


@dataclass(frozen=True, slots=True)
class Built:
    """The images, by name, and what a container needs to use them."""

    daemon: docker.DockerClient
    docker_socket: Path
    service: str
    sandbox: str
    home: str
    """A volume that holds the sandbox image which the service made from the sandbox target."""

    @contextmanager
    def started(self, without: str = "", state: str = "") -> Iterator[Running]:
        """Start a service; it does not answer yet.

        With the flags of docs/deployment.md, but for `without`: a flag, or a mounted path. What it
        remembers is in the volume `state`, by default one of its own.
        """
        with (
            tempfile.TemporaryDirectory(prefix="assize-rpc-") as folder,
            self.volume(state) as remembered,
        ):
            os.chown(folder, SERVICE_UID, SERVICE_UID)
            container = self._create(Path(folder), remembered, without)
            try:
                container.start()
                yield Running(container, f"unix://{folder}/rpc.sock")
            finally:
                container.stop(timeout=STOP_SECONDS)
                container.remove(force=True)

    @contextmanager
    def volume(self, name: str = "") -> Iterator[str]:
        """Give the name of a volume: this one, or one that is removed afterwards."""
        if name:
            yield name
            return
        made = self.daemon.volumes.create()
        try:
            yield str(made.name)
        finally:
            made.remove(force=True)

    def _create(self, sockets: Path, state: str, without: str) -> Container:
        mounted = {
            IN_CONTAINER: f"{self.docker_socket}:{IN_CONTAINER}",
            "/sys/fs/cgroup": "/sys/fs/cgroup:/sys/fs/cgroup:ro",
            "/var/lib/assize": f"{self.home}:/var/lib/assize:ro",
            STATE: f"{state}:{STATE}",
            "/run/assize": f"{sockets}:/run/assize",
        }
        return self.daemon.containers.create(
            self.service,
            network_mode="none",
            pid_mode=None if without == "--pid" else "host",
            cgroupns="host",
            group_add=[] if without == "--group-add" else [self.docker_socket.stat().st_gid],
            read_only=True,
            tmpfs={"/tmp": ""},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            volumes=[volume for path, volume in mounted.items() if path != without],
        )


def wait_until_serving(running: Running) -> None:
    """Wait until a service answers on its socket."""
    with grpc.insecure_channel(running.address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=START_SECONDS)
        except grpc.FutureTimeoutError:
            said = running.container.logs().decode()
            raise AssertionError(f"the service does not answer:\n{said}") from None


def url_of(docker_url: str | None) -> str:
    """Return the URL that None stands for."""
    return docker_url or os.environ.get("DOCKER_HOST") or DEFAULT_URL


def socket_of(url: str) -> Path:
    """Return the path of the daemon's socket."""
    return Path(url.removeprefix(UNIX))


def prepare(tool: str, **environment: str) -> None:
    """Run one of the tools that prepare a build on the host."""
    known = {**os.environ, "PYTHON": sys.executable, **environment}
    subprocess.run([ROOT / tool], check=True, cwd=ROOT, env=known)


def build_all(daemon: docker.DockerClient) -> tuple[str, str]:
    """Build both targets; return the names of the service's image and of the sandbox's."""
    # A stage without a name could not be used again once what has none is pruned.
    build(daemon, "build")
    names = build(daemon, "service"), build(daemon, "sandbox")
    daemon.images.prune(filters={"dangling": True, "label": BUILT_LABEL})
    return names


def build(daemon: docker.DockerClient, target: str) -> str:
    """Build a target without a network and return the name of the image."""
    name = f"assize/{target}:test"
    daemon.images.build(
        path=str(ROOT),
        target=target,
        tag=name,
        network_mode="none",
        buildargs={"BASE_IMAGE": BASE},
        labels={BUILT_LABEL: target},
        rm=True,
        forcerm=True,
    )
    return name


def fill(made: Built) -> None:
    """Have the service's own image make the sandbox image; the one step that needs root."""
    made.daemon.containers.run(
        made.service,
        ["image", "build", "--source", f"docker:{made.sandbox}"],
        user="0",
        network_mode="none",
        volumes=[f"{made.docker_socket}:{IN_CONTAINER}", f"{made.home}:/var/lib/assize"],
        remove=True,
    )
