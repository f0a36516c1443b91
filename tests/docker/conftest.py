"""The images, built once, and a service that runs in one of them."""

from collections.abc import Iterator
from contextlib import closing

import docker
import pytest
from support.service_image import (
    Built,
    Running,
    build_all,
    fill,
    prepare,
    socket_of,
    url_of,
    wait_until_serving,
)


@pytest.fixture(scope="session")
def daemon(docker_url: str | None) -> Iterator[docker.DockerClient]:
    """The daemon that builds and runs everything."""
    with closing(docker.DockerClient(base_url=url_of(docker_url), timeout=300)) as client:
        yield client


@pytest.fixture(scope="session")
def built(daemon: docker.DockerClient, docker_url: str | None) -> Iterator[Built]:
    """Both targets, and the sandbox image that the service makes of the second."""
    url = url_of(docker_url)
    prepare("tools/wheels")
    prepare("tools/base-image", DOCKER_HOST=url)
    service, sandbox = build_all(daemon)
    volume = daemon.volumes.create()
    try:
        made = Built(daemon, socket_of(url), service, sandbox, str(volume.name))
        fill(made)
        yield made
    finally:
        volume.remove(force=True)


@pytest.fixture(scope="session")
def service(built: Built) -> Iterator[Running]:
    """A service that answers."""
    with built.started() as running:
        wait_until_serving(running)
        yield running
