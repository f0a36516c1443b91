"""What a run would change: one record for each effect, and the set that is committed or held.

Paths are relative to the workspace, POSIX, valid UTF-8; a name that is not is told escaped, in an
effect of the kind `fs.special`, which can never be committed.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class EffectKind(StrEnum):
    """What happened. A closed list; policies use the values."""

    FS_CREATE = "fs.create"
    """A file that was not there."""
    FS_WRITE = "fs.write"
    """Other content in a file that was there."""
    FS_TRUNCATE = "fs.truncate"
    """A file is now a shorter beginning of itself, or empty."""
    FS_DELETE = "fs.delete"
    """A file or symlink is gone."""
    FS_RENAME = "fs.rename"
    """A file is gone and its very content is at a path where nothing was."""
    FS_RENAME_OVER = "fs.rename_over"
    """A file is gone and its very content is where another file was, whose content is lost."""
    FS_MKDIR = "fs.mkdir"
    """A folder that was not there."""
    FS_RMDIR = "fs.rmdir"
    """A folder is gone."""
    FS_CHMOD = "fs.chmod"
    """Other permission bits on what was there."""
    FS_SYMLINK = "fs.symlink"
    """A symlink that was not there, or that points elsewhere."""
    FS_SPECIAL = "fs.special"
    """What a workspace cannot hold: a device, FIFO, socket, set-id bit, an invalid name."""
    DB_INSERT = "db.insert"
    """Rows that were not there."""
    DB_UPDATE = "db.update"
    """Rows with other values."""
    DB_DELETE = "db.delete"
    """Rows that are gone."""
    DB_SCHEMA = "db.schema"
    """A table, index, trigger or view was made, changed or dropped."""
    DB_UNATTRIBUTABLE = "db.unattributable"
    """A database changed in a way that cannot be told row by row."""


class Decision(IntEnum):
    """What a policy says of an effect; of several, the largest wins."""

    ALLOW = 1
    HOLD = 2
    DENY = 3


class FileType(StrEnum):
    """What stands at a path."""

    FILE = "file"
    SYMLINK = "symlink"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class FileState:
    """What stood, or stands, at a path."""

    type: FileType
    mode: int
    """Permission bits, 0 to 0o777."""
    size_bytes: int = 0
    digest: str = ""
    """SHA-256 of a file's content, hex; empty for the others."""
    target: str = ""
    """Where a symlink points."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row, bounded, for people: `(column, value)` in the order of the table."""

    key: tuple[tuple[str, str], ...]
    before: tuple[tuple[str, str], ...] = ()
    """Empty for an insert."""
    after: tuple[tuple[str, str], ...] = ()
    """Empty for a delete."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change."""

    kind: EffectKind
    path: str
    """Where; of `db.*`, the database's file."""
    source: str = ""
    """Of a rename: where it was."""
    before: FileState | None = None
    """What stood there; of a rename, at its target."""
    after: FileState | None = None
    """What stands there now."""
    table: str = ""
    """Of `db.*`: schema and name, such as `main.users`."""
    count: int = 1
    """Of `db.*`: how many rows, exactly."""
    rows: tuple[RowChange, ...] = ()
    """Of `db.*`: the first of them."""
    diff: str = ""
    """Of small text files: a unified diff, bounded."""
    detail: str = ""
    """One line for a person, where there is more to say."""


@dataclass(frozen=True, slots=True)
class WeighedEffect:
    """An effect and what the policy says of it."""

    effect: Effect
    decision: Decision
    rule: str
    """The id of the rule that decided, or `default`."""
    why: str = ""
    """Why the rule is there."""


@dataclass(frozen=True, slots=True)
class EffectSet:
    """All that a run would change: what is committed, held or discarded as a whole."""

    workspace: str
    """The workspace's name."""
    base: str
    """The snapshot that the run began with: SHA-256, hex."""
    result: str
    """The snapshot that a commit would make: SHA-256, hex."""
    effects: tuple[Effect, ...]
    """In order of path."""
