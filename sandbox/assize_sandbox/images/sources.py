"""Where the base of an image comes from: a local Docker image, or Debian's packages."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from assize_sandbox.docker_presence import daemon_answers
from assize_sandbox.errors import SandboxError
from assize_sandbox.images import apt
from assize_sandbox.images.digest import combined

Progress = Callable[[str], None]

AUTO: Final = "auto"
MMDEBSTRAP: Final = "mmdebstrap"
DOCKER_PREFIX: Final = "docker:"
SUITE: Final = "bookworm"
PACKAGES: Final = "python3"
OPTIONS: Final = (
    "--mode=root",
    "--variant=minbase",
    f"--include={PACKAGES}",
    "--format=tar",
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)
OWN_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
LOOKED_FOR: Final = tuple(
    f"python:{OWN_PYTHON}{flavour}" for flavour in ("-slim-bookworm", "-slim", "-bookworm", "")
)
"""Docker images that `auto` takes if they are there; their Python must be the service's own."""
DAEMON_SECONDS: Final = 120
LAST_LINES: Final = 6
CHUNK_BYTES: Final = 2 << 20


class InspectsImages(Protocol):
    """The part of the client whose types its stubs leave out."""

    def inspect_image(self, image: str) -> Mapping[str, Any]:
        """Send `GET /images/NAME/json`."""
        ...


class BaseSource(Protocol):
    """Something that a base can be made from."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def key(self) -> str:
        """Return what decides the base: the same key may be answered from the cache.

        Raises:
            SandboxError: There is no such source here.
        """
        ...

    def export(self, archive: Path, progress: Progress) -> None:
        """Write the base to `archive`, an uncompressed tar.

        Raises:
            SandboxError: It could not be made.
        """
        ...


def choose(wanted: str) -> BaseSource:
    """Return the source that `auto`, `docker:NAME` or `mmdebstrap` means on this host.

    Raises:
        SandboxError: It means nothing, cannot work here, or we are not root.
    """
    if os.geteuid() != 0:
        raise SandboxError(
            f"building an image needs root, and this is uid {os.geteuid()}",
            remedy="sudo assize image build",
        )
    if wanted == AUTO:
        found = local_docker_image()
        return DockerSource(found) if found else MmdebstrapSource()
    if wanted == MMDEBSTRAP:
        return MmdebstrapSource()
    if image := wanted.removeprefix(DOCKER_PREFIX) if wanted.startswith(DOCKER_PREFIX) else "":
        return DockerSource(image)
    raise SandboxError(
        f"there is no source of images called {wanted!r}",
        remedy=f"say {AUTO}, {MMDEBSTRAP} or {DOCKER_PREFIX}NAME",
    )


class MmdebstrapSource:
    """Debian's own packages, from the mirrors of the host's apt."""

    def __init__(
        self, mirrors: tuple[str, ...] | None = None, *, extra_options: tuple[str, ...] = ()
    ) -> None:
        self._mirrors = apt.sources(SUITE) if mirrors is None else mirrors
        self._options = (*OPTIONS, *extra_options)

    @property
    def name(self) -> str:
        """Program and suite."""
        return f"{MMDEBSTRAP} {SUITE}"

    def key(self) -> str:
        """Return the digest of options and mirrors."""
        return combined({"options": "\0".join(self._options), "mirrors": "\0".join(self._mirrors)})

    def export(self, archive: Path, progress: Progress) -> None:
        """Install the packages into a root of mmdebstrap's own and pack that."""
        if shutil.which(MMDEBSTRAP) is None:
            raise SandboxError(
                "there is no mmdebstrap, and no Docker daemon that has one of "
                + ", ".join(LOOKED_FOR),
                remedy="apt-get install mmdebstrap",
            )
        transport = archive.with_name("transport.conf")
        transport.write_text(apt.transport())
        command = [MMDEBSTRAP, *self._options, f"--aptopt={transport}", SUITE, str(archive)]
        _run([*command, *self._arguments(archive.parent)], progress)

    def _arguments(self, folder: Path) -> Iterator[str]:
        """Yield what mmdebstrap is told of mirrors; nothing is its own default."""
        for number, mirror in enumerate(self._mirrors):
            if mirror.startswith("deb "):
                yield mirror
            else:
                file = folder / f"mirror-{number}.sources"
                file.write_text(f"{mirror}\n")
                yield str(file)


def _run(command: list[str], progress: Progress) -> None:
    """Run mmdebstrap, telling its steps."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        for line in process.stderr or ():
            last.append(line.strip())
            if line.startswith("I: "):
                progress(line.removeprefix("I: ").strip())
    if process.returncode:
        raise SandboxError(
            f"mmdebstrap ended with status {process.returncode}: {' / '.join(last)}",
            remedy="see that `apt-get update` works on this host",
        )


class DockerSource:
    """An image that a Docker daemon has already. Nothing is pulled."""

    def __init__(self, image: str) -> None:
        self._image = image

    @property
    def name(self) -> str:
        """As it was asked for."""
        return f"{DOCKER_PREFIX}{self._image}"

    def key(self) -> str:
        """Return the image's id."""
        with daemon() as client, translated(self._image):
            inspecting: InspectsImages = client
            return str(inspecting.inspect_image(self._image)["Id"])

    def export(self, archive: Path, progress: Progress) -> None:
        """Export a container that never starts."""
        progress(f"exporting the Docker image {self._image}")
        with daemon() as client, translated(self._image):
            container = client.create_container(self._image, command=["true"])["Id"]
            try:
                with archive.open("wb") as file:
                    file.writelines(client.export(container, chunk_size=CHUNK_BYTES))
            finally:
                client.remove_container(container, v=True, force=True)


@contextlib.contextmanager
def daemon() -> Iterator[docker.APIClient]:
    """Talk to the daemon that the environment names.

    Raises:
        SandboxError: None answers.
    """
    if not daemon_answers(None):
        raise SandboxError("no Docker daemon answers", remedy="systemctl start docker")
    try:
        client = docker.from_env(timeout=DAEMON_SECONDS).api
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        raise SandboxError(
            f"no Docker daemon answers: {error}", remedy="systemctl start docker"
        ) from error
    with contextlib.closing(client):
        yield client


@contextlib.contextmanager
def translated(image: str) -> Iterator[None]:
    """Turn the daemon's errors about an image into ours."""
    try:
        yield
    except ImageNotFound as error:
        raise SandboxError(
            f"the Docker daemon has no image {image!r}", remedy=f"docker pull {image}"
        ) from error
    except (APIError, RequestException) as error:
        raise SandboxError(
            f"the Docker daemon could not export {image!r}: {error}",
            remedy=f"see that `docker create {image} true` works",
        ) from error


def local_docker_image() -> str | None:
    """Return the first image that will do and that a daemon here has; None also without one."""
    try:
        with daemon() as client:
            tags = {tag for image in client.images() for tag in image.get("RepoTags") or ()}
    except SandboxError:
        return None
    return next((name for name in LOOKED_FOR if name in tags), None)
