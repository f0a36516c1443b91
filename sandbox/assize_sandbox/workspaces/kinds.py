"""The two kinds of view: an overlay, and a copy where no overlay can be mounted.

A run must not be able to tell them apart, and what it left comes to the same tree: one suite of
tests runs over both.

What can be seen nevertheless: a file of the snapshot that is written to counts as a whole against
the disk of an overlay, and of a copy only as far as it grows; and a file of the snapshot that was
opened for reading before it was opened for writing stays as it was (overlayfs.rst).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from assize_sandbox.engines.base import WorkFolder
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.checkout import write_delta, write_tree
from assize_sandbox.workspaces.collected import Collected, CollectLimits
from assize_sandbox.workspaces.folder import collect_folder
from assize_sandbox.workspaces.layers import Chain
from assize_sandbox.workspaces.mounts import freeze, mount_overlay
from assize_sandbox.workspaces.nodes import FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.rooms import Room
from assize_sandbox.workspaces.totals import Totals
from assize_sandbox.workspaces.upper import collect_upper


class ViewKind(StrEnum):
    """How a view is made."""

    OVERLAY = "overlay"
    """Copy-on-write: opening and collecting cost what is changed."""
    COPY = "copy"
    """A whole copy, compared as a whole: where the kernel mounts no overlay."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a view shows."""

    base: FolderNode
    """The snapshot that the run works on."""
    start: FolderNode
    """What the run begins with: `base`, with the submitted files put into it."""
    shape: Shape
    """`disk_bytes` and `disk_inodes` bound what the run may add."""
    read_only: bool = False


class View(Protocol):
    """One run's view. Close it, whatever happens."""

    @property
    def folder(self) -> WorkFolder:
        """What becomes /workspace of the run's containers."""
        ...

    def collect(self, limits: CollectLimits) -> Collected:
        """Return the tree that the run left, its objects in the store.

        INVARIANT: every process that could write to the view is dead.

        Raises:
            SandboxError: The view is closed, or changed while it was read.
        """
        ...

    def close(self) -> None:
        """Unmount and remove all of it. Idempotent."""
        ...


class OverlayView:
    """A view whose changes lie in a layer of their own."""

    def __init__(
        self, room: Room, chain: Chain, scene: Scene, objects: ObjectStore, totals: Totals
    ) -> None:
        self._room = room
        self._chain = chain
        self._scene = scene
        self._objects = objects
        self._totals = totals

    def open(self, owner: int) -> None:
        """Mount it, one step for each thing that bounds a run.

        Raises:
            SandboxError: It could not be mounted; `close` is still due.
        """
        scene, room = self._scene, self._room
        room.open()
        write_delta(self._objects, scene.base, scene.start, room.folder / "start", owner)
        lower = (room.folder / "start", *self._chain.folders)
        room.workspace.mkdir(mode=0o700)
        if scene.read_only:
            mount_overlay(room.workspace, lower)
            freeze(room.folder, "tmpfs")
            return
        upper, work = (
            room.folder_of_guest("upper", scene.start.mode),
            room.folder_of_guest("work", 0o700),
        )
        mount_overlay(room.workspace, lower, upper, work)
        # To remove a file of the snapshot, or to write to it, takes an inode of the upper layer.
        room.bound(scene.shape, self._totals.of(scene.start).entries)

    @property
    def folder(self) -> WorkFolder:
        """What becomes /workspace."""
        return WorkFolder(self._room.workspace, self._scene.read_only)

    def collect(self, limits: CollectLimits) -> Collected:
        """Return what the run left: what it changed, on what it began with."""
        self._room.require_open()
        if self._scene.read_only:
            return Collected(self._scene.start)
        upper = self._room.folder / "upper"
        return collect_upper(self._objects, self._totals, upper, self._scene.start, limits)

    def close(self) -> None:
        """Unmount and remove all of it. Idempotent."""
        self._room.close()
        self._chain.close()


class CopyView:
    """A view that is a copy."""

    def __init__(self, room: Room, scene: Scene, objects: ObjectStore) -> None:
        self._room = room
        self._scene = scene
        self._objects = objects

    def open(self, owner: int) -> None:
        """Write the whole tree to memory.

        Raises:
            SandboxError: It could not be written; `close` is still due.
        """
        self._room.open()
        write_tree(self._objects, self._scene.start, self._room.workspace, owner)
        if self._scene.read_only:
            freeze(self._room.folder, "tmpfs")
        else:
            self._room.bound(self._scene.shape)

    @property
    def folder(self) -> WorkFolder:
        """What becomes /workspace."""
        return WorkFolder(self._room.workspace, self._scene.read_only)

    def collect(self, limits: CollectLimits) -> Collected:
        """Return what the run left, every file of it read."""
        self._room.require_open()
        if self._scene.read_only:
            return Collected(self._scene.start)
        return collect_folder(self._objects, self._room.workspace, limits, self._scene.start)

    def close(self) -> None:
        """Unmount and remove all of it. Idempotent."""
        self._room.close()
