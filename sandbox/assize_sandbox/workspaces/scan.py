"""Reads a folder that hostile code left and makes a tree of it.

- Nothing is followed: folders are entered one by one (descent.py), files are opened by their name
  in the folder that is stood in, O_NOFOLLOW and O_NONBLOCK, and only if they are regular.
- Sizes are asked before a byte is read. A hole is as long as it claims to be.
- A file with many names is read once.
- What cannot be held is told as a `Special`. Nothing is left out in silence but owners and times.
- The stack of this process does not grow with the depth of what is read.

INVARIANT: no process that could change the folder lives. A change that is noticed is an error.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.batches import Batch
from assize_sandbox.workspaces.collected import Collected, CollectLimits
from assize_sandbox.workspaces.descent import Descent, Identity, identity
from assize_sandbox.workspaces.nodes import (
    DEPTH_MOST,
    MODE_BITS,
    PATH_MOST_BYTES,
    Digest,
    FileNode,
    FolderNode,
    LinkNode,
    Node,
    Tree,
    fault_of_name,
)
from assize_sandbox.workspaces.objects import CHUNK_BYTES, ObjectStore
from assize_sandbox.workspaces.specials import Special

SPECIALS_MOST: Final = 1000
"""Told one by one; of the rest only the number."""
FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
SET_BITS: Final = {
    stat.S_ISUID: "has the set-user-id bit",
    stat.S_ISGID: "has the set-group-id bit",
    stat.S_ISVTX: "has the sticky bit",
}
KINDS: Final = {
    stat.S_IFIFO: "is a FIFO",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a character device",
    stat.S_IFBLK: "is a block device",
}
OWN_ATTRIBUTES: Final = ("trusted.overlay.", "security.")
"""What overlay and security modules of the host put on files themselves."""
CAPABILITIES: Final = "security.capability"
NO_TREE: Final[Tree] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Origin:
    """What there was of a folder when the run began."""

    folder: FolderNode | None
    """None if there was none."""
    fault: str = ""
    """Why what was in it cannot be held where the folder is now."""


class Layering(Protocol):
    """How what is read lies on what there was before."""

    @property
    def transparent(self) -> bool:
        """Whether what there was shows through where nothing else stands."""
        ...

    def root(self) -> Origin:
        """Tell what there was of the folder as a whole."""
        ...

    def below(self, above: Origin, name: str, descent: Descent, path_bytes: int) -> Origin:
        """Tell what there was of the folder that is stood in, of that name in `above`.

        Raises:
            SandboxError: It cannot be told.
        """
        ...

    def erases(self, status: os.stat_result) -> bool:
        """Tell whether an entry says that what is below it is gone."""
        ...


@dataclass(slots=True)
class _Folder:
    """A folder that is being read."""

    name: str
    path: bytes
    mode: int
    origin: Origin
    before: Tree
    """What was in it when the run began."""
    entries: dict[str, Node]
    """What is in it now, as far as it is known."""
    waiting: list[bytes]
    """Folders in it that are still to be read, the last first."""


class Scan:
    """One reading of one folder."""

    def __init__(
        self, objects: ObjectStore, batch: Batch, limits: CollectLimits, layering: Layering
    ) -> None:
        self._objects = objects
        self._batch = batch
        self._limits = limits
        self._layering = layering
        self._read: dict[Identity, FileNode | str] = {}
        """What became of each file, by inode: its node, or why there is none."""
        self._entries = 0
        self._total_bytes = 0
        self._specials: list[Special] = []
        self._untold = 0

    def run(self, folder: Path) -> Collected:
        """Read everything below a folder.

        Raises:
            SandboxError: It changed meanwhile, or what it lies on is corrupt.
        """
        with Descent(folder) as descent:
            open_folders = [self._list(descent, "", b"", self._layering.root())]
            while True:
                current = open_folders[-1]
                if current.waiting:
                    self._enter(descent, current, open_folders)
                    continue
                open_folders.pop()
                done = FolderNode(self._batch.put_tree(current.entries), current.mode)
                if not open_folders:
                    return Collected(done, self._told())
                open_folders[-1].entries[current.name] = done
                descent.leave()

    def _enter(self, descent: Descent, above: _Folder, open_folders: list[_Folder]) -> None:
        """Go down into the next folder of one, unless a workspace cannot hold it."""
        raw = above.waiting.pop()
        path, name = joined(above.path, raw), raw.decode()
        if descent.depth + 1 > DEPTH_MOST:
            self._refuse(path, f"is more than {DEPTH_MOST} folders deep")
            return
        descent.enter(raw)
        origin = self._layering.below(above.origin, name, descent, len(path))
        if origin.fault:
            self._refuse(path, origin.fault)
            descent.leave()
            return
        open_folders.append(self._list(descent, name, path, origin))

    def _list(self, descent: Descent, name: str, path: bytes, origin: Origin) -> _Folder:
        """Read what a folder holds itself, and list the folders in it."""
        status = os.fstat(descent.fd)
        self._mark(path, status.st_mode, descent.fd)
        before = self._objects.tree(origin.folder.tree) if origin.folder else NO_TREE
        entries = dict(before) if self._layering.transparent else {}
        folder = _Folder(name, path, status.st_mode & MODE_BITS, origin, before, entries, [])
        with os.scandir(descent.fd) as found:
            names = sorted(os.fsencode(entry.name) for entry in found)
        for raw in names:
            self._look(descent.fd, folder, raw)
        folder.waiting.reverse()
        return folder

    def _look(self, fd: int, folder: _Folder, raw: bytes) -> None:
        """Put one entry in its place in the tree, or wait for it to be entered, or refuse it."""
        status = os.stat(raw, dir_fd=fd, follow_symlinks=False)
        path, name = joined(folder.path, raw), raw.decode("utf-8", "surrogateescape")
        # What stands here hides what showed through, whatever it is.
        folder.entries.pop(name, None)
        if self._layering.erases(status):
            return
        is_new = name not in folder.before
        self._entries += is_new
        if is_new and (fault := self._fault(raw, path)):
            self._refuse(path, fault)
        elif stat.S_ISDIR(status.st_mode):
            folder.waiting.append(raw)
        elif stat.S_ISLNK(status.st_mode):
            self._link(fd, folder, raw, path)
        elif stat.S_ISREG(status.st_mode):
            self._file(fd, folder, raw, path, status)
        else:
            self._refuse(path, KINDS.get(stat.S_IFMT(status.st_mode), "is of an unknown kind"))

    def _fault(self, raw: bytes, path: bytes) -> str:
        """Tell why a new entry cannot be held, whatever it is."""
        if self._entries > self._limits.entries:
            return f"is beyond the first {self._limits.entries} changes"
        if fault := fault_of_name(raw):
            return f"has a name that {fault}"
        if len(path) > PATH_MOST_BYTES:
            return f"has a path of more than {PATH_MOST_BYTES} bytes"
        return ""

    def _link(self, fd: int, folder: _Folder, raw: bytes, path: bytes) -> None:
        try:
            target = os.readlink(raw, dir_fd=fd).decode()
        except UnicodeDecodeError:
            self._refuse(path, "is a symlink to a name that is not UTF-8")
        else:
            folder.entries[raw.decode()] = LinkNode(target)

    def _file(
        self, fd: int, folder: _Folder, raw: bytes, path: bytes, status: os.stat_result
    ) -> None:
        known = self._read.get(identity(status))
        if known is None:
            fault = "" if as_large(folder, raw, status) else self._bounded(status)
            known = fault or self._content(fd, raw, path, status)
            self._read[identity(status)] = known
        if isinstance(known, str):
            self._refuse(path, known)
        else:
            folder.entries[raw.decode()] = known

    def _bounded(self, status: os.stat_result) -> str:
        """Count a file; tell why it is not read, if it is not."""
        if status.st_size > self._limits.file_bytes:
            return f"has {status.st_size} bytes, at most {self._limits.file_bytes} are read"
        if self._total_bytes + status.st_size > self._limits.total_bytes:
            return f"is beyond the first {self._limits.total_bytes} bytes of changed files"
        self._total_bytes += status.st_size
        return ""

    def _content(self, fd: int, raw: bytes, path: bytes, status: os.stat_result) -> FileNode:
        descriptor = os.open(raw, FILE_FLAGS, dir_fd=fd)
        try:
            if identity(os.fstat(descriptor)) != identity(status):
                raise SandboxError("a file was replaced while it was read")
            self._mark(path, status.st_mode, descriptor)
            digest = self._store(descriptor, status.st_size)
        finally:
            os.close(descriptor)
        return FileNode(digest, status.st_size, status.st_mode & MODE_BITS)

    def _store(self, descriptor: int, size_bytes: int) -> Digest:
        """Put a file's content, which is read twice only where it is new and large."""
        if size_bytes <= CHUNK_BYTES:
            return self._batch.put(b"".join(exactly(descriptor, size_bytes)))
        hashed = hashlib.sha256()
        for chunk in exactly(descriptor, size_bytes):
            hashed.update(chunk)
        digest = Digest(hashed.hexdigest())
        os.lseek(descriptor, 0, os.SEEK_SET)
        self._batch.put_as(digest, exactly(descriptor, size_bytes))
        return digest

    def _mark(self, path: bytes, mode: int, descriptor: int) -> None:
        """Tell what a file or folder has that a tree does not keep."""
        for bit, reason in SET_BITS.items():
            if mode & bit:
                self._refuse(path, reason)
        for name in os.listxattr(descriptor):
            if name == CAPABILITIES or not name.startswith(OWN_ATTRIBUTES):
                self._refuse(path, f"has the extended attribute {shown(os.fsencode(name))}")

    def _refuse(self, path: bytes, reason: str) -> None:
        if len(self._specials) < SPECIALS_MOST:
            self._specials.append(Special(shown(path) or ".", reason))
        else:
            self._untold += 1

    def _told(self) -> tuple[Special, ...]:
        told = sorted(self._specials, key=lambda one: (one.path, one.reason))
        if self._untold:
            told.append(Special(".", f"has {self._untold} more things that it cannot hold"))
        return tuple(told)


def folder_in(objects: ObjectStore, above: FolderNode | None, name: str) -> FolderNode | None:
    """Return the folder of that name in another, None if there is no such folder."""
    node = objects.tree(above.tree).get(name) if above else None
    return node if isinstance(node, FolderNode) else None


def as_large(folder: _Folder, raw: bytes, status: os.stat_result) -> bool:
    """Tell whether a file is as large as the one that stood there: the tree bounds what is read."""
    before = folder.before.get(raw.decode())
    return isinstance(before, FileNode) and before.size_bytes == status.st_size


def exactly(descriptor: int, size_bytes: int) -> Iterator[bytes]:
    """Yield so many bytes of a file, which has no more and no less.

    Raises:
        SandboxError: It has.
    """
    left = size_bytes
    while chunk := os.read(descriptor, CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise SandboxError("a file changed while it was read, when no process should live")


def joined(path: bytes, name: bytes) -> bytes:
    """Return the path of an entry."""
    return path + b"/" + name if path else name


def shown(path: bytes) -> str:
    """Return a path as valid text, in which bytes that are no UTF-8 are written out."""
    return path.decode("utf-8", "backslashreplace")
