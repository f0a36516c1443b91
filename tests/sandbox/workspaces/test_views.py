"""What a run sees of a workspace, what it may do to it, and what is found of that afterwards."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from support.trees import GUEST, LIMITS, Trees, mounts_in, owners

from assize_sandbox.engines.owner import Owner, boot_id, pid_namespace
from assize_sandbox.errors import SandboxError, ViewUnavailable
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces import rooms, trial
from assize_sandbox.workspaces.kinds import View, ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.mounts import MountRefused, mount_tmpfs
from assize_sandbox.workspaces.nodes import FileNode, FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views

SHAPE = Shape(disk_bytes=1024 * 1024, disk_inodes=32)
FILES: dict[str, bytes | str | None] = {
    "README": b"read me\n",
    "src/main.py": b"print('hello')\n",
    "src/lib/deep.py": b"x = 1\n",
    "data/table.csv": b"a,b\n1,2\n" * 1000,
    "link": "../outside",
    "empty": None,
}


@pytest.fixture
def base(trees: Trees) -> FolderNode:
    """A workspace with a little of everything."""
    return trees.tree(FILES)


def change(folder: Path) -> None:
    """Do each kind of change once."""
    (folder / "new").write_bytes(b"new")
    (folder / "README").write_bytes(b"other\n")
    with (folder / "src/main.py").open("ab") as file:
        file.write(b"# more\n")
    os.truncate(folder / "data/table.csv", 5)
    (folder / "link").unlink()
    (folder / "src/lib").rename(folder / "lib")
    (folder / "lib/deep.py").chmod(0o755)
    (folder / "empty").rmdir()
    (folder / "empty").write_bytes(b"a file now")
    (folder / "made/inside").mkdir(parents=True)
    (folder / "made/to").symlink_to("../README")
    os.link(folder / "README", folder / "made/twin")


def test_view_shows_the_tree_it_begins_with(views: Views, base: FolderNode, trees: Trees) -> None:
    """Every path, byte, mode and link of it, and all of it is the guest's to change."""
    view = views.open(base, SHAPE)
    try:
        assert trees.scanned(view.folder.path) == base
        assert owners(view.folder.path) == {(GUEST, GUEST)}
        assert {path.lstat().st_nlink for path in view.folder.path.rglob("*.py")} == {1}
    finally:
        view.close()


def test_view_that_nobody_changed_comes_to_the_same_tree(views: Views, base: FolderNode) -> None:
    """Reading leaves nothing."""
    view = views.open(base, SHAPE)
    try:
        (view.folder.path / "src/main.py").read_bytes()
        (view.folder.path / "src/main.py").touch()
        assert view.collect(LIMITS).root == base
    finally:
        view.close()


def test_changes_come_to_the_tree_that_a_plain_folder_would(
    views: Views, base: FolderNode, trees: Trees, tmp_path: Path
) -> None:
    """Made, written, cut, removed, renamed, linked: nothing is missed and nothing invented."""
    plain = tmp_path / "plain"
    view = views.open(base, SHAPE)
    try:
        shutil.copytree(view.folder.path, plain, symlinks=True)
        change(plain)
        change(view.folder.path)
        found = view.collect(LIMITS)
    finally:
        view.close()
    assert trees.paths(found.root) == trees.paths(trees.scanned(plain))
    assert found.root == trees.scanned(plain)
    assert found.specials == ()


def test_run_begins_with_the_submitted_files(views: Views, base: FolderNode, trees: Trees) -> None:
    """What was put into the snapshot, replaced in it or removed from it is seen so."""
    start = trees.tree({"README": b"submitted", "src": b"no folder now", "added/new.py": b"1\n"})
    view = views.open(base, SHAPE, start=start)
    try:
        assert trees.scanned(view.folder.path) == start
        shutil.rmtree(view.folder.path / "added")
        expected = trees.tree({"README": b"submitted", "src": b"no folder now"})
        assert view.collect(LIMITS).root == expected
    finally:
        view.close()


def test_views_of_one_snapshot_do_not_see_each_other(views: Views, base: FolderNode) -> None:
    """What one run does is in no other run, and not in the snapshot."""
    one, other = views.open(base, SHAPE), views.open(base, SHAPE)
    try:
        change(one.folder.path)
        assert other.collect(LIMITS).root == base
    finally:
        one.close()
        other.close()
    later = views.open(base, SHAPE)
    try:
        assert later.collect(LIMITS).root == base
    finally:
        later.close()


