"""Snapshots on disk, as layers of overlay mounts: a cache that can always be made again.

    layers/BOOT/lock                 held while layers are looked up, named or removed
    layers/BOOT/aside/OWNER/         where layers are written, by the process that writes them
    layers/BOOT/UID/SNAPSHOT/files   the layer of a snapshot, whole or on top of its parent's
    layers/BOOT/UID/SNAPSHOT/layer   which folder it makes, and on which parent

- A layer is written aside and renamed, and never changed: it is there as a whole or not at all.
- Nothing waits for the disk: after a crash of the host another boot makes its own. What belongs to
  another boot is removed.
- A commit makes a layer of what it changed, on top of the layer of what it was made from. Too many
  on top of each other become one on top of the lowest.
- Whoever uses a chain holds a lock on each of its layers, and no other process removes those.

SECURITY: files belong to the guest's user, so that they can be changed through an overlay. The
folder is closed to everybody else: only root can reach a layer by its path.
"""

import fcntl
import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from assize_sandbox.engines.owner import Owner, boot_id
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.checkout import write_delta, write_tree
from assize_sandbox.workspaces.mounts import escaped
from assize_sandbox.workspaces.nodes import Digest, FolderNode, SnapshotId, snapshot_id
from assize_sandbox.workspaces.objects import ObjectStore

