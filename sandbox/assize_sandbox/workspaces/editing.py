"""Trees with some paths changed. What is not on the way to one keeps its object."""

from collections.abc import Iterable, Mapping
from typing import Final

from assize_sandbox.workspaces.nodes import FileNode, FolderNode, Node
from assize_sandbox.workspaces.objects import ObjectStore

FILE_MODE: Final = 0o644
"""Of a submitted file where there was none."""


class PathTaken(Exception):
    """A file cannot be placed: something else stands there, or on the way."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(what)
        self.path = path


def node_at(objects: ObjectStore, root: FolderNode, path: str) -> Node | None:
    """Return what stands at a path, None where nothing does. No link is followed.

    Raises:
        SandboxError: A tree is missing or corrupt.
    """
    node: Node | None = root
    for name in path.split("/"):
        if not isinstance(node, FolderNode):
            return None
        node = objects.tree(node.tree).get(name)
    return node


def changed(
    objects: ObjectStore, root: FolderNode, changes: Mapping[str, Node | None]
) -> FolderNode:
    """Return the folder with other nodes at some paths; None removes what stands there.

    Folders on the way are made where there are none, and take the place of what is no folder.
    """
    tree = dict(objects.tree(root.tree))
    below: dict[str, dict[str, Node | None]] = {}
    for path, node in changes.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = node
        elif node is None:
            tree.pop(name, None)
        else:
            tree[name] = node
    for name, inner in below.items():
        there = tree.get(name)
        if not isinstance(there, FolderNode):
            if all(node is None for node in inner.values()):
                continue
            there = FolderNode(objects.put_tree({}))
        tree[name] = changed(objects, there, inner)
    return FolderNode(objects.put_tree(tree), root.mode)


def placed(objects: ObjectStore, root: FolderNode, files: Mapping[str, bytes]) -> FolderNode:
    """Return the folder with files put into it; one that was there keeps its mode.

    Raises:
        PathTaken: A folder stands at the path of a file, or a file or link on the way to one.
    """
    nodes: dict[str, Node | None] = {}
    for path, content in files.items():
        there = _room(objects, root, path)
        mode = there.mode if isinstance(there, FileNode) else FILE_MODE
        nodes[path] = FileNode(objects.put(content), len(content), mode)
    return changed(objects, root, nodes)


def without_untouched(
    objects: ObjectStore,
    base: FolderNode,
    start: FolderNode,
    final: FolderNode,
    paths: Iterable[str],
) -> FolderNode:
    """Return `final` as it would be had the files at `paths` never been put into `base`.

    A file that is still as it was in `start` gives way to what stood there in `base`; one that the
    run changed or removed is the run's doing and stays so.
    """
    submitted = tuple(paths)
    back = {
        path: node_at(objects, base, path)
        for path in submitted
        if node_at(objects, final, path) == node_at(objects, start, path)
    }
    restored = changed(objects, final, back)
    for folder in _folders(submitted):
        if _is_left_over(objects, base, start, restored, folder):
            restored = changed(objects, restored, {folder: None})
    return restored


def _is_left_over(
    objects: ObjectStore, base: FolderNode, start: FolderNode, now: FolderNode, path: str
) -> bool:
    """Tell whether a folder is empty and there for the submitted files alone."""
    node, began = node_at(objects, now, path), node_at(objects, start, path)
    return (
        isinstance(node, FolderNode)
        and isinstance(began, FolderNode)
        and node.mode == began.mode
        and not objects.tree(node.tree)
        and node_at(objects, base, path) is None
    )


def _folders(paths: Iterable[str]) -> list[str]:
    """Return every folder on the way to the paths, the deepest first."""
    found = {
        "/".join(parts[:count])
        for parts in (path.split("/") for path in paths)
        for count in range(1, len(parts))
    }
    return sorted(found, key=lambda path: (-path.count("/"), path))


def _room(objects: ObjectStore, root: FolderNode, path: str) -> Node | None:
    parts = path.split("/")
    for count in range(1, len(parts)):
        way = "/".join(parts[:count])
        there = node_at(objects, root, way)
        if there is None:
            return None
        if not isinstance(there, FolderNode):
            raise PathTaken(path, f"{way} is no folder in the workspace")
    there = node_at(objects, root, path)
    if isinstance(there, FolderNode):
        raise PathTaken(path, f"{path} is a folder in the workspace")
    return there
