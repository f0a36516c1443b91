"""Which workspaces there are, their logs, and the one place where a head moves.

Every function takes a connection inside a transaction, so that what must land together can. None
reads a clock: the time is a part of the `Entry`.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from assize.model.workspaces import EntryKind, LogEntry, WorkspaceQuotas, WorkspaceSummary
from assize.trees import Digest, FolderNode
from assize_server.workspaces import tables
from assize_server.workspaces.errors import Conflict, Exists, Malformed, Unknown
from assize_server.workspaces.quotas import (
    Quotas,
    require_history,
    require_owner,
    require_snapshot,
)
from assize_server.workspaces.records import ANONYMOUS, EMPTY, Entry, Snapshot, Workspace
from assize_server.workspaces.steps import step

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
MESSAGE_MOST_CHARS: Final = 2000
PREFIX_LEAST_CHARS: Final = 6
LOG_MOST: Final = 1000
_BACK: Final = re.compile(r"head~([0-9]{1,6})")


def create(
    connection: Connection,
    owner: str,
    name: str,
    entry: Entry,
    quotas: Quotas,
    first: Snapshot = EMPTY,
) -> Workspace:
    """Make a workspace whose log begins with `entry` and `first`.

    Raises:
        Malformed: The name or the message does not have its form.
        Exists: The owner has one of that name.
        OverQuota: The owner has too much.
    """
    _require_name(name)
    _require_message(entry)
    row = {"owner": owner, "name": name, "created_ms": entry.time_ms}
    begun = {"head": first.id, "sequence": 1}
    try:
        made = connection.execute(insert(tables.workspaces).values(**row, **begun))
    except IntegrityError as error:
        raise Exists(f"there is a workspace {name!r} already; choose another name") from error
    workspace_id = int(made.lastrowid)
    step("workspace made, without a log")
    _add_entry(connection, workspace_id, 1, "", first, entry)
    _require_quotas(connection, owner, workspace_id, first, quotas)
    return Workspace(workspace_id, owner, name, entry.time_ms, first, 1)


def remove(connection: Connection, workspace_id: int) -> None:
    """Forget a workspace and its log; its objects go with the next garbage collection."""
    connection.execute(delete(tables.entries).where(tables.entries.c.workspace_id == workspace_id))
    step("log removed, the workspace not")
    connection.execute(delete(tables.workspaces).where(tables.workspaces.c.id == workspace_id))


def move_head(
    connection: Connection,
    workspace_id: int,
    expected_head: str,
    new: Snapshot,
    entry: Entry,
    quotas: Quotas,
) -> LogEntry:
    """Make `new` the head if the head is `expected_head`, and say so in the log.

    INVARIANT: the objects of `new` are in the store and durable (`ObjectStore.sync`) before.

    Raises:
        Conflict: The head is another one; do what led to `new` again from there.
        Unknown: The workspace was removed meanwhile.
        OverQuota: It would hold too much.
        Malformed: The message is too long.
    """
    _require_message(entry)
    table = tables.workspaces
    moved = connection.execute(
        update(table)
        .where(table.c.id == workspace_id, table.c.head == expected_head)
        .values(head=new.id, sequence=table.c.sequence + 1)
    )
    if moved.rowcount != 1:
        found = by_id(connection, workspace_id)
        raise Conflict(found.name, expected_head, found.head.id)
    step("head moved, the log not")
    row = connection.execute(
        select(table.c.owner, table.c.sequence).where(table.c.id == workspace_id)
    ).one()
    made = _add_entry(connection, workspace_id, row.sequence, expected_head, new, entry)
    _require_quotas(connection, row.owner, workspace_id, new, quotas)
    step("head and log moved, not committed")
    return made


def named(connection: Connection, caller: str, name: str) -> Workspace:
    """Return the caller's workspace of that name.

    Where the service does not ask who calls (`ANONYMOUS`), another owner's serves if it is the
    only one of that name.

    Raises:
        Unknown: The caller has none.
    """
    table = tables.workspaces
    rows = connection.execute(select(table.c.id, table.c.owner).where(table.c.name == name)).all()
    own = [row.id for row in rows if row.owner == caller]
    if not own and caller == ANONYMOUS and len(rows) == 1:
        own = [rows[0].id]
    if not own:
        raise Unknown(
            f"there is no workspace {name[:64]!r}; `assize workspace list` tells which are"
        )
    return by_id(connection, own[0])


def by_id(connection: Connection, workspace_id: int) -> Workspace:
    """Return a workspace.

    Raises:
        Unknown: It was removed.
    """
    table, log = tables.workspaces, tables.entries
    row = connection.execute(
        select(table, log.c.tree, log.c.root_mode, log.c.entries, log.c.bytes, log.c.added_bytes)
        .join(log, (log.c.workspace_id == table.c.id) & (log.c.sequence == table.c.sequence))
        .where(table.c.id == workspace_id)
    ).one_or_none()
    if row is None:
        raise Unknown("the workspace was removed")
    return Workspace(row.id, row.owner, row.name, row.created_ms, _snapshot(row), row.sequence)


def listed(connection: Connection, caller: str) -> list[Workspace]:
    """Return the caller's workspaces by name; everybody's, where nobody is asked who calls."""
    table = tables.workspaces
    wanted = select(table.c.id).order_by(table.c.name, table.c.owner)
    if caller != ANONYMOUS:
        wanted = wanted.where(table.c.owner == caller)
    return [by_id(connection, found) for found in connection.execute(wanted).scalars().all()]


def summary(connection: Connection, workspace: Workspace, quotas: Quotas) -> WorkspaceSummary:
    """Return what callers are told of a workspace."""
    log = tables.entries
    count = connection.execute(
        select(func.count()).select_from(log).where(log.c.workspace_id == workspace.id)
    ).scalar_one()
    return WorkspaceSummary(
        name=workspace.name,
        owner=workspace.owner,
        head=workspace.head.id,
        entries=workspace.head.entries,
        bytes=workspace.head.bytes,
        snapshots=count,
        created_ms=workspace.created_ms,
        quotas=WorkspaceQuotas(
            quotas.workspace_bytes, quotas.workspace_entries, quotas.workspace_snapshots
        ),
    )


def log_of(
    connection: Connection, workspace_id: int, most: int = LOG_MOST, before: int | None = None
) -> list[LogEntry]:
    """Return at most `most` entries of a log, the newest first; only those before a sequence."""
    log = tables.entries
    wanted = select(log).where(log.c.workspace_id == workspace_id)
    if before is not None:
        wanted = wanted.where(log.c.sequence < before)
    rows = connection.execute(wanted.order_by(log.c.sequence.desc()).limit(most)).all()
    return [_log_entry(row) for row in rows]


def resolve(connection: Connection, workspace: Workspace, reference: str) -> Snapshot:
    """Return the snapshot of a workspace that a text names; an empty text is the head.

    `head`, `head~3` (three entries before), an id, or the beginning of one.

    Raises:
        Unknown: It names none, or several.
    """
    if reference in {"", "head"}:
        return workspace.head
    log = tables.entries
    wanted = select(log).where(log.c.workspace_id == workspace.id)
    if back := _BACK.fullmatch(reference):
        wanted = wanted.order_by(log.c.sequence.desc()).offset(int(back[1])).limit(1)
    elif re.fullmatch(rf"[0-9a-f]{{{PREFIX_LEAST_CHARS},64}}", reference):
        wanted = wanted.where(log.c.snapshot.startswith(reference)).order_by(log.c.sequence.desc())
    else:
        raise _no_snapshot(workspace, reference)
    rows = connection.execute(wanted).all()
    if len({row.snapshot for row in rows}) != 1:
        raise _no_snapshot(workspace, reference, several=bool(rows))
    return _snapshot(rows[0])


def roots(connection: Connection) -> set[Digest]:
    """Return the trees that any log names."""
    return {
        Digest(tree)
        for tree in connection.execute(select(tables.entries.c.tree).distinct()).scalars()
    }


def uploaded(connection: Connection, owner: str, digests: Sequence[Digest]) -> set[Digest]:
    """Return those of the digests whose bytes the owner has sent."""
    table, found = tables.uploads, set[Digest]()
    for start in range(0, len(digests), 500):
        part = digests[start : start + 500]
        wanted = select(table.c.digest).where(table.c.owner == owner, table.c.digest.in_(part))
        found |= {Digest(digest) for digest in connection.execute(wanted).scalars()}
    return found


def note_uploads(connection: Connection, owner: str, digests: Sequence[Digest]) -> None:
    """Note that the owner has sent the bytes of these."""
    if digests:
        rows = [{"owner": owner, "digest": digest} for digest in digests]
        connection.execute(insert(tables.uploads).prefix_with("OR IGNORE"), rows)


def forget_uploads(connection: Connection, digests: Sequence[Digest]) -> None:
    """Forget who sent these, since they are gone."""
    table = tables.uploads
    for start in range(0, len(digests), 500):
        part = digests[start : start + 500]
        connection.execute(delete(table).where(table.c.digest.in_(part)))


def give_up_entries(connection: Connection, last_entries: int, newer_than_ms: int) -> int:
    """Remove the entries that are neither among the newest of their log nor young; count them."""
    log, table = tables.entries, tables.workspaces
    kept_from = select(table.c.sequence - max(1, last_entries) + 1).where(
        table.c.id == log.c.workspace_id
    )
    removed = connection.execute(
        delete(log).where(
            log.c.sequence < kept_from.scalar_subquery(), log.c.time_ms < newer_than_ms
        )
    )
    # The oldest that is left has to count for what those before it brought.
    later = log.alias("later")
    oldest = select(func.min(later.c.sequence)).where(later.c.workspace_id == log.c.workspace_id)
    connection.execute(
        update(log)
        .where(log.c.sequence == oldest.scalar_subquery())
        .values(added_bytes=log.c.bytes)
    )
    return removed.rowcount


def _add_entry(
    connection: Connection,
    workspace_id: int,
    sequence: int,
    before: str,
    new: Snapshot,
    entry: Entry,
) -> LogEntry:
    told = LogEntry(
        sequence=sequence,
        kind=entry.kind,
        snapshot=new.id,
        before=before,
        author=entry.author,
        verification_id=entry.verification_id,
        message=entry.message,
        time_ms=entry.time_ms,
        entries=new.entries,
        bytes=new.bytes,
    )
    connection.execute(
        insert(tables.entries).values(
            workspace_id=workspace_id,
            sequence=sequence,
            kind=entry.kind.value,
            snapshot=new.id,
            before=before,
            tree=new.root.tree,
            root_mode=new.root.mode,
            entries=new.entries,
            bytes=new.bytes,
            added_bytes=new.added_bytes,
            author=entry.author,
            verification_id=entry.verification_id,
            message=entry.message,
            time_ms=entry.time_ms,
        )
    )
    return told


def _require_quotas(
    connection: Connection, owner: str, workspace_id: int, new: Snapshot, quotas: Quotas
) -> None:
    """Check the quotas of what the transaction would leave; raising rolls it back."""
    require_snapshot(quotas, new.entries, new.bytes)
    table, log = tables.workspaces, tables.entries
    own = connection.execute(
        select(func.count(), func.coalesce(func.sum(log.c.added_bytes), 0)).where(
            log.c.workspace_id == workspace_id
        )
    ).one()
    require_history(quotas, int(own[0]), int(own[1]))
    logs = table.join(log, log.c.workspace_id == table.c.id)
    added = select(func.coalesce(func.sum(log.c.added_bytes), 0)).select_from(logs)
    heads = select(func.count(), func.coalesce(func.sum(log.c.entries), 0)).select_from(logs)
    total = connection.execute(added.where(table.c.owner == owner)).scalar_one()
    held = connection.execute(
        heads.where(table.c.owner == owner, log.c.sequence == table.c.sequence)
    ).one()
    require_owner(quotas, int(held[0]), int(held[1]), int(total))


def _require_name(name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise Malformed(
            f"{name[:80]!r} is no name for a workspace: at most 63 of a-z, 0-9, '.', '_' and '-', "
            "the first of them a letter or digit"
        )


def _require_message(entry: Entry) -> None:
    if len(entry.message) > MESSAGE_MOST_CHARS:
        text = f"the message has {len(entry.message)} characters, at most {MESSAGE_MOST_CHARS}"
        raise Malformed(f"{text} are taken")


def _no_snapshot(workspace: Workspace, reference: str, *, several: bool = False) -> Unknown:
    why = "names several snapshots" if several else "names no snapshot"
    return Unknown(
        f"{reference[:80]!r} {why} in the log of workspace {workspace.name}: give an id, the first "
        f"{PREFIX_LEAST_CHARS} or more of its digits, head, or head~N"
    )


def _snapshot(row: Row[Any]) -> Snapshot:
    root = FolderNode(Digest(row.tree), row.root_mode)
    return Snapshot(root, row.entries, row.bytes, row.added_bytes)


def _log_entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        sequence=row.sequence,
        kind=EntryKind(row.kind),
        snapshot=row.snapshot,
        before=row.before,
        author=row.author,
        verification_id=row.verification_id,
        message=row.message,
        time_ms=row.time_ms,
        entries=row.entries,
        bytes=row.bytes,
    )
