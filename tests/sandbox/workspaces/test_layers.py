"""Layers: what a commit costs, what a chain shows, what is kept, what a crash leaves."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.trees import GUEST, Trees, owners

from assize_sandbox.engines.owner import Owner, boot_id, pid_namespace
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.kinds import ViewKind
from assize_sandbox.workspaces.layers import CHAIN_MOST, CHAIN_MOST_BYTES, Layers
from assize_sandbox.workspaces.mounts import OPTIONS_MOST_BYTES, overlay_options
from assize_sandbox.workspaces.nodes import FileNode, FolderNode, SnapshotId, snapshot_id
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views

FILES: dict[str, bytes | str | None] = {f"many/{n}": str(n).encode() for n in range(20)}


@pytest.fixture
def base(trees: Trees) -> FolderNode:
    """A snapshot."""
    return trees.tree(FILES)


def folders(layers: Layers, root: FolderNode) -> tuple[Path, ...]:
    """Return the layers of a snapshot, and let them go again."""
    with layers.chain(root) as chain:
        return chain.folders


def history(trees: Trees, layers: Layers, commits: int) -> list[FolderNode]:
    """Commit so often on a snapshot; return every snapshot, the first one first."""
    roots = [trees.tree(FILES)]
    folders(layers, roots[0])
    for number in range(commits):
        changed = FILES | {f"many/{number % 5}": f"version {number}".encode(), f"new{number}": b""}
        del changed[f"many/{10 + number % 10}"]
        roots.append(trees.tree(changed))
        layers.derive(roots[-2], roots[-1])
    return roots


def test_snapshot_without_layers_becomes_one_whole_layer(
    layers: Layers, trees: Trees, base: FolderNode
) -> None:
    """Made once, and the guest's."""
    (whole,) = folders(layers, base)
    assert trees.scanned(whole) == base
    assert owners(whole) == {(GUEST, GUEST)}
    assert folders(layers, base) == (whole,)


@pytest.mark.parametrize("size", [10, 200])
def test_layer_of_a_commit_holds_what_changed(layers: Layers, trees: Trees, size: int) -> None:
    """However large the tree is."""
    files: dict[str, bytes | str | None] = {f"dir{n}/file": b"x" for n in range(size)}
    before = trees.tree(files)
    changed = files | {"dir1/file": b"other", "dir2": "link", "dir3/new": b""}
    del changed["dir2/file"]
    after = trees.tree(changed)
    whole = folders(layers, before)
    layers.derive(before, after)
    delta, *below = folders(layers, after)
    assert tuple(below) == whole
    assert sorted(str(path.relative_to(delta)) for path in delta.rglob("*")) == [
        "dir1",
        "dir1/file",
        "dir2",
        "dir3",
        "dir3/new",
    ]


def test_every_snapshot_of_a_long_history_is_shown_as_it_was(
    layers: Layers, objects: ObjectStore, trees: Trees, tmp_path: Path
) -> None:
    """Through however many layers, and none of its files is seen to have two names."""
    roots = history(trees, layers, 2 * CHAIN_MOST + 3)
    views = Views(tmp_path / "views", objects, layers, owner=GUEST, kind=ViewKind.OVERLAY)
    views.start()
    try:
        for root in roots:
            view = views.open(root, Shape(), read_only=True)
            try:
                assert trees.scanned(view.folder.path) == root
                files = [path for path in view.folder.path.rglob("*") if path.is_file()]
                assert {path.lstat().st_nlink for path in files} == {1}
            finally:
                view.close()
    finally:
        views.close()


def test_chain_never_grows_past_its_bound(layers: Layers, trees: Trees) -> None:
    """One more on top becomes one on top of the lowest."""
    lengths = [len(folders(layers, root)) for root in history(trees, layers, 2 * CHAIN_MOST)]
    assert max(lengths) == CHAIN_MOST
    assert lengths[CHAIN_MOST] == 2


def test_chain_fits_into_the_options_of_a_mount(objects: ObjectStore, trees: Trees) -> None:
    """However long the path of the layers is: fewer go on top of each other."""
    deep = trees._folder.joinpath(*["d" * 200] * 3)
    layers = Layers(deep, objects, GUEST)
    layers.start()
    roots = history(trees, layers, CHAIN_MOST)
    chains = [folders(layers, root) for root in roots]
    assert 1 < max(map(len, chains)) < CHAIN_MOST
    options = max(len(overlay_options(chain, None, None)) for chain in chains)
    assert options <= CHAIN_MOST_BYTES + 100 < OPTIONS_MOST_BYTES


