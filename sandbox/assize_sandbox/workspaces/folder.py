"""A directory as it is -> a tree. It costs a look at every file."""

import os
from pathlib import Path

from assize_sandbox.workspaces.batches import Batch
from assize_sandbox.workspaces.collected import Collected, CollectLimits
from assize_sandbox.workspaces.descent import Descent
from assize_sandbox.workspaces.nodes import FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.scan import Origin, Scan, folder_in


class _Copied:
    """A folder that began as a copy of a tree."""

    def __init__(self, objects: ObjectStore, start: FolderNode | None) -> None:
        self._objects = objects
        self._start = start

    @property
    def transparent(self) -> bool:
        return False

    def root(self) -> Origin:
        return Origin(self._start)

    def below(self, above: Origin, name: str, descent: Descent, path_bytes: int) -> Origin:
        return Origin(folder_in(self._objects, above.folder, name))

    def erases(self, status: os.stat_result) -> bool:
        return False


def collect_folder(
    objects: ObjectStore, folder: Path, limits: CollectLimits, start: FolderNode | None = None
) -> Collected:
    """Return what a directory holds; what may write to it must be dead.

    What `start` holds at the same path, as large, does not count against the limits.

    Raises:
        SandboxError: It changed meanwhile.
    """
    with Batch(objects) as batch:
        return Scan(objects, batch, limits, _Copied(objects, start)).run(folder)
