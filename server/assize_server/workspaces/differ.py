"""How two snapshots are compared for people: a seam, and a plain form that knows files alone."""

import asyncio
import difflib
from collections.abc import Iterator
from typing import Final, Protocol

from assize.model.effects import Effect, EffectKind, FileType
from assize.trees import FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.differences import Difference, differences
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.workspaces.contents import state_of

TEXT_MOST_BYTES: Final = 32 * 1024
LINES_MOST: Final = 800
"""The comparison's time grows with the square of this."""
DIFF_MOST_CHARS: Final = 8 * 1024
DIFFS_MOST_CHARS: Final = 512 * 1024
"""Of one answer; what comes later is told without its text."""


class Differ(Protocol):
    """Tells what lies between two trees."""

    async def effects(self, before: FolderNode, after: FolderNode) -> tuple[Effect, ...]:
        """Return the differences, in order of path.

        Raises:
            SandboxError: A tree or blob is missing or corrupt.
        """
        ...


class FileDiffer:
    """Compares path by path: no renames, no rows of databases."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def effects(self, before: FolderNode, after: FolderNode) -> tuple[Effect, ...]:
        """Return the differences, in order of path."""
        return await asyncio.to_thread(lambda: tuple(file_effects(self._objects, before, after)))


def file_effects(objects: ObjectStore, before: FolderNode, after: FolderNode) -> Iterator[Effect]:
    """Yield what differs, in order of path."""
    room = DIFFS_MOST_CHARS
    for difference in differences(objects, before, after):
        for effect in _effects(objects, difference, with_text=room > 0):
            room -= len(effect.diff)
            yield effect


def _effects(objects: ObjectStore, difference: Difference, *, with_text: bool) -> Iterator[Effect]:
    old, new = difference.before, difference.after
    before = state_of(old) if old is not None else None
    after = state_of(new) if new is not None else None
    path = difference.path or "."
    if before is not None and (after is None or before.type is not after.type):
        gone = EffectKind.FS_RMDIR if before.type is FileType.FOLDER else EffectKind.FS_DELETE
        yield Effect(gone, path, before=before)
        before = None
    if after is None:
        return
    content = old if before is not None else None
    kind = _kind(content, new)
    diff = _text_diff(objects, content, new) if with_text else ""
    yield Effect(kind, path, before=before, after=after, diff=diff)
    if isinstance(content, FileNode) and isinstance(new, FileNode):
        both = content.mode != new.mode and content.digest != new.digest
        if both:
            yield Effect(EffectKind.FS_CHMOD, path, before=before, after=after)


def _kind(old: Node | None, new: Node | None) -> EffectKind:
    match old, new:
        case None, FolderNode():
            return EffectKind.FS_MKDIR
        case _, LinkNode():
            return EffectKind.FS_SYMLINK
        case None, _:
            return EffectKind.FS_CREATE
        case FileNode(digest=before), FileNode(digest=after) if before != after:
            return EffectKind.FS_WRITE
    return EffectKind.FS_CHMOD


def _text_diff(objects: ObjectStore, old: Node | None, new: Node | None) -> str:
    before, after = _lines(objects, old), _lines(objects, new)
    if before is None or after is None or before == after:
        return ""
    text = "\n".join(difflib.unified_diff(before, after, "before", "after", lineterm=""))
    return text if len(text) <= DIFF_MOST_CHARS else f"{text[:DIFF_MOST_CHARS]}\n... (cut)"


def _lines(objects: ObjectStore, node: Node | None) -> list[str] | None:
    """Return a small text file's lines; None for what is none. Where nothing is, no lines are."""
    if node is None:
        return []
    if not isinstance(node, FileNode) or node.size_bytes > TEXT_MOST_BYTES:
        return None
    data = objects.read(node.digest, TEXT_MOST_BYTES)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    return lines if "\0" not in text and len(lines) <= LINES_MOST else None
