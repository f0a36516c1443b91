"""Everything that is done to workspaces, in the order that survives being killed.

Objects first, made durable; then one transaction that names them. Between the two there are only
objects that nothing names. Every function blocks; whoever has an event loop calls them on a thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from assize.model.workspaces import (
    Collected,
    EntryKind,
    LogEntry,
    Pushed,
    RolledBack,
    WorkspaceSummary,
)
from assize.trees import Digest, FolderNode, is_digest, snapshot_id
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.store.database import Database
from assize_server.workspaces import heads
from assize_server.workspaces.admission import admit_tree, require_touched
from assize_server.workspaces.contents import unmeasured
from assize_server.workspaces.errors import Conflict, Malformed
from assize_server.workspaces.garbage import Pins, collect
from assize_server.workspaces.proof import prove
from assize_server.workspaces.quotas import WorkspaceSettings
from assize_server.workspaces.records import Entry, Snapshot, Workspace
from assize_server.workspaces.steps import step
from assize_server.workspaces.uploads import Incoming


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that somebody did to a workspace, for whoever writes that down."""

    kind: EntryKind | None
    """None: it was deleted."""
    workspace: str
    """Owner and name."""
    author: str
    before: str
    """The head until then; empty for a new one."""
    after: str
    """The head from then on; empty for a deleted one."""
    time_ms: int


Journal = Callable[[Connection, Happened], object]
"""Writes it down in the transaction that does it; what it raises undoes it."""


def _silence(_connection: Connection, _happened: Happened) -> None:
    """Write nothing down."""


