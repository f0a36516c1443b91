"""A store, and views of both kinds on it; whatever a test leaves mounted is its failure."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.trees import GUEST, Trees, mounts_in

from assize_sandbox.workspaces.kinds import ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views

MakeViews = Callable[..., Views]


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """An empty store."""
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def trees(objects: ObjectStore, tmp_path: Path) -> Trees:
    """Trees in that store."""
    return Trees(objects, tmp_path / "written")


@pytest.fixture
def layers(objects: ObjectStore, tmp_path: Path) -> Layers:
    """An empty cache of layers."""
    made = Layers(tmp_path / "layers", objects, GUEST)
    made.start()
    return made


@pytest.fixture(params=list(ViewKind))
def kind(request: pytest.FixtureRequest) -> ViewKind:
    """Each kind of view in turn."""
    return ViewKind(request.param)


@pytest.fixture
def views(kind: ViewKind, objects: ObjectStore, tmp_path: Path, layers: Layers) -> Iterator[Views]:
    """Views of one kind, started."""
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
