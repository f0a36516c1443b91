"""The upper layer of an overlay -> the tree that the overlay shows. It costs what was changed.

What overlay writes there (Documentation/filesystems/overlayfs.rst):

- a character device 0/0, a *whiteout*: what layers below have of this name is gone;
- a folder with `trusted.overlay.opaque=y`: nothing of layers below shows through it;
- a folder with `trusted.overlay.redirect`: what shows through it is another folder of the layers
  below, by its name in the same folder, or by its path from the root;
- any other folder: what shows through is the folder of its own name, if there is one.

SECURITY: attributes called `trusted.` take CAP_SYS_ADMIN on the host, and overlay lets nobody make
a whiteout by hand. Neither can be forged from within.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.batches import Batch
from assize_sandbox.workspaces.collected import Collected, CollectLimits
from assize_sandbox.workspaces.descent import Descent
from assize_sandbox.workspaces.nodes import DEPTH_MOST, PATH_MOST_BYTES, FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.scan import Origin, Scan, folder_in
from assize_sandbox.workspaces.totals import Totals

OPAQUE: Final = "trusted.overlay.opaque"
REDIRECT: Final = "trusted.overlay.redirect"
METACOPY: Final = "trusted.overlay.metacopy"
NOTHING: Final = Origin(None)


def collect_upper(
    objects: ObjectStore, totals: Totals, upper: Path, start: FolderNode, limits: CollectLimits
) -> Collected:
    """Return what an overlay of `upper` on the tree `start` shows; it must be in use by nobody.

    Raises:
        SandboxError: It changed meanwhile, or holds what overlay never writes there.
    """
    with Batch(objects) as batch:
        return Scan(objects, batch, limits, _Upper(objects, totals, start)).run(upper)


class _Upper:
    """An upper layer and the tree it lies on."""

    def __init__(self, objects: ObjectStore, totals: Totals, start: FolderNode) -> None:
        self._objects = objects
        self._totals = totals
        self._start = start

    @property
    def transparent(self) -> bool:
        return True

    def root(self) -> Origin:
        return Origin(self._start)

    def below(self, above: Origin, name: str, descent: Descent, path_bytes: int) -> Origin:
        opaque = attribute(descent.fd, OPAQUE)
        if opaque == b"y":
            return NOTHING
        if opaque or attribute(descent.fd, METACOPY) is not None:
            raise SandboxError("overlay wrote to its upper layer what this version cannot read")
        redirect = attribute(descent.fd, REDIRECT)
        if redirect is None:
            return Origin(folder_in(self._objects, above.folder, name))
        shown = self._redirected(above.folder, redirect.decode())
        return Origin(shown, self._fault(shown, descent.depth, path_bytes))

    def erases(self, status: os.stat_result) -> bool:
        return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(0, 0)

    def _redirected(self, above: FolderNode | None, redirect: str) -> FolderNode:
        """Return the folder that a renamed one came from."""
        found = self._start if redirect.startswith("/") else above
        for name in redirect.strip("/").split("/"):
            found = folder_in(self._objects, found, name)
        if found is None:
            raise SandboxError("overlay tells of a renamed folder that was never there")
        return found

    def _fault(self, shown: FolderNode, depth: int, path_bytes: int) -> str:
        """Tell why a folder that was moved cannot be held where it is now, with all in it."""
        total = self._totals.of(shown)
        if depth + total.depth > DEPTH_MOST:
            return f"was moved so that it is more than {DEPTH_MOST} folders deep"
        if total.entries and path_bytes + 1 + total.path_bytes > PATH_MOST_BYTES:
            return f"was moved so that it has paths of more than {PATH_MOST_BYTES} bytes"
        return ""


def attribute(descriptor: int, name: str) -> bytes | None:
    """Return an extended attribute, or None if there is none of that name."""
    try:
        return os.getxattr(descriptor, name)
    except OSError as error:
        if error.errno == errno.ENODATA:
            return None
        raise