CHAIN_MOST: Final = 16
"""Layers on top of each other. Each is one more folder to look into for every name."""
CHAIN_MOST_BYTES: Final = 2800
"""Of their paths in the options of a mount; the rest of the page is for the view's own."""
NAME_DIGITS: Final = 32
BUILDERS: Final = 64


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer that is there."""

    folder: Path
    root: FolderNode
    parent: SnapshotId | None

    @property
    def files(self) -> Path:
        return self.folder / "files"


class Chain:
    """The layers of one snapshot, kept from being removed until it is closed."""

    def __init__(self, layers: Sequence[_Layer]) -> None:
        self.folders: tuple[Path, ...] = tuple(layer.files for layer in layers)
        """The newest first, as overlay takes them."""
        self._locks = [locked(layer.folder, fcntl.LOCK_SH) for layer in layers]

    def close(self) -> None:
        """Let the layers be removed. Idempotent."""
        while self._locks:
            os.close(self._locks.pop())

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


class Layers:
    """Makes and finds layers. `start` first. Safe for threads and for several processes."""

    def __init__(self, folder: Path, objects: ObjectStore, owner: int) -> None:
        self._folder = folder
        self._boot = folder / boot_id()
        self._home = self._boot / str(owner)
        self._aside = self._boot / "aside" / Owner.current().label
        self._objects = objects
        self._owner = owner
        # A snapshot is made by one thread at a time; which lock is its own does not matter.
        self._builders = tuple(threading.Lock() for _ in range(BUILDERS))

    def start(self) -> None:
        """Remove what other boots and dead processes left; make the folders."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for path in self._folder.iterdir():
            if path != self._boot:
                shutil.rmtree(path, ignore_errors=True)
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._aside.parent.iterdir():
            owner = Owner.parse(path.name)
            if owner is not None and not owner.alive:
                shutil.rmtree(path, ignore_errors=True)

    def chain(self, root: FolderNode) -> Chain:
        """Return the layers of a snapshot, made as one whole layer if there are none. Close it.

        Raises:
            SandboxError: An object is missing or corrupt, or the disk is full.
        """
        snapshot = snapshot_id(root)
        with self._builders[int(snapshot[:8], 16) % BUILDERS]:
            return self._held(snapshot) or self._make(root, None)

    def derive(self, before: FolderNode, after: FolderNode) -> None:
        """Make the layer of a snapshot out of what it changed, if what it came from has one.

        Raises:
            SandboxError: An object is missing or corrupt, or the disk is full.
        """
        snapshot = snapshot_id(after)
        with self._builders[int(snapshot[:8], 16) % BUILDERS], self._locked():
            layers = self._find(snapshot_id(before))
            if not layers or self._find(snapshot):
                return
            chain = Chain(layers)
        with chain:
            if (parent := self._parent(layers)) is not None:
                self._make(after, parent).close()

    def prune(self, keep: Iterable[SnapshotId]) -> int:
        """Remove the layers that these snapshots do without and nobody uses; return how many."""
        with self._locked():
            needed = {
                layer.folder.name for snapshot in keep for layer in self._find(snapshot) or ()
            }
            removed = [
                self._put_aside(folder)
                for folder in tuple(self._home.iterdir())
                if folder.name not in needed and unused(folder)
            ]
        for folder in removed:
            shutil.rmtree(folder, ignore_errors=True)
        return len(removed)

    def _parent(self, layers: Sequence[_Layer]) -> _Layer | None:
        """Return what the next layer goes on top of: the newest, or else the lowest."""
        if fits([layer.files for layer in layers]):
            return layers[0]
        return layers[-1] if fits([layers[-1].files]) else None

    def _make(self, root: FolderNode, parent: _Layer | None) -> Chain:
        """Write a layer, whole or on top of another, and return its chain."""
        aside = self._aside / uuid.uuid4().hex
        try:
            aside.mkdir(mode=0o700)
            if parent is None:
                write_tree(self._objects, root, aside / "files", self._owner)
            else:
                write_delta(self._objects, parent.root, root, aside / "files", self._owner)
            (aside / "layer").write_text(describe(root, parent))
            return self._name(aside, snapshot_id(root))
        except OSError as error:
            raise SandboxError(f"a layer could not be made: {error}") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _name(self, aside: Path, snapshot: SnapshotId) -> Chain:
        """Give a layer its name, unless another process was first; return the chain."""
        with self._locked():
            layers = self._find(snapshot)
            if layers is None:
                target = self._place(snapshot)
                if target.exists():
                    # Its parent was removed by hand: it is of no use to anybody.
                    self._put_aside(target)
                aside.rename(target)
                layers = self._find(snapshot)
            if layers is None:
                raise SandboxError(f"the layer of snapshot {snapshot} is gone as soon as made")
            return Chain(layers)

    def _held(self, snapshot: SnapshotId) -> Chain | None:
        with self._locked():
            layers = self._find(snapshot)
            return None if layers is None else Chain(layers)

    def _find(self, snapshot: SnapshotId) -> list[_Layer] | None:
        """Return the layers of a snapshot, the newest first; None if one is not there."""
        layers: list[_Layer] = []
        wanted: SnapshotId | None = snapshot
        while wanted is not None:
            layer = read_layer(self._place(wanted))
            if layer is None or len(layers) > CHAIN_MOST or snapshot_id(layer.root) != wanted:
                return None
            layers.append(layer)
            wanted = layer.parent
        return layers

    def _place(self, snapshot: SnapshotId) -> Path:
        # Names are short because the options of a mount are; `_find` looks whose layer it is.
        return self._home / snapshot[:NAME_DIGITS]

    def _put_aside(self, folder: Path) -> Path:
        aside = self._aside / uuid.uuid4().hex
        folder.rename(aside)
        return aside

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be alone with the names of layers; held for no longer than renames take."""
        descriptor = os.open(self._boot / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def fits(folders: Sequence[Path]) -> bool:
    """Tell whether one more layer may go on top of these."""
    longest = max(len(os.fsencode(escaped(folder))) + 1 for folder in folders)
    return len(folders) < CHAIN_MOST and longest * (len(folders) + 1) <= CHAIN_MOST_BYTES


def describe(root: FolderNode, parent: _Layer | None) -> str:
    """Return what is written of a layer, for `read_layer`."""
    name = "" if parent is None else snapshot_id(parent.root)
    return json.dumps({"tree": root.tree, "mode": root.mode, "parent": name})


def read_layer(folder: Path) -> _Layer | None:
    """Return the layer in a folder, None if there is none."""
    try:
        told = json.loads((folder / "layer").read_text())
    except FileNotFoundError:
        return None
    parent = SnapshotId(told["parent"]) if told["parent"] else None
    return _Layer(folder, FolderNode(Digest(told["tree"]), told["mode"]), parent)


def locked(folder: Path, operation: int) -> int:
    """Return a descriptor that holds a lock on a folder.

    Raises:
        BlockingIOError: Another holds it, and `operation` says not to wait.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def unused(folder: Path) -> bool:
    """Tell whether nobody holds a layer; nobody can begin to while the names are locked."""
    try:
        os.close(locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
