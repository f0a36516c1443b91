"""Trees of files for tests: written by hand, read back for comparison."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from assize_sandbox.workspaces.collected import CollectLimits
from assize_sandbox.workspaces.folder import collect_folder
from assize_sandbox.workspaces.nodes import FolderNode, Node
from assize_sandbox.workspaces.objects import ObjectStore

LIMITS = CollectLimits()
GUEST = 1_065_534
"""Whoever the guest's user is on the host."""


class Trees:
    """Makes trees from what a test writes down, and tells what is in one."""

    def __init__(self, objects: ObjectStore, folder: Path) -> None:
        self.objects = objects
        self._folder = folder

    def scanned(self, folder: Path) -> FolderNode:
        """Return the tree of a directory that holds nothing special."""
        found = collect_folder(self.objects, folder, LIMITS)
        assert found.specials == ()
        return found.root

    def tree(self, files: Mapping[str, bytes | str | None]) -> FolderNode:
        """Return a tree: bytes are a file, text is a symlink, None is a folder."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir(parents=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.mkdir()
            elif isinstance(content, str):
                path.symlink_to(content)
            else:
                path.write_bytes(content)
        return self.scanned(folder)

    def paths(self, root: FolderNode) -> dict[str, Node]:
        """Return every node of a tree by its path."""
        found: dict[str, Node] = {}
        waiting: list[tuple[str, FolderNode]] = [("", root)]
        while waiting:
            above, folder = waiting.pop()
            for name, node in self.objects.tree(folder.tree).items():
                found[f"{above}{name}"] = node
                if isinstance(node, FolderNode):
                    waiting.append((f"{above}{name}/", node))
        return found


def mounts_in(folder: Path) -> list[str]:
    """Return what is mounted in a folder, as the kernel says."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if point.startswith(f"{folder}/")]


def owners(folder: Path) -> set[tuple[int, int]]:
    """Return who owns what is in a folder."""
    found = [os.lstat(path) for path in (folder, *folder.rglob("*"))]
    return {(status.st_uid, status.st_gid) for status in found}
