"""A tree that a client uploaded is hostile until every part that is new in it was looked at.

The checklist, for each node that differs from the head's at the same path: the tree object is of
bounded size, whole and in its one form (which bounds names, targets, modes and digests); the path
is not too deep or too long; the object of a file is there, of the size that is claimed, and sent by
this owner; there are not more nodes than the quota allows, however often one tree names another.
What is the same as in the head was looked at before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from assize.trees import (
    DEPTH_MOST,
    EMPTY_TREE,
    MODE_BITS,
    PATH_MOST_BYTES,
    Digest,
    FileNode,
    FolderNode,
    MalformedTree,
    Node,
    Tree,
    decode_tree,
    encode_tree,
    is_digest,
)
from assize_sandbox.workspaces.objects import ObjectMissing, ObjectStore
from assize_server.workspaces.contents import file_bytes, new_bytes
from assize_server.workspaces.errors import Malformed
from assize_server.workspaces.quotas import Quotas, require_snapshot
from assize_server.workspaces.records import Snapshot

SHOWN_MOST_CHARS: Final = 200
REMEMBERED_TREES: Final = 500
REMEMBERED_MOST_NAMES: Final = 50


@dataclass(frozen=True, slots=True)
class Admitted:
    """A tree that may become a head, once its owner is known to have sent what is new in it."""

    snapshot: Snapshot
    new: frozenset[Digest]
    """Blobs and trees that the head does not have at the same path."""


@dataclass(slots=True)
class _Walk:
    """What is left to look at, and what was seen so far."""

    entries: int
    total_bytes: int
    added_bytes: int = 0
    seen: int = 0
    new: set[Digest] = field(default_factory=set)
    trees: dict[Digest, Tree] = field(default_factory=dict)
    """Some that were read, for those that are named often."""
    waiting: list[tuple[str, int, Node | None, Node | None]] = field(default_factory=list)


def admit_tree(
    objects: ObjectStore, base: Snapshot, tree: str, root_mode: int, quotas: Quotas
) -> Admitted:
    """Return what an uploaded tree is, beside the head that it is to replace.

    Raises:
        Malformed: A part of it does not have its form, or was not uploaded.
        OverQuota: It holds too much.
        SandboxError: A tree of the head is missing or corrupt.
    """
    if not is_digest(tree):
        raise Malformed(f"{tree[:80]!r} is no digest of a tree")
    if not 0 <= root_mode <= MODE_BITS:
        raise Malformed(f"the root folder's mode is {root_mode:o}, at most {MODE_BITS:o} is taken")
    root = FolderNode(Digest(tree), root_mode)
    walk = _Walk(base.entries, base.bytes)
    walk.waiting.append(("", 0, base.root, root))
    while walk.waiting:
        _look(objects, walk, quotas)
    require_snapshot(quotas, walk.entries, walk.total_bytes)
    return Admitted(
        Snapshot(root, walk.entries, walk.total_bytes, walk.added_bytes), frozenset(walk.new)
    )


def _look(objects: ObjectStore, walk: _Walk, quotas: Quotas) -> None:
    path, depth, old, new = walk.waiting.pop()
    if path:
        _count(walk, old, new)
    if new is not None:
        walk.seen += 1
        # SECURITY: a few trees that name each other can stand for more nodes than there are atoms.
        require_snapshot(quotas, walk.seen - 1, 0)
        _require_place(path, depth)
    if isinstance(new, FileNode):
        _require_blob(objects, path, new)
        walk.new.add(new.digest)
    same_tree = isinstance(old, FolderNode) and isinstance(new, FolderNode) and old.tree == new.tree
    if not same_tree:
        _descend(objects, walk, quotas, (path, depth, old, new))


def _count(walk: _Walk, old: Node | None, new: Node | None) -> None:
    walk.entries += (new is not None) - (old is not None)
    walk.total_bytes += file_bytes(new) - file_bytes(old)
    walk.added_bytes += new_bytes(old, new)


def _descend(
    objects: ObjectStore,
    walk: _Walk,
    quotas: Quotas,
    place: tuple[str, int, Node | None, Node | None],
) -> None:
    path, depth, old, new = place
    olds: Tree = objects.tree(old.tree) if isinstance(old, FolderNode) else {}
    news: Tree = {}
    if isinstance(new, FolderNode):
        known = walk.trees.get(new.tree)
        news = _uploaded_tree(objects, path, new.tree, quotas) if known is None else known
        walk.new.add(new.tree)
        if len(walk.trees) < REMEMBERED_TREES and len(news) < REMEMBERED_MOST_NAMES:
            walk.trees[new.tree] = news
    for name in olds.keys() | news.keys():
        before, after = olds.get(name), news.get(name)
        if before != after:
            below = f"{path}/{name}" if path else name
            walk.waiting.append((below, depth + 1, before, after))


def _uploaded_tree(objects: ObjectStore, path: str, digest: Digest, quotas: Quotas) -> Tree:
    # Not through the store's cache: nobody but a push reads this tree yet.
    if digest == EMPTY_TREE:
        objects.put(encode_tree({}))
        return {}
    try:
        size_bytes = objects.size_bytes(digest)
        if size_bytes > quotas.tree_bytes:
            text = f"{_at(path)}: its tree has {size_bytes} bytes, at most {quotas.tree_bytes}"
            raise Malformed(f"{text} are taken: put fewer files into one folder")
        return decode_tree(objects.read(digest, quotas.tree_bytes))
    except ObjectMissing as error:
        raise Malformed(f"{_at(path)}: its tree {digest} was not uploaded; push again") from error
    except MalformedTree as error:
        raise Malformed(f"{_at(path)}: {digest} is no tree: {error}") from error


def _require_blob(objects: ObjectStore, path: str, node: FileNode) -> None:
    try:
        size_bytes = objects.size_bytes(node.digest)
    except ObjectMissing as error:
        text = f"{_at(path)}: its content {node.digest} was not uploaded; push again"
        raise Malformed(text) from error
    if size_bytes != node.size_bytes:
        text = f"{_at(path)}: the tree says {node.size_bytes} bytes, the content has {size_bytes}"
        raise Malformed(text)


def _require_place(path: str, depth: int) -> None:
    if depth > DEPTH_MOST:
        raise Malformed(f"{_at(path)}: deeper than {DEPTH_MOST} folders")
    if len(path.encode()) > PATH_MOST_BYTES:
        raise Malformed(f"{_at(path)}: a path of more than {PATH_MOST_BYTES} bytes")


def _at(path: str) -> str:
    return repr(path[:SHOWN_MOST_CHARS]) if path else "the root folder"


def require_touched(objects: ObjectStore, digests: Iterable[Digest]) -> None:
    """Keep objects from being collected until a transaction names them.

    Raises:
        Malformed: One was collected already.
    """
    for digest in digests:
        if not objects.touch(digest):
            raise Malformed(f"{digest} is not there any more; push again")
