"""What is kept beside a hold. Each function runs inside the caller's transaction."""

from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from assize.approvals.documents import read
from assize.model.approvals import Hold, HoldState
from assize.trees import Digest, FolderNode
from assize_server.approvals.tables import holds
from assize_server.landing.tables import held_commits, held_runs
from assize_server.workspaces.records import Snapshot

SHOWN_MOST_BYTES: Final = 1024**3
"""What the holds that have ended show, together."""
AT_ONCE: Final = 500
WAITING = (HoldState.PENDING.value, HoldState.APPROVED.value)


def keep_commit(
    connection: Connection, hold_id: str, workspace_id: int, snapshot: Snapshot
) -> None:
    """Keep what an approval would make the head of a workspace."""
    connection.execute(
        insert(held_commits).values(
            hold_id=hold_id,
            workspace_id=workspace_id,
            tree=snapshot.root.tree,
            root_mode=snapshot.root.mode,
            entries=snapshot.entries,
            bytes=snapshot.bytes,
            added_bytes=snapshot.added_bytes,
        )
    )


def kept_commit(connection: Connection, hold_id: str) -> tuple[int, Snapshot] | None:
    """Return a workspace's id and what would be its head; None where nothing is kept."""
    row = connection.execute(
        select(held_commits).where(held_commits.c.hold_id == hold_id)
    ).one_or_none()
    if row is None:
        return None
    root = FolderNode(Digest(row.tree), row.root_mode)
    return row.workspace_id, Snapshot(root, row.entries, row.bytes, row.added_bytes)


def keep_run(connection: Connection, hold_id: str, request: bytes) -> None:
    """Keep a request that an approval would have run."""
    connection.execute(insert(held_runs).values(hold_id=hold_id, request=request))


def kept_run(connection: Connection, hold_id: str) -> bytes | None:
    """Return the request that is kept beside a hold."""
    return connection.execute(
        select(held_runs.c.request).where(held_runs.c.hold_id == hold_id)
    ).scalar_one_or_none()


def forget(connection: Connection, hold_id: str) -> None:
    """Forget what is kept beside a hold: it was carried out, or never will be."""
    for table in (held_commits, held_runs):
        connection.execute(delete(table).where(table.c.hold_id == hold_id))


def forget_shown(connection: Connection, most_bytes: int = SHOWN_MOST_BYTES) -> int:
    """Forget what the oldest ended holds showed, beyond so many bytes; return of how many.

    How they ended stays, and so does what people signed: it has the digest of what they were shown.
    """
    needed = select(held_runs.c.hold_id)
    ended = select(holds.c.id, func.length(holds.c.bundle)).where(
        holds.c.state.not_in(WAITING), holds.c.bundle != b"", holds.c.id.not_in(needed)
    )
    newest = ended.order_by(holds.c.changed_at.desc(), holds.c.id)
    gone, total_bytes = list[str](), 0
    for hold_id, size_bytes in connection.execute(newest).all():
        total_bytes += size_bytes
        if total_bytes > most_bytes:
            gone.append(hold_id)
    for start in range(0, len(gone), AT_ONCE):
        part = gone[start : start + AT_ONCE]
        connection.execute(update(holds).where(holds.c.id.in_(part)).values(bundle=b""))
    return len(gone)


def pinned_trees(connection: Connection) -> set[Digest]:
    """Return the trees that waiting holds need."""
    rows = connection.execute(
        select(held_commits.c.tree)
        .join(holds, holds.c.id == held_commits.c.hold_id)
        .where(holds.c.state.in_(WAITING))
    )
    return {Digest(tree) for tree in rows.scalars()}


def started_runs(connection: Connection) -> tuple[Hold, ...]:
    """Return the holds whose approved run was started and has not ended."""
    rows = connection.execute(
        select(holds.c.bundle)
        .join(held_runs, held_runs.c.hold_id == holds.c.id)
        .where(holds.c.state == HoldState.COMMITTED.value)
    )
    return tuple(read(Hold, bundle) for bundle in rows.scalars())
