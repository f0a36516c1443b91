"""Large folders are read once for many looks, and only so many bytes of them are kept."""

from pathlib import Path

import pytest

from assize.trees import Digest, FileNode, FolderNode
from assize_sandbox.effects import NoDatabases, effects_between
from assize_sandbox.workspaces.large_trees import LargeTrees
from assize_sandbox.workspaces.objects import CACHED_TREE_MOST_BYTES, ObjectStore

MANY = 400


def large(objects: ObjectStore, prefix: str) -> FolderNode:
    """Return a folder that is too large for the cache of small ones."""
    empty = FileNode(objects.put(b""), 0, 0o644)
    root = FolderNode(objects.put_tree({f"{prefix}{number}": empty for number in range(MANY)}))
    assert objects.size_bytes(root.tree) > CACHED_TREE_MOST_BYTES
    return root


async def test_many_new_files_in_a_folder_cost_one_look_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY: a program that fills its disk with files kept the service busy for minutes."""
    objects = ObjectStore(tmp_path)
    before, after = large(objects, "old"), large(objects, "new")
    looks: list[Digest] = []
    read = objects.read

    def counted(digest: Digest, most_bytes: int = 2**26) -> bytes:
        looks.append(digest)
        return read(digest, most_bytes)

    monkeypatch.setattr(objects, "read", counted)
    effects = await effects_between(objects, before, after, (), NoDatabases())
    assert len(effects) == 2 * MANY
    assert looks.count(before.tree) + looks.count(after.tree) == 2


def test_no_more_bytes_are_kept_than_may_be() -> None:
    """The oldest go first; one that is larger than all is not kept."""
    trees, read = LargeTrees(10), list[str]()

    def tree(name: str, size_bytes: int) -> None:
        trees.tree(Digest(name), size_bytes, lambda digest: read.append(digest) or {})  # type: ignore[func-returns-value]

    for name, size_bytes in [("a", 5), ("b", 5), ("a", 5), ("c", 4), ("a", 5), ("b", 5), ("d", 11)]:
        tree(name, size_bytes)
    assert read == ["a", "b", "c", "b", "d"]
    tree("b", 5)
    trees.clear()
    tree("b", 5)
    assert read[5:] == ["b"]
