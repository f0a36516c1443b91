"""From a list of paths to tree objects, and so to the id that they have as a snapshot."""

from collections.abc import Mapping

from assize.model.effects import FileState, FileType
from assize.trees import (
    Digest,
    FileNode,
    FolderNode,
    LinkNode,
    Node,
    decode_tree,
    digest_of,
    encode_tree,
    snapshot_id,
)

LINK_MODE = 0o777
"""What Linux says of every symlink."""


def trees_of(states: Mapping[str, FileState]) -> tuple[Digest, dict[Digest, bytes]]:
    """Return the root's tree and every tree object.

    Raises:
        ValueError: A path is in a folder that is not listed.
        MalformedTree: A name, mode, size, digest or target is none.
    """
    folders: dict[str, dict[str, Node]] = {
        path: {} for path, state in states.items() if state.type is FileType.FOLDER
    }
    folders[""] = {}
    made: dict[Digest, bytes] = {}
    for path in sorted(states, key=lambda path: path.count("/"), reverse=True):
        parent, slash, name = path.rpartition("/")
        if parent not in folders or (slash and not parent):
            raise ValueError(f"{path!r} is in no folder")
        folders[parent][name] = _node(states[path], folders.get(path, {}), made)
    return _kept(folders[""], made), made


def snapshot_of(states: Mapping[str, FileState], root_mode: int) -> str:
    """Return the id of the snapshot that holds these.

    Raises:
        ValueError: They are no tree.
        MalformedTree: Nor are these.
    """
    return snapshot_id(FolderNode(trees_of(states)[0], root_mode))


def _node(state: FileState, below: dict[str, Node], made: dict[Digest, bytes]) -> Node:
    match state.type:
        case FileType.FILE:
            return FileNode(Digest(state.digest), state.size_bytes, state.mode)
        case FileType.SYMLINK:
            return LinkNode(state.target)
        case FileType.FOLDER:
            return FolderNode(_kept(below, made), state.mode)


def _kept(tree: dict[str, Node], made: dict[Digest, bytes]) -> Digest:
    content = encode_tree(tree)
    # SECURITY: the paths may be a service's. Reading it back refuses every name, mode, size, digest
    # and target that has no place in a tree.
    decode_tree(content)
    digest = digest_of(content)
    made[digest] = content
    return digest