def test_committed_tree_is_shown_to_the_next_run(
    views: Views, base: FolderNode, trees: Trees
) -> None:
    """With a layer made of the change, and without."""
    view = views.open(base, SHAPE)
    try:
        change(view.folder.path)
        after = view.collect(LIMITS).root
    finally:
        view.close()
    views.derive(base, after)
    for root in (after, base):
        view = views.open(root, SHAPE)
        try:
            assert trees.scanned(view.folder.path) == root
        finally:
            view.close()


ATTEMPTS: dict[str, Callable[[Path], object]] = {
    "write": lambda folder: (folder / "README").write_bytes(b"x"),
    "create": lambda folder: (folder / "new").write_bytes(b"x"),
    "remove": lambda folder: (folder / "README").unlink(),
    "rename": lambda folder: (folder / "src").rename(folder / "there"),
    "chmod": lambda folder: (folder / "README").chmod(0o777),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_read_only_view_cannot_be_changed(views: Views, base: FolderNode, attempt: str) -> None:
    """Not even by root on the host."""
    view = views.open(base, SHAPE, read_only=True)
    try:
        assert view.folder.read_only
        with pytest.raises(OSError, match="Read-only") as refused:
            ATTEMPTS[attempt](view.folder.path)
        assert refused.value.errno == errno.EROFS
        assert view.collect(LIMITS).root == base
    finally:
        view.close()


def fill_with_bytes(folder: Path) -> None:
    with (folder / "large").open("wb", buffering=0) as file:
        for _ in range(2 * SHAPE.disk_bytes // 65536):
            file.write(b"x" * 65536)


def fill_with_files(folder: Path) -> None:
    for number in range(2 * SHAPE.disk_inodes + len(FILES) + 16):
        (folder / f"file{number}").touch()


@pytest.mark.parametrize("fill", [fill_with_bytes, fill_with_files])
def test_disk_of_a_run_is_bounded(
    views: Views, base: FolderNode, fill: Callable[[Path], None]
) -> None:
    """In bytes and in files; what fits is still collected."""
    view = views.open(base, SHAPE)
    try:
        with pytest.raises(OSError, match="No space") as refused:
            fill(view.folder.path)
        assert refused.value.errno == errno.ENOSPC
        assert view.collect(LIMITS).specials == ()
    finally:
        view.close()


def test_submitted_files_leave_the_run_its_disk(views: Views, trees: Trees) -> None:
    """What the run begins with does not count against what it may write."""
    start = trees.tree({"submitted": b"x" * (SHAPE.disk_bytes - 4096)})
    view = views.open(trees.tree({}), SHAPE, start=start)
    try:
        own = b"y" * (SHAPE.disk_bytes - 65536)
        assert (view.folder.path / "own").write_bytes(own) == len(own)
        assert (view.folder.path / "own").read_bytes() == own
    finally:
        view.close()


def test_workspace_of_more_files_than_a_disk_may_be_emptied(views: Views, trees: Trees) -> None:
    """To remove what was there takes no part of the inodes that a run may use."""
    files: dict[str, bytes | str | None] = {
        f"many/{number}": b"" for number in range(4 * SHAPE.disk_inodes)
    }
    view = views.open(trees.tree(files), SHAPE)
    try:
        shutil.rmtree(view.folder.path / "many")
        assert view.collect(LIMITS).root == trees.tree({})
    finally:
        view.close()


def test_view_lets_no_device_and_no_set_id_bit_work(views: Views, base: FolderNode) -> None:
    """The mount itself says so, whatever a container's own says."""
    view = views.open(base, SHAPE)
    try:
        flags = os.statvfs(view.folder.path).f_flag
        assert flags & os.ST_NOSUID
        assert flags & os.ST_NODEV
    finally:
        view.close()


def test_nobody_else_on_the_host_reaches_a_view(
    views: Views, base: FolderNode, memory: Path
) -> None:
    """The folder that a view is in is closed to other users, and so are the layers below."""
    view = views.open(base, SHAPE)
    try:
        room, layers = view.folder.path.parent.stat(), (memory / "layers").stat()
        assert (room.st_uid, stat.S_IMODE(room.st_mode)) == (GUEST, 0o700)
        assert (layers.st_uid, stat.S_IMODE(layers.st_mode)) == (os.getuid(), 0o700)
    finally:
        view.close()


def test_closed_view_is_gone_and_stays_so(views: Views, base: FolderNode, tmp_path: Path) -> None:
    """Closing twice is no error; collecting afterwards is."""
    view = views.open(base, SHAPE)
    change(view.folder.path)
    view.close()
    view.close()
    assert mounts_in(tmp_path / "views") == []
    assert not view.folder.path.exists()
    with pytest.raises(SandboxError, match="closed"):
        view.collect(LIMITS)


def test_view_that_cannot_be_made_leaves_nothing(
    views: Views, base: FolderNode, trees: Trees, objects: ObjectStore, tmp_path: Path
) -> None:
    """An object is missing: refused, and neither mount nor folder is left."""
    lost = trees.tree({"lost": b"this will be lost"})
    node = trees.paths(lost)["lost"]
    assert isinstance(node, FileNode)
    objects.delete(node.digest)
    with pytest.raises(SandboxError, match=node.digest):
        views.open(base, SHAPE, start=lost)
    assert mounts_in(tmp_path / "views") == []


def dead_owner() -> Owner:
    """Return the label of a process that had our number before us."""
    return Owner(os.getpid(), 1, boot_id(), pid_namespace())


def test_what_dead_processes_left_is_removed_at_start(
    kind: ViewKind, objects: ObjectStore, layers: Layers, tmp_path: Path
) -> None:
    """Mounts and folders of the dead go, those of the living stay."""
    folder = tmp_path / "views"
    mounted = folder / dead_owner().label / "mounted"
    half_made = folder / dead_owner().label / "half made"
    of_living = folder / Owner.current().label / "mounted"
    for path in (mounted, half_made, of_living):
        path.mkdir(parents=True)
    for path in (mounted, of_living):
        mount_tmpfs(path, owner=GUEST)
    (mounted / "workspace").mkdir()
    mount_tmpfs(mounted / "workspace", owner=GUEST)
    (mounted / "workspace" / "left").write_bytes(b"by a run")
    views = Views(folder, objects, layers, owner=GUEST, kind=kind)
    try:
        views.start()
        assert mounts_in(folder) == [str(of_living)]
        assert not mounted.parent.exists()
    finally:
        views.close()
    assert mounts_in(folder) == []


def test_host_that_mounts_overlays_has_overlay_views(
    objects: ObjectStore, layers: Layers, tmp_path: Path
) -> None:
    """The better kind is taken where it works, and the trial leaves nothing."""
    views = Views(tmp_path / "views", objects, layers, owner=GUEST)
    try:
        assert views.start() is ViewKind.OVERLAY
        assert mounts_in(tmp_path / "views") == []
    finally:
        views.close()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EPERM, errno.ENODEV])
