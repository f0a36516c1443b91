"""What hostile code may leave in a view: told, left out, never followed, never waited for."""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.trees import LIMITS, Trees

from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.collected import Collected, CollectLimits
from assize_sandbox.workspaces.descent import Descent
from assize_sandbox.workspaces.kinds import View, ViewKind
from assize_sandbox.workspaces.nodes import DEPTH_MOST, PATH_MOST_BYTES, FileNode, FolderNode
from assize_sandbox.workspaces.scan import SPECIALS_MOST, exactly
from assize_sandbox.workspaces.specials import Special
from assize_sandbox.workspaces.views import Views

SHAPE = Shape(disk_bytes=16 * 1024 * 1024, disk_inodes=4096)
KEPT: dict[str, bytes | str | None] = {"kept": b"as it was", "folder/inner": b"inner"}


@pytest.fixture
def base(trees: Trees) -> FolderNode:
    """A small workspace."""
    return trees.tree(KEPT)


@pytest.fixture
def view(views: Views, base: FolderNode) -> Iterator[View]:
    """A view of it."""
    opened = views.open(base, SHAPE)
    try:
        yield opened
    finally:
        opened.close()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def character_device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def block_device(path: Path) -> None:
    os.mknod(path, stat.S_IFBLK | 0o666, os.makedev(7, 0))


SPECIAL_FILES: dict[Callable[[Path], None], str] = {
    fifo: "is a FIFO",
    listener: "is a socket",
    character_device: "is a character device",
    block_device: "is a block device",
}


@pytest.mark.parametrize("make", SPECIAL_FILES)
def test_special_file_is_told_and_left_out(
    view: View, base: FolderNode, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    """A FIFO is not waited for, a device not opened; in the tree there is nothing of it."""
    monkeypatch.chdir(view.folder.path)  # The name of a socket must be short.
    make(Path("odd"))
    assert view.collect(LIMITS) == Collected(base, (Special("odd", SPECIAL_FILES[make]),))


def test_special_file_in_place_of_a_file_is_told_and_the_file_is_gone(
    view: View, trees: Trees
) -> None:
    """The loss of what stood there is seen beside what stands there now."""
    (view.folder.path / "kept").unlink()
    os.mkfifo(view.folder.path / "kept")
    expected = trees.tree({"folder/inner": b"inner"})
    assert view.collect(LIMITS) == Collected(expected, (Special("kept", "is a FIFO"),))


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (0o4755, "has the set-user-id bit"),
        (0o2755, "has the set-group-id bit"),
        (0o1755, "has the sticky bit"),
    ],
)
@pytest.mark.parametrize("path", ["kept", "folder"])
def test_bit_beyond_permissions_is_told_and_dropped(
    view: View, trees: Trees, path: str, mode: int, reason: str
) -> None:
    """What has it stays in the tree, with its other bits."""
    (view.folder.path / path).chmod(mode)
    found = view.collect(LIMITS)
    assert found.specials == (Special(path, reason),)
    node = trees.paths(found.root)[path]
    assert isinstance(node, FileNode | FolderNode)
    assert node.mode == 0o755


@pytest.mark.parametrize("path", ["kept", "folder", "."])
def test_extended_attribute_is_told_and_dropped(view: View, base: FolderNode, path: str) -> None:
    """A tree keeps none."""
    os.setxattr(view.folder.path / path, "user.note", b"hidden")
    special = Special(path, "has the extended attribute user.note")
    assert view.collect(LIMITS) == Collected(base, (special,))


@pytest.mark.parametrize("kind_of_name", ["file", "folder", "link"])
def test_name_that_is_not_utf8_is_told_escaped_and_left_out(
    view: View, base: FolderNode, kind_of_name: str
) -> None:
    """And so is everything below it."""
    path = os.fsencode(view.folder.path) + b"/caf\xe9\n"
    match kind_of_name:
        case "file":
            Path(os.fsdecode(path)).write_bytes(b"x")
        case "folder":
            Path(os.fsdecode(path + b"/below")).mkdir(parents=True)
        case _:
            Path(os.fsdecode(path)).symlink_to("kept")
    special = Special("caf\\xe9\n", "has a name that is not UTF-8")
    assert view.collect(LIMITS) == Collected(base, (special,))


def test_name_that_is_not_utf8_hides_no_other(views: Views, trees: Trees) -> None:
    """One that is shown like another is not taken for it."""
    base = trees.tree({"\N{REPLACEMENT CHARACTER}": b"kept", "\\xff": b"kept too"})
    view = views.open(base, SHAPE)
    try:
        Path(os.fsdecode(os.fsencode(view.folder.path) + b"/\xff")).write_bytes(b"x")
        assert view.collect(LIMITS).root == base
    finally:
        view.close()


