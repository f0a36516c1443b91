"""Trees with some paths changed."""

from pathlib import Path

import pytest

from assize_sandbox.workspaces.editing import (
    FILE_MODE,
    PathTaken,
    changed,
    node_at,
    placed,
    without_untouched,
)
from assize_sandbox.workspaces.nodes import FileNode, FolderNode, LinkNode
from assize_sandbox.workspaces.objects import ObjectStore


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """A store."""
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def base(objects: ObjectStore) -> FolderNode:
    """A tree with a script, a file in a folder, and a link."""
    root = FolderNode(objects.put_tree({}))
    script = FileNode(objects.put(b"#!"), 2, 0o755)
    text = FileNode(objects.put(b"text"), 4, 0o600)
    return changed(objects, root, {"run": script, "a/text": text, "link": LinkNode("a")})


def test_placed_file_is_there_and_nothing_else_changes(
    objects: ObjectStore, base: FolderNode
) -> None:
    """Folders are made on the way, and the trees beside it are the same objects."""
    made = placed(objects, base, {"b/c/new.py": b"new"})
    assert node_at(objects, made, "b/c/new.py") == FileNode(objects.put(b"new"), 3, FILE_MODE)
    assert node_at(objects, made, "a") == node_at(objects, base, "a")
    assert changed(objects, made, {"b": None}) == base


def test_file_in_the_place_of_another_keeps_its_mode(
    objects: ObjectStore, base: FolderNode
) -> None:
    """A patch of a script leaves it one that can be run."""
    made = placed(objects, base, {"run": b"#!!"})
    assert node_at(objects, made, "run") == FileNode(objects.put(b"#!!"), 3, 0o755)


@pytest.mark.parametrize("path", ["a", "run/x", "link/x"])
def test_path_that_is_taken_is_refused(objects: ObjectStore, base: FolderNode, path: str) -> None:
    """No link is written through, and no folder is replaced."""
    with pytest.raises(PathTaken) as caught:
        placed(objects, base, {path: b""})
    assert caught.value.path == path


def test_untouched_submission_leaves_no_trace(objects: ObjectStore, base: FolderNode) -> None:
    """New files and folders go, a file that was covered comes back."""
    files = {"run": b"other", "d/e/main.py": b"code"}
    start = placed(objects, base, files)
    assert without_untouched(objects, base, start, start, files) == base


def test_what_the_run_did_to_the_submission_stays(objects: ObjectStore, base: FolderNode) -> None:
    """A file that it wrote to, one that it removed, and one beside them."""
    files = {"run": b"other", "d/main.py": b"code", "gone.py": b"code"}
    start = placed(objects, base, files)
    mine = FileNode(objects.put(b"mine"), 4, FILE_MODE)
    final = changed(objects, start, {"d/main.py": mine, "run": None, "d/made": mine})
    left = without_untouched(objects, base, start, final, files)
    assert node_at(objects, left, "d/main.py") == mine
    assert node_at(objects, left, "d/made") == mine
    assert node_at(objects, left, "run") is None
    assert node_at(objects, left, "gone.py") is None


def test_folder_that_the_run_changed_is_its_doing(objects: ObjectStore, base: FolderNode) -> None:
    """A folder with another mode is no left-over of the submission."""
    start = placed(objects, base, {"d/main.py": b"code"})
    folder = node_at(objects, start, "d")
    assert isinstance(folder, FolderNode)
    final = changed(objects, start, {"d": FolderNode(folder.tree, 0o700)})
    left = without_untouched(objects, base, start, final, ["d/main.py"])
    assert node_at(objects, left, "d") == FolderNode(objects.put_tree({}), 0o700)
