"""Writes trees to disk: whole, or what changed from one to another as a layer of an overlay.

Everything belongs to the user whom the guest is on this host, so that it may be changed through an
overlay by the guest and by nobody else's leave. Files of two layers are never one file with two
names: the guest would see that they are.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.batches import write_all
from assize_sandbox.workspaces.descent import Descent
from assize_sandbox.workspaces.nodes import MODE_BITS, FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.scan import NO_TREE
from assize_sandbox.workspaces.upper import OPAQUE

NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_tree(objects: ObjectStore, root: FolderNode, target: Path, owner: int) -> None:
    """Write a whole tree as the new folder `target`.

    Raises:
        SandboxError: An object is missing or corrupt, or the disk refused something.
    """
    _write(objects, None, root, target, owner)


def write_delta(
    objects: ObjectStore, before: FolderNode, after: FolderNode, target: Path, owner: int
) -> None:
    """Write what turns `before` into `after`, as the new layer `target` above a layer of `before`.

    Raises:
        SandboxError: An object is missing or corrupt, or the disk refused something.
    """
    _write(objects, before, after, target, owner)


def _write(
    objects: ObjectStore, before: FolderNode | None, after: FolderNode, target: Path, owner: int
) -> None:
    try:
        target.mkdir(mode=0o700)
        with Descent(target) as descent:
            _Writer(objects, descent, owner).write(before, after)
    except (OSError, ValueError) as error:
        raise SandboxError(
            f"a tree could not be written to {target}: {error}",
            remedy="see that the disk has room, then try again",
        ) from error


@dataclass(slots=True)
class _Folder:
    """A folder that is being written."""

    before: FolderNode | None
    """The folder below it that shows through; None if none does."""
    after: FolderNode
    waiting: list[tuple[str, Node | None, FolderNode]]
    """Folders in it that are still to be written."""


class _Writer:
    """Writes one layer into the folder that `descent` stands in."""

    def __init__(self, objects: ObjectStore, descent: Descent, owner: int) -> None:
        self._objects = objects
        self._descent = descent
        self._owner = owner

    def write(self, before: FolderNode | None, after: FolderNode) -> None:
        open_folders = [self._fill(before, after)]
        while open_folders:
            current = open_folders[-1]
            if current.waiting:
                open_folders.append(self._enter(current, *current.waiting.pop()))
                continue
            self._own(self._descent.fd, current.after.mode)
            open_folders.pop()
            if open_folders:
                self._descent.leave()

    def _enter(self, above: _Folder, name: str, old: Node | None, new: FolderNode) -> _Folder:
        raw = name.encode()
        os.mkdir(raw, 0o700, dir_fd=self._descent.fd)
        self._descent.enter(raw)
        merged = old if above.before and isinstance(old, FolderNode) else None
        if above.before and merged is None:
            os.setxattr(self._descent.fd, OPAQUE, b"y")
        return self._fill(merged, new)

    def _fill(self, before: FolderNode | None, after: FolderNode) -> _Folder:
        """Write all but the folders of one."""
        same = before is not None and before.tree == after.tree
        olds = self._objects.tree(before.tree) if before and not same else NO_TREE
        news = self._objects.tree(after.tree) if not same else NO_TREE
        folder = _Folder(before, after, [])
        for name in olds.keys() - news.keys():
            # A whiteout; overlayfs.rst.
            os.mknod(name.encode(), stat.S_IFCHR, os.makedev(0, 0), dir_fd=self._descent.fd)
        for name, new in news.items():
            old = olds.get(name)
            # Most are the very same record, which is quicker to see than that two are equal.
            if old is new or old == new:
                continue
            match new:
                case FolderNode():
                    folder.waiting.append((name, old, new))
                case FileNode():
                    self._file(name.encode(), new)
                case LinkNode(target):
                    self._link(name.encode(), target.encode())
        return folder

    def _file(self, name: bytes, node: FileNode) -> None:
        descriptor = os.open(name, NEW_FILE, 0o600, dir_fd=self._descent.fd)
        try:
            for chunk in self._objects.chunks(node.digest):
                write_all(descriptor, chunk)
            self._own(descriptor, node.mode)
        finally:
            os.close(descriptor)

    def _link(self, name: bytes, target: bytes) -> None:
        os.symlink(target, name, dir_fd=self._descent.fd)
        os.chown(name, self._owner, self._owner, dir_fd=self._descent.fd, follow_symlinks=False)

    def _own(self, descriptor: int, mode: int) -> None:
        os.fchown(descriptor, self._owner, self._owner)
        # SECURITY: no set-id bit, whoever wrote the tree.
        os.fchmod(descriptor, mode & MODE_BITS)