def test_link_to_a_name_that_is_not_utf8_is_told_and_left_out(view: View, base: FolderNode) -> None:
    """A tree's targets are text."""
    (view.folder.path / "link").symlink_to(os.fsdecode(b"\xff"))
    special = Special("link", "is a symlink to a name that is not UTF-8")
    assert view.collect(LIMITS) == Collected(base, (special,))


@pytest.mark.parametrize("name", ["new\nline", "\x1b[31mred", "bidi\u202e", "-rf", " ", "a\\b"])
def test_odd_name_of_valid_utf8_is_kept(view: View, trees: Trees, name: str) -> None:
    """Whoever shows it escapes it."""
    (view.folder.path / name).write_bytes(b"x")
    found = view.collect(LIMITS)
    assert found == Collected(trees.tree({**KEPT, name: b"x"}))


def test_links_lead_nowhere(view: View, trees: Trees, tmp_path: Path) -> None:
    """To a file, a folder, itself, out of the workspace: each is a link and nothing else."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_bytes(b"secret")
    targets: dict[str, bytes | str | None] = {
        "absolute": str(tmp_path / "secret" / "key"),
        "folders": str(tmp_path / "secret"),
        "upwards": "../" * 40 + "etc/passwd",
        "itself": "itself",
        "process": "/proc/self/root",
    }
    for name, target in targets.items():
        (view.folder.path / name).symlink_to(str(target))
    assert view.collect(LIMITS) == Collected(trees.tree({**KEPT, **targets}))


def test_folder_replaced_by_a_link_is_a_link(view: View, trees: Trees, tmp_path: Path) -> None:
    """What the link leads to does not show through the folder that was there."""
    (tmp_path / "inner").write_bytes(b"secret")
    (view.folder.path / "folder").rename(view.folder.path / "away")
    (view.folder.path / "folder").symlink_to(tmp_path)
    expected: dict[str, bytes | str | None]
    expected = {"kept": b"as it was", "away/inner": b"inner", "folder": str(tmp_path)}
    assert view.collect(LIMITS) == Collected(trees.tree(expected))


def test_twenty_names_of_one_file_are_twenty_files(view: View, trees: Trees) -> None:
    """And the file counts once against what is read."""
    content = b"x" * 100_000
    (view.folder.path / "name0").write_bytes(content)
    for number in range(1, 20):
        os.link(view.folder.path / "name0", view.folder.path / f"name{number}")
    found = view.collect(replace(LIMITS, total_bytes=len(content)))
    twins: dict[str, bytes | str | None] = {f"name{number}": content for number in range(20)}
    assert found == Collected(trees.tree({**KEPT, **twins}))


def dig(folder: Path, depth: int) -> None:
    """Make so many folders in each other; no path could name the innermost."""
    descriptor = os.open(folder, os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


def test_folders_a_thousand_deep_are_cut_where_trees_end(view: View, trees: Trees) -> None:
    """As deep as a tree may be is kept, what is below is told."""
    dig(view.folder.path, 1000)
    found = view.collect(LIMITS)
    deepest = "/".join(["d"] * DEPTH_MOST)
    assert deepest in trees.paths(found.root)
    assert found.specials == (Special(f"{deepest}/d", f"is more than {DEPTH_MOST} folders deep"),)


def test_path_that_could_not_be_opened_is_told(view: View, base: FolderNode) -> None:
    """Though each name in it could."""
    name = "n" * 250
    descriptor = os.open(view.folder.path, os.O_DIRECTORY)
    for _ in range(PATH_MOST_BYTES // len(name) + 1):
        os.mkdir(name, dir_fd=descriptor)
        inner = os.open(name, os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    found = view.collect(LIMITS)
    assert found.root != base
    assert [special.reason for special in found.specials] == [
        f"has a path of more than {PATH_MOST_BYTES} bytes"
    ]


def test_folder_moved_too_deep_is_told(views: Views, trees: Trees) -> None:
    """Though nothing of what is in it was touched."""
    tall = "/".join(["t"] * (DEPTH_MOST - 50))
    base = trees.tree({f"{tall}/top": b"x", "/".join(["d"] * 100): None})
    view = views.open(base, SHAPE)
    try:
        (view.folder.path / "t").rename(view.folder.path / "/".join(["d"] * 100) / "t")
        found = view.collect(LIMITS)
    finally:
        view.close()
    assert {special.reason.removeprefix("was moved so that it ") for special in found.specials} == {
        f"is more than {DEPTH_MOST} folders deep"
    }
    assert "t" not in trees.paths(found.root)


def test_file_larger_than_is_read_is_told_unread(view: View, base: FolderNode) -> None:
    """A hole of a pebibyte costs nothing."""
    (view.folder.path / "sparse").touch()
    os.truncate(view.folder.path / "sparse", 1 << 50)
    reason = f"has {1 << 50} bytes, at most {LIMITS.file_bytes} are read"
    assert view.collect(LIMITS) == Collected(base, (Special("sparse", reason),))


def test_hole_within_the_limit_is_zeros(view: View, trees: Trees) -> None:
    """As every program that reads it finds."""
    (view.folder.path / "sparse").touch()
    os.truncate(view.folder.path / "sparse", 3_000_001)
    assert view.collect(LIMITS) == Collected(trees.tree({**KEPT, "sparse": bytes(3_000_001)}))


def test_files_beyond_the_total_are_told(view: View, trees: Trees) -> None:
    """In order of name, as far as it goes."""
    for name in "abc":
        (view.folder.path / name).write_bytes(name.encode() * 1000)
    found = view.collect(replace(LIMITS, total_bytes=2000))
    assert found.root == trees.tree({**KEPT, "a": b"a" * 1000, "b": b"b" * 1000})
    assert found.specials == (Special("c", "is beyond the first 2000 bytes of changed files"),)


def test_what_was_there_does_not_count(views: Views, trees: Trees) -> None:
    """A snapshot's own files are neither too large nor too many, touched or not."""
    base = trees.tree({f"f{number}": b"x" * 5000 for number in range(10)})
    view = views.open(base, SHAPE)
    try:
        (view.folder.path / "f1").chmod(0o600)
        (view.folder.path / "f1").chmod(0o644)
        limits = CollectLimits(file_bytes=100, total_bytes=100, entries=1)
        assert view.collect(limits) == Collected(base)
        (view.folder.path / "new").write_bytes(b"y" * 100)
        assert view.collect(limits).specials == ()
    finally:
        view.close()