def test_host_that_mounts_no_overlay_has_copies(
    objects: ObjectStore,
    layers: Layers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    """A kernel without overlay, or one that does not let us."""

    def refuse(*_: object) -> None:
        raise MountRefused("overlay could not be mounted", number)

    monkeypatch.setattr(trial, "mount_overlay", refuse)
    views = Views(tmp_path / "views", objects, layers, owner=GUEST)
    try:
        assert views.start() is ViewKind.COPY
        assert mounts_in(tmp_path / "views") == []
    finally:
        views.close()


def test_host_that_mounts_nothing_is_refused(
    objects: ObjectStore, layers: Layers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a tmpfs the disk of a run would have no bound: no view at all, and a remedy."""

    def refuse(*_: object, **__: object) -> None:
        raise MountRefused("tmpfs could not be mounted", errno.EPERM)

    monkeypatch.setattr(rooms, "mount_tmpfs", refuse)
    views = Views(tmp_path / "views", objects, layers, owner=GUEST)
    with pytest.raises(ViewUnavailable) as refused:
        views.start()
    assert "CAP_SYS_ADMIN" in refused.value.remedy
    views.close()


def test_views_that_were_not_started_open_none(
    objects: ObjectStore, layers: Layers, tmp_path: Path, base: FolderNode
) -> None:
    """Nothing is assumed of a host that was not looked at."""
    views = Views(tmp_path / "views", objects, layers, owner=GUEST)
    with pytest.raises(SandboxError, match="not started"):
        views.open(base, SHAPE)


def test_path_of_any_characters_is_mounted(
    trees: Trees, objects: ObjectStore, tmp_path: Path
) -> None:
    """Commas, colons and backslashes are overlay's own; in a path they are only characters."""
    odd = tmp_path / "a,b:c\\d e"
    layers = Layers(odd / "layers", objects, GUEST)
    views = Views(odd / "views", objects, layers, owner=GUEST, kind=ViewKind.OVERLAY)
    views.start()
    base = trees.tree(FILES)
    view: View = views.open(base, SHAPE)
    try:
        assert trees.scanned(view.folder.path) == base
    finally:
        view.close()
        views.close()
