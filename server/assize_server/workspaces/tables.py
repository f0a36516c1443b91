"""The tables of workspaces."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from assize_server.store.database import metadata

workspaces: Final = Table(
    "workspaces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created_ms", Integer, nullable=False),
    # INVARIANT: these two are those of the workspace's newest entry.
    Column("head", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    UniqueConstraint("owner", "name"),
    # An id is never given twice: a held run must not land in a namesake.
    sqlite_autoincrement=True,
)

entries: Final = Table(
    "workspace_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "workspace_id", Integer, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False
    ),
    Column("sequence", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("snapshot", String, nullable=False),
    Column("before", String, nullable=False),
    Column("tree", String, nullable=False),
    Column("root_mode", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("added_bytes", Integer, nullable=False),
    Column("author", String, nullable=False),
    Column("verification_id", String, nullable=False),
    Column("message", String, nullable=False),
    Column("time_ms", Integer, nullable=False),
    UniqueConstraint("workspace_id", "sequence"),
    Index("workspace_entries_by_snapshot", "workspace_id", "snapshot"),
)

uploads: Final = Table(
    "workspace_uploads",
    metadata,
    # SECURITY: who sent which bytes. A digest alone gives nobody what somebody else uploaded.
    Column("owner", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Index("workspace_uploads_by_digest", "digest"),
    sqlite_with_rowid=False,
)
