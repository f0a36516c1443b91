"""How two trees differ. What is the same below one digest is never looked at."""

from collections.abc import Iterator
from dataclasses import dataclass

from assize_sandbox.workspaces.nodes import FolderNode, Node
from assize_sandbox.workspaces.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which two trees differ. Folders differ by mode, existence or type alone."""

    path: str
    """Relative, POSIX; empty for the root itself."""
    before: Node | None
    after: Node | None


def differences(
    objects: ObjectStore, before: FolderNode | None, after: FolderNode | None
) -> Iterator[Difference]:
    """Yield every path at which the folders differ, parents before what is in them.

    Raises:
        SandboxError: A tree is missing or corrupt.
    """
    waiting: list[tuple[str, Node | None, Node | None]] = [("", before, after)]
    while waiting:
        path, old, new = waiting.pop()
        if differs(old, new):
            yield Difference(path, old, new)
        below = _below(objects, old, new)
        waiting.extend((f"{path}/{name}" if path else name, *pair) for name, pair in below)


def differs(before: Node | None, after: Node | None) -> bool:
    """Tell whether two nodes differ themselves, whatever is below them."""
    if isinstance(before, FolderNode) and isinstance(after, FolderNode):
        return before.mode != after.mode
    return before != after


def _below(
    objects: ObjectStore, old: Node | None, new: Node | None
) -> list[tuple[str, tuple[Node | None, Node | None]]]:
    """Return what differs directly below two nodes, the last name first."""
    old_tree = old.tree if isinstance(old, FolderNode) else None
    new_tree = new.tree if isinstance(new, FolderNode) else None
    if old_tree == new_tree:
        return []
    olds = objects.tree(old_tree) if old_tree else {}
    news = objects.tree(new_tree) if new_tree else {}
    names = sorted(olds.keys() | news.keys(), reverse=True)
    pairs = [(name, (olds.get(name), news.get(name))) for name in names]
    return [(name, pair) for name, pair in pairs if pair[0] != pair[1]]