@dataclass(frozen=True, slots=True)
class WorkspaceStore:
    """The workspaces of a service. `time_ms` is when the caller asked, since 1970."""

    database: Database
    objects: ObjectStore
    folder: Path
    """Where the objects are."""
    settings: WorkspaceSettings = field(default_factory=WorkspaceSettings)
    pins: Pins = tuple
    """What a garbage collection spares beside what logs name."""
    journal: Journal = _silence
    """Is told of everything that is done here."""

    def create(self, caller: str, name: str, time_ms: int) -> WorkspaceSummary:
        """Make an empty workspace.

        Raises:
            WorkspaceError: The name is taken or none, or the caller has too many.
        """
        quotas = self.settings.quotas
        entry = Entry(EntryKind.CREATE, caller, time_ms)

        def act(connection: Connection) -> WorkspaceSummary:
            made = heads.create(connection, caller, name, entry, quotas)
            self._tell(connection, made, entry, "", made.head.id)
            return heads.summary(connection, made, quotas)

        return self.database.write_now(act)

    def delete(self, caller: str, name: str, time_ms: int) -> None:
        """Remove a workspace and its log.

        Raises:
            Unknown: The caller has none of that name.
        """

        def act(connection: Connection) -> None:
            found = heads.named(connection, caller, name)
            heads.remove(connection, found.id)
            told = f"{found.owner}/{found.name}"
            self.journal(connection, Happened(None, told, caller, found.head.id, "", time_ms))

        self.database.write_now(act)

    def workspaces(self, caller: str) -> list[WorkspaceSummary]:
        """Return the caller's workspaces by name."""
        quotas = self.settings.quotas
        return self.database.read_now(
            lambda connection: [
                heads.summary(connection, each, quotas) for each in heads.listed(connection, caller)
            ]
        )

    def workspace(self, caller: str, name: str) -> WorkspaceSummary:
        """Return one workspace.

        Raises:
            Unknown: The caller has none of that name.
        """
        return self.database.read_now(
            lambda connection: heads.summary(
                connection, heads.named(connection, caller, name), self.settings.quotas
            )
        )

    def log(self, caller: str, name: str, most: int, before: int | None) -> list[LogEntry]:
        """Return a part of a log, the newest first.

        Raises:
            Unknown: The caller has no workspace of that name.
        """
        return self.database.read_now(
            lambda connection: heads.log_of(
                connection, heads.named(connection, caller, name).id, most, before
            )
        )

    def snapshots(self, caller: str, name: str, *references: str) -> list[Snapshot]:
        """Return the snapshots of a workspace that texts name.

        Raises:
            Unknown: There is no such workspace or snapshot.
        """

        def act(connection: Connection) -> list[Snapshot]:
            workspace = heads.named(connection, caller, name)
            return [heads.resolve(connection, workspace, each) for each in references]

        return self.database.read_now(act)

    def missing(self, caller: str, name: str, digests: Sequence[str]) -> list[Digest]:
        """Return the objects that the workspace's owner must send; touch the others.

        Raises:
            Unknown: The caller has no workspace of that name.
            Malformed: One is no digest.
        """
        wanted = [_digest(text) for text in digests]
        owner = self._workspace(caller, name).owner
        sent = self.database.read_now(lambda connection: heads.uploaded(connection, owner, wanted))
        # SECURITY: an object of somebody else's is told as missing, as if it were not there.
        return [each for each in wanted if each not in sent or not self.objects.touch(each)]

    def uploading(self, caller: str, name: str) -> tuple[str, Incoming]:
        """Begin an upload; return the owner of what will be sent, too.

        Raises:
            Unknown: The caller has no workspace of that name.
        """
        owner = self._workspace(caller, name).owner
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return owner, Incoming(self.objects, self.folder, self.settings.quotas)

    def note_uploads(self, owner: str, digests: Sequence[Digest]) -> None:
        """Note what the owner has sent."""
        self.database.write_now(lambda connection: heads.note_uploads(connection, owner, digests))

    def push(
        self,
        caller: str,
        name: str,
        expected_head: str,
        tree: str,
        root_mode: int,
        message: str,
        time_ms: int,
    ) -> Pushed:
        """Make an uploaded tree the head.

        Raises:
            WorkspaceError: The head moved, the tree is not what it should be, or too large.
            SandboxError: A tree of the head is missing or corrupt.
        """
        workspace = self._workspace(caller, name)
        if snapshot_id(FolderNode(_digest(tree), root_mode)) == workspace.head.id:
            return Pushed(workspace.head.id, None)
        if expected_head != workspace.head.id:
            raise Conflict(name, expected_head, workspace.head.id)
        quotas = self.settings.quotas
        admitted = admit_tree(self.objects, workspace.head, tree, root_mode, quotas)
        self._require_sent(workspace, admitted.new)
        require_touched(self.objects, admitted.new)
        step("tree admitted")
        self.objects.sync()
        step("objects durable")
        entry = Entry(EntryKind.PUSH, caller, time_ms, message)
        return Pushed(
            admitted.snapshot.id, self._move(workspace, expected_head, admitted.snapshot, entry)
        )

    def rollback(
        self,
        caller: str,
        name: str,
        reference: str,
        expected_head: str,
        message: str,
        time_ms: int,
    ) -> RolledBack:
        """Make an earlier snapshot the head again, once it is proven to be there.

        Raises:
            WorkspaceError: No such snapshot, it is damaged, or the head moved meanwhile.
        """
        workspace = self._workspace(caller, name)
        head = workspace.head
        if expected_head not in {"", head.id}:
            raise Conflict(name, expected_head, head.id)
        target = unmeasured(self.snapshots(caller, name, reference)[0])
        proof = prove(self.objects, head, target)
        step("snapshot proven")
        if target.id == head.id:
            return RolledBack(head.id, None, proof)
        told = message or f"back to {target.id[:12]}"
        entry = Entry(EntryKind.ROLLBACK, caller, time_ms, told)

        def act(connection: Connection) -> LogEntry:
            # INVARIANT: the log names the target until this lands, so that nothing of it was
            # collected since it was proven.
            heads.resolve(connection, workspace, target.id)
            moved = heads.move_head(
                connection, workspace.id, head.id, target, entry, self.settings.quotas
            )
            self._tell(connection, workspace, entry, head.id, target.id)
            return moved

        moved = self.database.write_now(act)
        step("rolled back")
        return RolledBack(target.id, moved, proof)

    def fork(
        self, caller: str, name: str, reference: str, new_name: str, time_ms: int
    ) -> WorkspaceSummary:
        """Make a workspace that begins with a snapshot of another; no file is copied.

        Raises:
            WorkspaceError: No such snapshot, the name is taken or none, or it is too much.
        """
        quotas = self.settings.quotas

        def act(connection: Connection) -> WorkspaceSummary:
            source = heads.named(connection, caller, name)
            found = heads.resolve(connection, source, reference)
            first = Snapshot(found.root, found.entries, found.bytes, found.bytes)
            told = f"from {source.name} at {first.id[:12]}"
            entry = Entry(EntryKind.FORK, caller, time_ms, told)
            made = heads.create(connection, caller, new_name, entry, quotas, first)
            self._tell(connection, made, entry, "", made.head.id)
            return heads.summary(connection, made, quotas)

        return self.database.write_now(act)

    def collect(self, now_ms: int) -> Collected:
        """Throw away what nothing needs; one at a time.

        Raises:
            Damaged: A tree that something needs is missing or corrupt.
        """
        return collect(self.database, self.objects, self.settings.retention, now_ms, self.pins)

    def _workspace(self, caller: str, name: str) -> Workspace:
        return self.database.read_now(lambda connection: heads.named(connection, caller, name))

    def _move(
        self, workspace: Workspace, expected_head: str, new: Snapshot, entry: Entry
    ) -> LogEntry:
        def act(connection: Connection) -> LogEntry:
            moved = heads.move_head(
                connection, workspace.id, expected_head, new, entry, self.settings.quotas
            )
            self._tell(connection, workspace, entry, expected_head, new.id)
            return moved

        moved = self.database.write_now(act)
        step("moved")
        return moved

    def _tell(
        self, connection: Connection, workspace: Workspace, entry: Entry, before: str, after: str
    ) -> None:
        told = f"{workspace.owner}/{workspace.name}"
        self.journal(
            connection, Happened(entry.kind, told, entry.author, before, after, entry.time_ms)
        )

    def _require_sent(self, workspace: Workspace, new: frozenset[Digest]) -> None:
        wanted = sorted(new)
        sent = self.database.read_now(
            lambda connection: heads.uploaded(connection, workspace.owner, wanted)
        )
        if unsent := [each for each in wanted if each not in sent]:
            raise Malformed(f"object {unsent[0]} was not uploaded; push again")


def _digest(text: str) -> Digest:
    if not is_digest(text):
        raise Malformed(f"{text[:80]!r} is no digest: 64 hex digits are taken")
    return Digest(text)
