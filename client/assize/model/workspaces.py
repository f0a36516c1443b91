"""Workspaces, as the service tells of them. Times are milliseconds since 1970, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assize.model.effects import Effect, FileState


class EntryKind(StrEnum):
    """How an entry of a log came about."""

    CREATE = "create"
    """The workspace was made, empty."""
    PUSH = "push"
    """Somebody pushed a folder."""
    COMMIT = "commit"
    """The effects of a verification landed."""
    ROLLBACK = "rollback"
    """An earlier snapshot became the head again."""
    FORK = "fork"
    """The workspace began with a snapshot of another."""


@dataclass(frozen=True, slots=True)
class WorkspaceQuotas:
    """What a workspace may hold."""

    bytes: int
    """Bytes of one snapshot's files together."""
    entries: int
    """Files, links and folders of one snapshot."""
    snapshots: int
    """Entries of the log."""


@dataclass(frozen=True, slots=True)
class WorkspaceSummary:
    """A workspace in short."""

    name: str
    owner: str
    head: str
    """The snapshot that a verification would see: SHA-256, hex."""
    entries: int
    """Files, links and folders of the head."""
    bytes: int
    """Bytes of the head's files together."""
    snapshots: int
    """Entries of its log."""
    created_ms: int
    quotas: WorkspaceQuotas


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A moment at which the head of a workspace moved."""

    sequence: int
    """Counts from 1 within the workspace."""
    kind: EntryKind
    snapshot: str
    """The head from then on."""
    before: str
    """The head until then; empty for the first."""
    author: str
    verification_id: str
    """Of a commit: the verification whose effects landed."""
    message: str
    """What the author said, or where it came from."""
    time_ms: int
    entries: int
    """Files, links and folders of the snapshot."""
    bytes: int
    """Bytes of the snapshot's files together."""


@dataclass(frozen=True, slots=True)
class SnapshotListing:
    """All that is in a snapshot."""

    snapshot: str
    root_mode: int
    """Permission bits of the root folder."""
    entries: Mapping[str, FileState]
    """By path, in order of path; folders are listed like what is in them."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """The beginning of a file of a snapshot, or all of it."""

    path: str
    size_bytes: int
    """The whole file's."""
    data: bytes


@dataclass(frozen=True, slots=True)
class SnapshotDiff:
    """What differs between two snapshots."""

    before: str
    after: str
    effects: tuple[Effect, ...]
    """In order of path."""


@dataclass(frozen=True, slots=True)
class RollbackProof:
    """What was read to prove that a snapshot is there as it was."""

    recomputed: str
    """The id computed anew from the trees in the store; it equals the snapshot's."""
    trees_verified: int
    """Trees that were read and hashed: all of the snapshot's."""
    files_verified: int
    """Files that were read and hashed: those that differ from the head before."""
    files_present: int
    """Files whose object was found with its size: all of the snapshot's."""
    bytes_verified: int
    """Bytes of files that were read and hashed."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback did."""

    snapshot: str
    """The head now."""
    entry: LogEntry | None
    """The new entry of the log; None: it was the head already."""
    proof: RollbackProof


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    snapshot: str
    """The head now."""
    entry: LogEntry | None
    """The new entry of the log; None: it was the head already."""
    objects: int = 0
    """How many objects were uploaded."""
    bytes: int = 0
    """Their bytes together."""
    overwritten: str = ""
    """With force: the head that was not built upon."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did to a folder. Paths are in order."""

    snapshot: str
    written: tuple[str, ...]
    """Files and links that were made or changed."""
    removed: tuple[str, ...]
    """What the snapshot does not have any more."""
    kept: tuple[str, ...]
    """Local changes that the snapshot does not touch."""
    overwritten: tuple[str, ...]
    """With force: local changes that are lost."""
    left_out: tuple[str, ...]
    """Paths that are never pulled: `.git` anywhere, `.assize` at the root."""
    bytes: int
    """How much was downloaded."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a garbage collection removed."""

    log_entries: int
    objects: int
    """Blobs and trees."""
    bytes: int
    """Their bytes together."""
