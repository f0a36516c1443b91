"""What happened to files, links and folders, told from how two trees differ.

- Another type at a path is the end of what was there and the making of what is there: two effects.
- Other content is `fs.write`, or `fs.truncate` where it is a shorter beginning of the old.
- Other permission bits are `fs.chmod`, beside whatever else happened at the path.
- A file that is gone and whose content is at another path was renamed (`renames.py`). A rename
  stands for one delete and never for two; what a rename's target held is `fs.rename_over`.
- The root's own path is `.`: only its mode can change.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from assize.model.effects import Effect, EffectKind, FileState, FileType
from assize_sandbox.effects.renames import Move, moves_of
from assize_sandbox.workspaces.differences import Difference
from assize_sandbox.workspaces.nodes import MODE_BITS, Digest, FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.objects import ObjectStore

ROOT: Final = "."
"""No entry of a folder can have this name."""
ORDER: Final = {kind: place for place, kind in enumerate(EffectKind)} | {
    EffectKind.FS_DELETE: -2,
    EffectKind.FS_RMDIR: -1,
}
"""At one path what ends comes before what begins."""
MADE: Final = {
    FileType.FILE: EffectKind.FS_CREATE,
    FileType.SYMLINK: EffectKind.FS_SYMLINK,
    FileType.FOLDER: EffectKind.FS_MKDIR,
}


def file_effects(objects: ObjectStore, changed: Iterable[Difference]) -> tuple[Effect, ...]:
    """Return the `fs.*` effects of what changed, in order of path.

    Raises:
        SandboxError: A content that had to be read is missing or corrupt.
    """
    listed = tuple(changed)
    moves = {move.target: move for move in moves_of(listed)}
    moved = {move.source for move in moves.values()}
    effects = [
        effect
        for difference in listed
        if difference.path not in moved
        for effect in _effects(objects, difference, moves.get(difference.path))
    ]
    return in_order(effects)


def in_order(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """Return effects in order of path; at one path, ends before beginnings."""
    return tuple(sorted(effects, key=lambda each: (each.path, ORDER[each.kind], each.table)))


def state_of(node: Node) -> FileState:
    """Return what an effect says of a node."""
    match node:
        case FileNode(digest, size_bytes, mode):
            return FileState(FileType.FILE, mode, size_bytes, digest)
        case LinkNode(target):
            return FileState(FileType.SYMLINK, MODE_BITS, target=target)
        case FolderNode(mode=mode):
            return FileState(FileType.FOLDER, mode)


def _effects(objects: ObjectStore, changed: Difference, move: Move | None) -> Iterator[Effect]:
    old = None if changed.before is None else state_of(changed.before)
    new = None if changed.after is None else state_of(changed.after)
    path = changed.path or ROOT
    if old is not None and (new is None or new.type is not old.type):
        yield _ended(path, old)
        old = None
    if new is None:
        return
    if move is not None:
        yield from _moved(path, old, new, move)
    elif old is None:
        yield Effect(MADE[new.type], path, after=new)
    else:
        yield from _changed(objects, path, old, new)


def _ended(path: str, old: FileState) -> Effect:
    kind = EffectKind.FS_RMDIR if old.type is FileType.FOLDER else EffectKind.FS_DELETE
    return Effect(kind, path, before=old)


def _changed(objects: ObjectStore, path: str, old: FileState, new: FileState) -> Iterator[Effect]:
    """Tell what happened to something that kept its type."""
    if old.target != new.target:
        yield Effect(EffectKind.FS_SYMLINK, path, before=old, after=new)
    if old.digest != new.digest:
        shorter = _is_beginning(objects, old, new)
        kind = EffectKind.FS_TRUNCATE if shorter else EffectKind.FS_WRITE
        yield Effect(kind, path, before=old, after=new)
    if old.mode != new.mode:
        yield Effect(EffectKind.FS_CHMOD, path, before=old, after=new)


def _moved(path: str, old: FileState | None, new: FileState, move: Move) -> Iterator[Effect]:
    """Tell of a file that came from elsewhere; `old` is the file that it took the place of."""
    kind = EffectKind.FS_RENAME if old is None else EffectKind.FS_RENAME_OVER
    yield Effect(kind, path, source=move.source, before=old, after=new)
    # A rename keeps the mode of what is moved: another than that was set, and another than the
    # path had is seen by whoever opens it.
    was = [state for state in (old, state_of(move.node)) if state and state.mode != new.mode]
    if was:
        yield Effect(EffectKind.FS_CHMOD, path, before=was[0], after=new)


def _is_beginning(objects: ObjectStore, old: FileState, new: FileState) -> bool:
    """Tell whether the new content is a shorter beginning of the old."""
    if new.size_bytes == 0:
        return True
    if new.size_bytes >= old.size_bytes:
        return False
    hashed, left = hashlib.sha256(), new.size_bytes
    for chunk in objects.chunks(Digest(old.digest)):
        hashed.update(chunk[:left])
        left -= min(left, len(chunk))
        if left == 0:
            break
    return hashed.hexdigest() == new.digest