def test_snapshot_that_is_known_is_not_made_again(layers: Layers, base: FolderNode) -> None:
    """Neither by a commit that comes to it, nor by one that changes nothing."""
    (whole,) = folders(layers, base)
    layers.derive(base, base)
    assert folders(layers, base) == (whole,)


def test_commit_on_a_snapshot_without_layers_makes_none(
    layers: Layers, trees: Trees, base: FolderNode
) -> None:
    """Whoever looks at it first makes it whole."""
    after = trees.tree({"other": b""})
    layers.derive(base, after)
    assert len(folders(layers, after)) == 1


def test_pruning_keeps_what_kept_snapshots_lie_on(layers: Layers, trees: Trees) -> None:
    """And removes the rest."""
    roots = history(trees, layers, 4)
    other = trees.tree({"another": b"workspace"})
    folders(layers, other)
    kept = folders(layers, roots[2])
    assert layers.prune([snapshot_id(roots[2]), SnapshotId("0" * 64)]) == 3
    assert folders(layers, roots[2]) == kept
    assert len(folders(layers, roots[4])) == 1
    assert trees.scanned(folders(layers, roots[4])[0]) == roots[4]


def test_layers_in_use_are_not_pruned(layers: Layers, trees: Trees) -> None:
    """A view would fall apart. They go the next time."""
    roots = history(trees, layers, 2)
    with layers.chain(roots[1]) as chain:
        assert layers.prune([]) == 1
        assert all(folder.is_dir() for folder in chain.folders)
    assert layers.prune([]) == 2


def test_what_was_left_half_made_is_removed_at_start(
    objects: ObjectStore, tmp_path: Path, trees: Trees, base: FolderNode
) -> None:
    """By the dead; and all that another boot of the host made, of which nobody knows how far."""
    folder = tmp_path / "cache"
    first = Layers(folder, objects, GUEST)
    first.start()
    kept = folders(first, base)
    dead = Owner(os.getpid(), 1, boot_id(), pid_namespace()).label
    left = folder / boot_id() / "aside" / dead / "half" / "files"
    of_other_boot = folder / "00000000-0000-0000-0000-000000000000" / str(GUEST)
    for path in (left, of_other_boot):
        path.mkdir(parents=True)
    second = Layers(folder, objects, GUEST)
    second.start()
    assert not left.exists()
    assert not of_other_boot.parent.exists()
    assert folders(second, base) == kept
    assert trees.scanned(kept[0]) == base


def test_layer_whose_parent_is_gone_is_made_anew(layers: Layers, trees: Trees) -> None:
    """Somebody tidied up by hand: nothing is shown that is not whole."""
    roots = history(trees, layers, 1)
    _, below = folders(layers, roots[1])
    shutil.rmtree(below.parent)
    (whole,) = folders(layers, roots[1])
    assert trees.scanned(whole) == roots[1]


def test_layer_that_cannot_be_made_leaves_nothing(
    layers: Layers, trees: Trees, base: FolderNode, objects: ObjectStore, memory: Path
) -> None:
    """An object is missing: refused each time, and no half of it is ever used."""
    node = trees.paths(base)["many/7"]
    assert isinstance(node, FileNode)
    content = objects.read(node.digest)
    objects.delete(node.digest)
    for _ in range(2):
        with pytest.raises(SandboxError, match=node.digest):
            layers.chain(base)
    assert list((memory / "layers" / boot_id() / "aside").glob("*/*")) == []
    objects.put(content)
    assert trees.scanned(folders(layers, base)[0]) == base


def test_set_id_bits_of_a_tree_are_not_written(
    layers: Layers, trees: Trees, base: FolderNode
) -> None:
    """Whoever names it: what a workspace holds gives nobody a right."""
    (whole,) = folders(layers, FolderNode(base.tree, 0o6755))
    assert whole.stat().st_mode & 0o7777 == 0o755
    assert trees.scanned(whole) == base


def test_many_threads_make_a_snapshot_once(layers: Layers, base: FolderNode) -> None:
    """All get the same layers."""
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: folders(layers, base), range(32)))
    assert len(found) == 1


def test_two_processes_make_a_snapshot_each_and_keep_one(
    objects: ObjectStore, tmp_path: Path, base: FolderNode
) -> None:
    """Whoever is second uses what the first one made."""
    both = [Layers(tmp_path / "shared", objects, GUEST) for _ in range(2)]
    for layers in both:
        layers.start()
    with ThreadPoolExecutor(2) as threads:
        found = set(threads.map(lambda layers: folders(layers, base), both))
    assert len(found) == 1
