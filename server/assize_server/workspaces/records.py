"""What is kept of a workspace, apart from its files."""

from dataclasses import dataclass
from typing import Final

from assize.model.workspaces import EntryKind
from assize.trees import EMPTY_TREE, FolderNode, snapshot_id

ANONYMOUS: Final = "anonymous"
"""Everybody, where the service does not ask who calls."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A tree, and how much it holds."""

    root: FolderNode
    entries: int
    """Files, links and folders below the root."""
    bytes: int
    """Of its files together, each counted however often it is there."""
    added_bytes: int = 0
    """Of the files whose content the snapshot before did not have there."""

    @property
    def id(self) -> str:
        """Return its id."""
        return snapshot_id(self.root)


EMPTY: Final = Snapshot(FolderNode(EMPTY_TREE), 0, 0)
"""What a workspace begins with."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as it stands."""

    id: int
    owner: str
    name: str
    created_ms: int
    head: Snapshot
    sequence: int
    """Of its newest entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be said in the log of a move of the head."""

    kind: EntryKind
    author: str
    time_ms: int
    """Milliseconds since 1970, UTC."""
    message: str = ""
    verification_id: str = ""
    """Of a commit."""
