"""What is kept beside a hold, so that it can be carried out without asking the run again."""

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from assize_server.store.database import metadata

held_commits: Final = Table(
    "held_commits",
    metadata,
    Column("hold_id", String, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("tree", String, nullable=False),
    Column("root_mode", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("added_bytes", Integer, nullable=False),
)

held_runs: Final = Table(
    "held_runs",
    metadata,
    Column("hold_id", String, primary_key=True),
    Column("request", LargeBinary, nullable=False),
)
