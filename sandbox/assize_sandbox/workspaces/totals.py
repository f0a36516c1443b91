"""What a tree comes to: entries, bytes, depth. Remembered by digest, so that only news is read."""

from dataclasses import dataclass
from typing import Final

from assize_sandbox.workspaces.nodes import Digest, FileNode, FolderNode, Tree
from assize_sandbox.workspaces.objects import ObjectStore

REMEMBERED_MOST: Final = 100_000
"""Trees; beyond it all are forgotten, and read again where they are asked for."""


@dataclass(frozen=True, slots=True)
class Total:
    """What is below a folder; the folder itself is not in it."""

    entries: int = 0
    """Files, symlinks and folders."""
    size_bytes: int = 0
    """Of all files; one content at two paths counts twice."""
    depth: int = 0
    """Folders in folders."""
    path_bytes: int = 0
    """The longest path from the folder to anything below it."""


class Totals:
    """Adds up trees. Safe for threads."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._known: dict[Digest, Total] = {}

    def of(self, folder: FolderNode) -> Total:
        """Return what a folder comes to. The first time costs a look at each tree below it.

        Raises:
            SandboxError: A tree is missing or corrupt.
        """
        known = self._known if len(self._known) < REMEMBERED_MOST else {}
        self._known = known
        waiting = [folder.tree]
        while waiting:
            tree = self._objects.tree(waiting[-1])
            unknown = [
                node.tree
                for node in tree.values()
                if isinstance(node, FolderNode) and node.tree not in known
            ]
            if unknown:
                waiting += unknown
            else:
                known[waiting.pop()] = _sum(tree, known)
        return known[folder.tree]


def _sum(tree: Tree, known: dict[Digest, Total]) -> Total:
    entries, size_bytes, depth, path_bytes = len(tree), 0, 0, 0
    for name, node in tree.items():
        name_bytes = len(name.encode())
        if isinstance(node, FileNode):
            size_bytes += node.size_bytes
        if isinstance(node, FolderNode):
            below = known[node.tree]
            entries += below.entries
            size_bytes += below.size_bytes
            depth = max(depth, below.depth + 1)
            name_bytes += below.path_bytes + 1 if below.entries else 0
        path_bytes = max(path_bytes, name_bytes)
    return Total(entries, size_bytes, depth, path_bytes)
