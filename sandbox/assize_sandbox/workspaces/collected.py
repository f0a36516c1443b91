"""What a run left in its view: the tree it comes to, and what no tree can hold.

A thing of another kind (a device, a name that is no UTF-8, a file too large) is left out of the
tree. A plain file or folder that has more to it than a tree keeps (a set-id bit, an extended
attribute) is in the tree without that. Either is told as a `Special`, and nothing of a run that
left one is to be committed without a look at it.
"""

from dataclasses import dataclass

from assize_sandbox.workspaces.nodes import FolderNode
from assize_sandbox.workspaces.specials import Special


@dataclass(frozen=True, slots=True)
class CollectLimits:
    """How much of what a run left is read. More than that is told, and left out."""

    file_bytes: int = 256 * 1024 * 1024
    """The largest file, holes included."""
    total_bytes: int = 1024 * 1024 * 1024
    """All files that the run changed; of several names of one file, one counts."""
    entries: int = 100_000
    """Files, folders and all else that the run changed."""


@dataclass(frozen=True, slots=True)
class Collected:
    """All that a run left."""

    root: FolderNode
    """The tree, every object of it in the store."""
    specials: tuple[Special, ...] = ()
    """In order of path, `.` for the workspace itself. Bytes of a name that are no UTF-8 are written
    `\\xNN`. Beyond `scan.SPECIALS_MOST`, the last says how many more there are."""
