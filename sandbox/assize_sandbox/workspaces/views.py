"""Shows a run a tree that it may change, and tells what became of it.

    views/OWNER/ID            a tmpfs of the view's own, as large as the run's disk: closed to all
                              but root and the guest's user
    views/OWNER/ID/start      what the run begins with beside its snapshot, as a layer
    views/OWNER/ID/upper      what the run changed (overlay)
    views/OWNER/ID/workspace  what the run sees: the overlay, or in its place a copy

The layers of a snapshot lie in `layers.py`'s folder and are shared by every view of it. Which kind
of view there is, is found out at start, for all views: overlay wherever the kernel lets us.

SECURITY: what a run writes goes to memory that is bounded by this mount and charged to the run's
cgroup. The host reads the upper layer alone, and only when the run is dead; it never goes through
the overlay, and it follows no link (scan.py).
"""

import logging
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

from assize_sandbox.engines.owner import Owner
from assize_sandbox.errors import SandboxError, ViewUnavailable
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.kinds import CopyView, OverlayView, Scene, View, ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.mounts import MountRefused
from assize_sandbox.workspaces.nodes import FolderNode, SnapshotId
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.rooms import PASSING, Room, clear_all
from assize_sandbox.workspaces.totals import Totals
from assize_sandbox.workspaces.trial import try_overlay

log = logging.getLogger(__name__)


class Views:
    """Makes views. `start` first. Safe for threads."""

    def __init__(
        self,
        folder: Path,
        objects: ObjectStore,
        layers: Layers,
        *,
        owner: int,
        kind: ViewKind | None = None,
    ) -> None:
        """`owner` is the engine's `sandbox_uid`; a `kind` is made without asking what works."""
        self._folder = folder
        self._own = folder / Owner.current().label
        self._objects = objects
        self._layers = layers
        self._totals = Totals(objects)
        self._owner = owner
        self._kind = kind

    def start(self) -> ViewKind:
        """Remove what dead processes left, and find out which kind of view can be made here.

        Raises:
            ViewUnavailable: None can.
        """
        for folder in (self._folder, self._own):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(PASSING)
        for folder in tuple(self._folder.iterdir()):
            owner = Owner.parse(folder.name)
            if owner is not None and not owner.alive:
                clear_all(folder)
        self._layers.start()
        self._kind = self._kind or self._possible()
        self._require_memory()
        return self._kind

    def open(
        self,
        base: FolderNode,
        shape: Shape,
        *,
        start: FolderNode | None = None,
        read_only: bool = False,
    ) -> View:
        """Return a view of a snapshot; the run begins with `start`, if that is not the snapshot.

        Raises:
            SandboxError: It could not be made; nothing is left behind.
        """
        scene = Scene(base, base if start is None else start, shape, read_only)
        room = Room(self._own / uuid.uuid4().hex, self._owner)
        if self._kind is None:
            raise SandboxError("the views were not started")
        view: OverlayView | CopyView
        if self._kind is ViewKind.OVERLAY:
            chain = self._layers.chain(base)
            view = OverlayView(room, chain, scene, self._objects, self._totals)
        else:
            view = CopyView(room, scene, self._objects)
        try:
            view.open(self._owner)
        except BaseException:
            view.close()
            raise
        return view

    def derive(self, before: FolderNode, after: FolderNode) -> None:
        """Make ready to show `after`, which was committed on `before`. Costs what differs.

        Raises:
            SandboxError: An object is missing or corrupt, or the disk is full.
        """
        if self._kind is ViewKind.OVERLAY:
            self._layers.derive(before, after)

    def prune(self, keep: Iterable[SnapshotId]) -> int:
        """Remove what only views of other snapshots need, and no open one; return how many."""
        return self._layers.prune(keep) if self._kind is ViewKind.OVERLAY else 0

    def close(self) -> None:
        """Unmount and remove every view that is left. Idempotent."""
        clear_all(self._own)

    def _possible(self) -> ViewKind:
        """Return the better kind that works here."""
        room = Room(self._own / uuid.uuid4().hex, self._owner)
        lower = self._own / uuid.uuid4().hex
        try:
            fault = try_overlay(room, lower)
        except (SandboxError, OSError) as error:
            fault = str(error)
        finally:
            room.close()
            shutil.rmtree(lower, ignore_errors=True)
        if fault:
            log.warning("workspaces are copied for each run", extra={"reason": fault})
        return ViewKind.COPY if fault else ViewKind.OVERLAY

    def _require_memory(self) -> None:
        """Refuse to work without a tmpfs: a run's disk would have no bound."""
        room = Room(self._own / uuid.uuid4().hex, self._owner)
        try:
            room.open()
            room.bound(Shape())
        except MountRefused as error:
            raise ViewUnavailable(
                f"the disk of a run could not be bounded: {error}", remedy=error.remedy
            ) from error
        finally:
            room.close()
