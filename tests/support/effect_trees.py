"""Trees for tests, said as what stands at each path."""

from collections.abc import Mapping
from dataclasses import dataclass

from assize.model.effects import Effect
from assize_sandbox.workspaces.nodes import FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Content:
    """A file, with other permission bits than usual."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Link:
    """A symlink."""

    target: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is to exist, or to have other permission bits than usual."""

    mode: int = 0o755


Said = Mapping[str, bytes | Content | Link | Folder]
"""By path; `.` is the root. Folders on the way need not be said."""


def tree_of(objects: ObjectStore, said: Said) -> FolderNode:
    """Put a tree in the store and return its root."""
    return _folder(objects, said, "")


def _folder(objects: ObjectStore, said: Said, path: str) -> FolderNode:
    own = said.get(path.rstrip("/") or ".", Folder())
    assert isinstance(own, Folder)
    names = {key[len(path) :].split("/")[0] for key in said if key.startswith(path)} - {"", "."}
    entries = {name: _node(objects, said, path + name) for name in names}
    return FolderNode(objects.put_tree(entries), own.mode)


def _node(objects: ObjectStore, said: Said, path: str) -> Node:
    match said.get(path):
        case bytes() as content:
            return FileNode(objects.put(content), len(content), 0o644)
        case Content(content, mode):
            return FileNode(objects.put(content), len(content), mode)
        case Link(target):
            return LinkNode(target)
    return _folder(objects, said, f"{path}/")


def brief(effect: Effect) -> tuple[str, ...]:
    """Return kind and path of an effect, and where it came from."""
    told = (effect.kind.value, effect.path)
    return (*told, effect.source) if effect.source else told
