"""Proves that a snapshot's bytes are there: hashed from the store, not taken from any record."""

from dataclasses import dataclass, field
from typing import Final

from assize.model.workspaces import RollbackProof
from assize.trees import (
    EMPTY_TREE,
    Digest,
    FileNode,
    FolderNode,
    MalformedTree,
    Tree,
    decode_tree,
    digest_of,
    encode_tree,
    snapshot_id,
)
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.differences import differences
from assize_sandbox.workspaces.objects import ObjectCorrupt, ObjectMissing, ObjectStore
from assize_server.workspaces.errors import Damaged
from assize_server.workspaces.records import Snapshot

FAULTS_MOST: Final = 1000
"""After so many the search ends: the answer is the same."""


@dataclass(slots=True)
class _Found:
    faults: list[str] = field(default_factory=list)
    trees: int = 0
    files: int = 0
    verified: set[Digest] = field(default_factory=set)
    verified_bytes: int = 0


def prove(objects: ObjectStore, head: Snapshot, target: Snapshot) -> RollbackProof:
    """Read what makes up `target`: every tree, and the content that `head` does not have there.

    Raises:
        Damaged: With each object that is missing or corrupt, and where it belongs.
    """
    found = _Found()
    recomputed = _recomputed(objects, target.root, found)
    if not found.faults:
        _verify_changed(objects, head.root, target.root, found)
    if found.faults:
        raise Damaged(found.faults)
    if recomputed != target.id:
        raise Damaged([f"the trees of snapshot {target.id} add up to {recomputed}"])
    return RollbackProof(
        recomputed, found.trees, len(found.verified), found.files, found.verified_bytes
    )


def _recomputed(objects: ObjectStore, root: FolderNode, found: _Found) -> str:
    """Return the id that the trees in the store add up to; empty if the root's is not there."""
    top = _read(objects, ".", root.tree, found)
    waiting = [("", top)] if top is not None else []
    while waiting and len(found.faults) < FAULTS_MOST:
        prefix, tree = waiting.pop()
        for name, node in tree.items():
            path = prefix + name
            if isinstance(node, FileNode):
                _require_present(objects, path, node, found)
            elif isinstance(node, FolderNode):
                below = _read(objects, path, node.tree, found)
                waiting += [(f"{path}/", below)] if below is not None else []
    if top is None:
        return ""
    return snapshot_id(FolderNode(digest_of(encode_tree(top)), root.mode))


def _read(objects: ObjectStore, path: str, digest: Digest, found: _Found) -> Tree | None:
    # Read from the disk and hashed, not taken from the store's cache. Since each tree has the
    # digest that its parent's bytes name, all of them together have the root's.
    found.trees += 1
    try:
        content = encode_tree({}) if digest == EMPTY_TREE else objects.read(digest)
        return decode_tree(content)
    except (ObjectMissing, ObjectCorrupt) as error:
        found.faults.append(f"{path!r}: {error}")
    except MalformedTree:
        found.faults.append(f"{path!r}: object {digest} is no tree")
    return None


def _require_present(objects: ObjectStore, path: str, node: FileNode, found: _Found) -> None:
    found.files += 1
    try:
        size_bytes = objects.size_bytes(node.digest)
    except ObjectMissing as error:
        found.faults.append(f"{path!r}: {error}")
        return
    if size_bytes != node.size_bytes:
        told = f"has {size_bytes} bytes in place of {node.size_bytes}"
        found.faults.append(f"{path!r}: object {node.digest} {told}")


def _verify_changed(
    objects: ObjectStore, before: FolderNode, after: FolderNode, found: _Found
) -> None:
    try:
        changed = list(differences(objects, before, after))
    except SandboxError:
        # The head that is left is what is damaged: then all of the target is new.
        changed = list(differences(objects, None, after))
    for difference in changed:
        node = difference.after
        if not isinstance(node, FileNode) or node.digest in found.verified:
            continue
        try:
            objects.verify(node.digest)
        except (ObjectMissing, ObjectCorrupt) as error:
            found.faults.append(f"{difference.path!r}: {error}")
        found.verified.add(node.digest)
        found.verified_bytes += node.size_bytes
