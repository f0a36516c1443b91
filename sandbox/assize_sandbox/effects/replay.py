"""Carries out a list of effects on a tree: what the list says is all that changed.

A list is a set of facts and has no order in time. Every effect says what stood at its path; where
something else stands, or a folder that is to go still holds something, the list is of another base.
Contents come from the store by digest. `db.*` effects explain the `fs.*` effects of the same file
and change nothing of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from assize.model.effects import Effect, EffectKind, FileState, FileType
from assize_sandbox.effects.files import ROOT, state_of
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.nodes import (
    EMPTY_TREE,
    Digest,
    FileNode,
    FolderNode,
    LinkNode,
    Node,
)
from assize_sandbox.workspaces.objects import ObjectStore


class EffectsDoNotFit(SandboxError):
    """A list of effects was made for another base, or can never be carried out."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(
            f"the effects do not fit the base at {path!r}: {fault}",
            remedy="have the effects told anew from the base and the run's view",
        )
        self.path = path


@dataclass(slots=True)
class _Change:
    """What is to happen at a path, and below it."""

    path: str
    ends: FileState | None = None
    """What stood there and goes."""
    expects: FileState | None = None
    """What stood there and is changed in place."""
    made: FileState | None = None
    """What is to stand there."""
    had: FileState | None = None
    """What stood there when nothing but its mode is changed."""
    mode: int | None = None
    below: dict[str, "_Change"] = field(default_factory=dict)


def replayed(objects: ObjectStore, base: FolderNode, effects: Iterable[Effect]) -> FolderNode:
    """Return the base with the effects carried out; trees are put in the store, contents are there.

    Raises:
        EffectsDoNotFit: The effects are not those of this base.
        SandboxError: A tree is missing or corrupt.
    """
    root = _Change(ROOT)
    for effect in effects:
        _note(root, effect)
    result = _carried_out(objects, base, root)
    if not isinstance(result, FolderNode):
        raise EffectsDoNotFit(ROOT, "the root is no folder any more")
    return result


def _note(root: _Change, effect: Effect) -> None:
    """Put an effect at its place."""
    if effect.kind.startswith("db."):
        return
    if effect.kind is EffectKind.FS_SPECIAL:
        raise EffectsDoNotFit(effect.path, "a workspace cannot hold what is there")
    here = _at(root, effect.path)
    if effect.kind in {EffectKind.FS_DELETE, EffectKind.FS_RMDIR}:
        here.ends = effect.before
    elif effect.kind is EffectKind.FS_CHMOD:
        here.had, here.mode = effect.before, None if effect.after is None else effect.after.mode
    else:
        here.expects, here.made = effect.before, effect.after
    if effect.source:
        source = _at(root, effect.source)
        source.ends = None if effect.after is None else replace(effect.after, mode=-1)


def _at(root: _Change, path: str) -> _Change:
    here = root
    for name in () if path == ROOT else path.split("/"):
        here = here.below.setdefault(name, _Change(f"{here.path}/{name}".removeprefix("./")))
    return here


def _carried_out(objects: ObjectStore, node: Node | None, change: _Change) -> Node | None:
    """Return what stands at a path afterwards."""
    had = None if change.made else change.had
    for state in filter(None, (change.ends, change.expects, had)):
        _expect(change.path, node, state)
    if change.made is not None and change.expects is None and change.ends is None and node:
        raise EffectsDoNotFit(change.path, "something is there already")
    entries = dict(objects.tree(node.tree)) if isinstance(node, FolderNode) else {}
    for name, below in change.below.items():
        result = _carried_out(objects, entries.pop(name, None), below)
        if result is not None:
            entries[name] = result
    return _finished(objects, _self(node, change), entries, change)


def _self(node: Node | None, change: _Change) -> Node | None:
    """Return what stands there itself, whatever is to be in it."""
    if change.made is not None:
        node = _node_of(change.path, change.made)
    elif change.ends is not None:
        node = None
    if change.mode is None:
        return node
    if node is None or isinstance(node, LinkNode):
        raise EffectsDoNotFit(change.path, "there is nothing whose mode could change")
    return replace(node, mode=change.mode)


def _finished(
    objects: ObjectStore, node: Node | None, entries: dict[str, Node], change: _Change
) -> Node | None:
    if isinstance(node, FolderNode):
        return (
            replace(node, tree=objects.put_tree(entries)) if change.below or change.made else node
        )
    if entries:
        raise EffectsDoNotFit(change.path, f"{len(entries)} entries would be in what is no folder")
    return node


def _expect(path: str, node: Node | None, state: FileState) -> None:
    """Require that what stands at a path is what the effect says; a mode of -1 is any."""
    found = None if node is None else state_of(node)
    if found is not None and state.mode == -1:
        found = replace(found, mode=-1)
    if found != state:
        raise EffectsDoNotFit(path, "something else was there")


def _node_of(path: str, state: FileState) -> Node:
    match state.type:
        case FileType.FILE:
            return FileNode(Digest(state.digest), state.size_bytes, state.mode)
        case FileType.SYMLINK:
            return LinkNode(state.target)
        case FileType.FOLDER:
            return FolderNode(EMPTY_TREE, state.mode)
    raise EffectsDoNotFit(path, "what is to be made is of no known type")
