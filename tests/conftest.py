"""What tests of every room may ask for: a home with a sandbox image, engines, a daemon."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.dockerd import docker_url as a_docker_url
from support.programs import BEHAVIOURS

from assize_sandbox.engines.base import Engine
from assize_sandbox.engines.docker import DockerEngine
from assize_sandbox.engines.fake import FakeEngine
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.errors import ImageMissing
from assize_sandbox.images.store import Image, ImageStore
from assize_server.settings import DEFAULT_HOME

SECCOMP = Path(__file__).parents[1] / "policies" / "seccomp.json"


def pytest_configure() -> None:
    """Let an interrupt be one: who is started in the background ignores it, and hands that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def home() -> Path:
    """Where images live: ASSIZE_HOME, or where the service keeps them."""
    return Path(os.environ.get("ASSIZE_HOME") or DEFAULT_HOME)


@pytest.fixture(scope="session")
def image(home: Path) -> Image:
    """The sandbox image of this version, built if there is none."""
    store = ImageStore(home)
    try:
        return store.current()
    except ImageMissing:
        return store.build(print)


@pytest.fixture(scope="session")
def docker_url(home: Path) -> Iterator[str | None]:
    """The URL of a Docker daemon (None: the host's usual one)."""
    with a_docker_url(home) as url:
        yield url


def make_engine(name: str, request: pytest.FixtureRequest) -> Engine:
    """Return an engine by name, not started."""
    if name == "fake":
        return FakeEngine(BEHAVIOURS)
    image: Image = request.getfixturevalue("image")
    if name == "docker":
        url = request.getfixturevalue("docker_url")
        return DockerEngine(image, seccomp=SECCOMP, url=url)
    home: Path = request.getfixturevalue("home")
    return RuncEngine(image, home=home, seccomp=SECCOMP)


@pytest.fixture(params=["fake", "runc", "docker"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """Each engine in turn, started."""
    made = make_engine(request.param, request)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(params=["runc", "docker"])
async def real_engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """Each engine that holds real code, started."""
    made = make_engine(request.param, request)
    await made.start()
    try:
        yield made
    finally:
        await made.close()
