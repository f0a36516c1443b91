"""A served store, a client of it, and folders here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.workspaces import Ground, served

from assize.workspaces import WorkspaceClient


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A store that every test of a module shares; each test names its own workspaces."""
    with served(tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture
def client(ground: Ground) -> Iterator[WorkspaceClient]:
    """A client of it."""
    with WorkspaceClient(ground.address) as made:
        yield made


@pytest.fixture
def shop(ground: Ground, client: WorkspaceClient) -> Iterator[str]:
    """An empty workspace, removed afterwards."""
    ground.caller = "ann"
    client.create("shop")
    yield "shop"
    ground.caller = "ann"
    for each in client.workspaces():
        client.delete(each.name)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A folder here."""
    made = tmp_path / "one"
    made.mkdir()
    return made


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Another folder here."""
    made = tmp_path / "two"
    made.mkdir()
    return made
