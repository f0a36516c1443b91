"""What is in a snapshot: listed, measured, found by path. These trees were admitted before."""

from collections.abc import Iterator
from dataclasses import replace

from assize.model.effects import FileState, FileType
from assize.trees import FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.differences import differences
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.workspaces.errors import Unknown
from assize_server.workspaces.records import Snapshot

LINK_MODE = 0o777
"""What Linux says of every symlink."""


def state_of(node: Node) -> FileState:
    """Return what a node says of a path."""
    match node:
        case FileNode(digest, size_bytes, mode):
            return FileState(FileType.FILE, mode, size_bytes, digest)
        case LinkNode(target):
            return FileState(FileType.SYMLINK, LINK_MODE, target=target)
        case FolderNode(mode=mode):
            return FileState(FileType.FOLDER, mode)


def entries_of(objects: ObjectStore, root: FolderNode) -> Iterator[tuple[str, Node]]:
    """Yield all that is below a root, parents before what is in them.

    Raises:
        SandboxError: A tree is missing or corrupt.
    """
    waiting: list[tuple[str, Node]] = _children(objects, "", root)
    while waiting:
        path, node = waiting.pop()
        yield path, node
        if isinstance(node, FolderNode):
            waiting.extend(_children(objects, f"{path}/", node))


def file_at(objects: ObjectStore, root: FolderNode, path: str) -> FileNode:
    """Return the file at a path. Nothing on the way is followed.

    Raises:
        Unknown: There is none.
        SandboxError: A tree is missing or corrupt.
    """
    node: Node | None = root
    for name in path.split("/"):
        node = objects.tree(node.tree).get(name) if isinstance(node, FolderNode) else None
    if not isinstance(node, FileNode):
        raise Unknown(f"the snapshot has no file {path[:200]!r}; list it to see what it has")
    return node


def measured(objects: ObjectStore, base: Snapshot, root: FolderNode) -> Snapshot:
    """Return the snapshot of a tree that our own code made; the cost grows with the change.

    Raises:
        SandboxError: A tree is missing or corrupt.
    """
    entries, total_bytes, added_bytes = base.entries, base.bytes, 0
    for difference in differences(objects, base.root, root):
        if not difference.path:
            continue
        before, after = difference.before, difference.after
        entries += (after is not None) - (before is not None)
        total_bytes += file_bytes(after) - file_bytes(before)
        added_bytes += new_bytes(before, after)
    return Snapshot(root, entries, total_bytes, added_bytes)


def unmeasured(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot that adds nothing, since the log has it already."""
    return replace(snapshot, added_bytes=0)


def file_bytes(node: Node | None) -> int:
    """Return a file's size; what is no file has none."""
    return node.size_bytes if isinstance(node, FileNode) else 0


def new_bytes(before: Node | None, after: Node | None) -> int:
    """Return how many bytes of content are at a path that were not there before."""
    if not isinstance(after, FileNode):
        return 0
    same = isinstance(before, FileNode) and before.digest == after.digest
    return 0 if same else after.size_bytes


def _children(objects: ObjectStore, prefix: str, folder: FolderNode) -> list[tuple[str, Node]]:
    """Return what is directly below, the last name first."""
    tree = objects.tree(folder.tree)
    return [(prefix + name, node) for name, node in reversed([*tree.items()])]
