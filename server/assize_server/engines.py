"""Which engine runs the code on this host."""

import os
import shutil

from assize_sandbox.docker_presence import daemon_answers
from assize_sandbox.engines.base import Engine
from assize_sandbox.engines.docker import DockerEngine
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.errors import EngineUnavailable
from assize_sandbox.images.store import ImageStore
from assize_server.settings import EngineChoice, Settings

SECCOMP_FILE = "seccomp.json"
NOTHING_WORKS = (
    "Assize needs root and an OCI runtime, or a Docker daemon: run this as root after "
    "`apt-get install runc mmdebstrap`, or start Docker and set DOCKER_HOST."
)


def choose(settings: Settings) -> EngineChoice:
    """Return DOCKER or RUNC; AUTO takes Docker where a daemon answers.

    Raises:
        EngineUnavailable: Neither can work here.
    """
    if settings.engine is not EngineChoice.AUTO:
        return settings.engine
    if daemon_answers(settings.docker_url):
        return EngineChoice.DOCKER
    if os.geteuid() == 0 and shutil.which(settings.runtime[0]):
        return EngineChoice.RUNC
    raise EngineUnavailable(NOTHING_WORKS, remedy="apt-get install runc mmdebstrap")


def make(settings: Settings) -> Engine:
    """Return the engine that the settings ask for, not started yet.

    Raises:
        EngineUnavailable: No engine can work here.
        ImageMissing: There is no sandbox image that fits this version.
    """
    choice = choose(settings)
    image = ImageStore(settings.home).current()
    seccomp = settings.policy_folder() / SECCOMP_FILE
    if choice is EngineChoice.DOCKER:
        return DockerEngine(
            image,
            url=settings.docker_url,
            runtime=settings.docker_runtime,
            seccomp=seccomp,
        )
    return RuncEngine(image, home=settings.home, seccomp=seccomp, runtime=settings.runtime)
