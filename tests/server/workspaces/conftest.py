"""A store of workspaces, without a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.workspaces import stored

from assize_server.workspaces.store import WorkspaceStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WorkspaceStore]:
    """An empty store."""
    with stored(tmp_path) as made:
        yield made
