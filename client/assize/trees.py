"""What a workspace's tree is made of, and how each part is written and named.

Client, sandbox and service share these rules: a snapshot has one id wherever it is computed.

- A tree is a folder's entries by name. Its object is their canonical text; its digest names it.
- A snapshot's id is the digest of the root folder's mode and tree, so that it covers every path,
  type, mode and content below it. Two trees with the same id are the same, byte for byte.
- What has no place here (owner, times, extended attributes, hard links, devices) is not kept.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NewType, TypeGuard

Digest = NewType("Digest", str)
"""SHA-256, 64 hex digits."""
SnapshotId = NewType("SnapshotId", str)
"""SHA-256, 64 hex digits, of a root folder."""

NAME_MOST_BYTES: Final = 255
"""NAME_MAX of Linux file systems (limits.h)."""
PATH_MOST_BYTES: Final = 4095
"""PATH_MAX less its NUL (limits.h): a longer path could not be opened."""
DEPTH_MOST: Final = 200
"""Folders in folders. A path of 4095 bytes could have 2047; nothing real comes near this."""
MODE_BITS: Final = 0o777
ROOT_MODE: Final = 0o755
SIZE_MOST_BYTES: Final = 2**63 - 1
"""What a file's size can be (off_t)."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileNode:
    """A plain file."""

    digest: Digest
    size_bytes: int
    mode: int


@dataclass(frozen=True, slots=True)
class LinkNode:
    """A symlink. Its target is text and is followed by nothing of ours."""

    target: str


@dataclass(frozen=True, slots=True)
class FolderNode:
    """A folder; its entries are in the tree object of that digest."""

    tree: Digest
    mode: int = ROOT_MODE


Node = FileNode | LinkNode | FolderNode
Tree = Mapping[str, Node]
"""A folder's entries by name, in order of the names' bytes."""


class MalformedTree(Exception):
    """A tree object does not have the one form that trees have."""


def fault_of_name(name: bytes) -> str:
    """Tell why a workspace cannot hold a name; empty if it can.

    Any name of valid UTF-8 is one, control characters included: whoever shows it escapes it.
    """
    if name in {b"", b".", b".."} or b"/" in name or b"\0" in name:
        return "is no name"
    if len(name) > NAME_MOST_BYTES:
        return f"is longer than {NAME_MOST_BYTES} bytes"
    try:
        name.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    return ""


def fault_of_target(target: bytes) -> str:
    """Tell why a symlink cannot point there; empty if it can. Where it leads does not matter."""
    if not target or b"\0" in target:
        return "points nowhere"
    if len(target) > PATH_MOST_BYTES:
        return f"points to more than {PATH_MOST_BYTES} bytes"
    try:
        target.decode()
    except UnicodeDecodeError:
        return "points to what is not UTF-8"
    return ""


def is_digest(text: str) -> bool:
    """Tell whether a text has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None


def digest_of(content: bytes) -> Digest:
    """Return the name of content."""
    return Digest(hashlib.sha256(content).hexdigest())


def encode_tree(tree: Tree) -> bytes:
    """Return the object of a tree: one form for one meaning.

    Raises:
        ValueError: A name is no Unicode.
    """
    entries = [_entry(name, tree[name]) for name in sorted(tree, key=str.encode)]
    return json.dumps(entries, separators=(",", ":")).encode()


def decode_tree(content: bytes) -> Tree:
    """Return the tree of an object.

    Raises:
        MalformedTree: It is none.
    """
    try:
        tree = {entry[0]: _node(entry) for entry in json.loads(content)}
        whole = encode_tree(tree) == content
    except (ValueError, TypeError, IndexError, KeyError, RecursionError) as error:
        raise MalformedTree("the object is no tree") from error
    if not whole:
        raise MalformedTree("the object is no tree in its one form")
    return tree


def snapshot_id(root: FolderNode) -> SnapshotId:
    """Return the id of the snapshot of a root folder."""
    return SnapshotId(
        hashlib.sha256(f"assize snapshot 1\n{root.mode:o} {root.tree}".encode()).hexdigest()
    )


EMPTY_TREE: Final = digest_of(b"[]")


def _entry(name: str, node: Node) -> list[str | int]:
    match node:
        case FileNode(digest, size_bytes, mode):
            return [name, "file", mode, digest, size_bytes]
        case LinkNode(target):
            return [name, "link", target]
        case FolderNode(tree, mode):
            return [name, "folder", mode, tree]


def _node(entry: list[object]) -> Node:
    # SECURITY: a digest becomes a path of the store, a name and a target become files of somebody.
    match entry:
        case [str(name), "file", mode, str(digest), size_bytes] if (
            _is_name(name)
            and _is_number(mode, MODE_BITS)
            and is_digest(digest)
            and _is_number(size_bytes, SIZE_MOST_BYTES)
        ):
            return FileNode(Digest(digest), size_bytes, mode)
        case [str(name), "link", str(target)] if _is_name(name) and not fault_of_target(
            target.encode()
        ):
            return LinkNode(target)
        case [str(name), "folder", mode, str(tree)] if (
            _is_name(name) and _is_number(mode, MODE_BITS) and is_digest(tree)
        ):
            return FolderNode(Digest(tree), mode)
    raise ValueError("an entry of the tree has no known form")


def _is_name(name: str) -> bool:
    return not fault_of_name(name.encode())


def _is_number(value: object, most: int) -> TypeGuard[int]:
    # `true` is an int to Python, and would be a second form of 1.
    return type(value) is int and 0 <= value <= most
