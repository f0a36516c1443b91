"""A store, and views of both kinds on it; whatever a test leaves mounted is its failure."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.trees import GUEST, Trees, mounts_in

from assize_sandbox.workspaces.kinds import ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.mounts import mount_tmpfs, unmount
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing waits for a disk."""
    folder = tmp_path / "memory"
    folder.mkdir()
    mount_tmpfs(folder, owner=os.getuid())
    try:
        yield folder
    finally:
        unmount(folder)


@pytest.fixture
def objects(memory: Path) -> ObjectStore:
    """An empty store."""
    return ObjectStore(memory / "objects")


@pytest.fixture
def trees(objects: ObjectStore, memory: Path) -> Trees:
    """Trees in that store."""
    return Trees(objects, memory / "written")


@pytest.fixture
def layers(objects: ObjectStore, memory: Path) -> Layers:
    """An empty cache of layers."""
    made = Layers(memory / "layers", objects, GUEST)
    made.start()
    return made


@pytest.fixture(params=list(ViewKind))
def kind(request: pytest.FixtureRequest) -> ViewKind:
    """Each kind of view in turn."""
    return ViewKind(request.param)


@pytest.fixture
def views(kind: ViewKind, objects: ObjectStore, tmp_path: Path, layers: Layers) -> Iterator[Views]:
    """Views of one kind, started. What a test leaves open is its failure."""
    folder = tmp_path / "views"
    made = Views(folder, objects, layers, owner=GUEST, kind=kind)
    made.start()
    try:
        yield made
        left = mounts_in(folder)
    finally:
        made.close()
    assert left == []
    assert list(folder.iterdir()) == []