def test_entries_beyond_the_limit_are_told(view: View, base: FolderNode) -> None:
    """New ones count; folders beyond the limit are not entered."""
    for number in range(5):
        (view.folder.path / f"new{number}" / "inner").mkdir(parents=True)
    found = view.collect(replace(LIMITS, entries=0))
    assert found.root == base
    assert {special.reason for special in found.specials} == {"is beyond the first 0 changes"}
    assert [special.path for special in found.specials] == [f"new{number}" for number in range(5)]


def test_flood_of_special_files_is_told_in_bounds(
    view: View, base: FolderNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first by name, and how many more there are."""
    monkeypatch.chdir(view.folder.path)
    for number in range(SPECIALS_MOST + 10):
        os.mkfifo(f"fifo{number}")
    found = view.collect(LIMITS)
    assert found.root == base
    assert len(found.specials) == SPECIALS_MOST + 1
    assert found.specials[-1] == Special(".", "has 10 more things that it cannot hold")


def test_unreadable_file_is_read(view: View, trees: Trees) -> None:
    """Modes are the run's own affair; the tree has them."""
    (view.folder.path / "folder/inner").chmod(0)
    (view.folder.path / "folder").chmod(0)
    nodes = trees.paths(view.collect(LIMITS).root)
    inner, folder = nodes["folder/inner"], nodes["folder"]
    assert isinstance(inner, FileNode)
    assert isinstance(folder, FolderNode)
    assert (inner.mode, folder.mode) == (0, 0)


def test_whiteout_made_by_hand_is_no_whiteout(view: View, kind: ViewKind, base: FolderNode) -> None:
    """Anybody may make a device 0/0 on a tmpfs; it hides nothing, and overlay makes none."""
    path = view.folder.path / "folder/odd"
    if kind is ViewKind.OVERLAY:
        with pytest.raises(PermissionError):
            os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))
        assert view.collect(LIMITS) == Collected(base)
    else:
        os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))
        special = Special("folder/odd", "is a character device")
        assert view.collect(LIMITS) == Collected(base, (special,))


@pytest.mark.parametrize("claimed", [4, 6])
def test_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, claimed: int) -> None:
    """Somebody lives who should be dead: nothing is said of what the run left."""
    (tmp_path / "file").write_bytes(b"12345")
    with (tmp_path / "file").open("rb") as file, pytest.raises(SandboxError, match="changed"):
        list(exactly(file.fileno(), claimed))


def test_folder_moved_away_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    """The way up is the way that led down, or nothing is read any more."""
    (tmp_path / "outer/inner").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    with Descent(tmp_path / "outer") as descent:
        descent.enter(b"inner")
        (tmp_path / "outer/inner").rename(tmp_path / "elsewhere/inner")
        with pytest.raises(SandboxError, match="moved"):
            descent.leave()


def test_link_is_not_entered(tmp_path: Path) -> None:
    """A folder is a folder itself."""
    (tmp_path / "link").symlink_to("/etc")
    with Descent(tmp_path) as descent, pytest.raises(NotADirectoryError):
        descent.enter(b"link")
