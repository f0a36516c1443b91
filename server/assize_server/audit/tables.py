"""The log's tables. Nothing in them is ever changed or removed; triggers refuse it.

SECURITY: the triggers keep mistakes out, not somebody who can write to the file. Against them help
only checkpoints that are kept elsewhere.
"""

from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, String, Table, Text, event

from assize_server.store.database import metadata

entries: Final = Table(
    "audit_entries",
    metadata,
    # From 0 on, without a gap.
    Column("position", Integer, primary_key=True, autoincrement=False),
    # What can be filtered by; the same is said in `leaf`, which is the truth.
    Column("kind", String, nullable=False, index=True),
    # The entry: canonical JSON, see assize.audit.entries.
    Column("leaf", LargeBinary, nullable=False),
)

nodes: Final = Table(
    "audit_nodes",
    metadata,
    # The hash of each complete subtree of the Merkle tree, see assize.merkle.
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

checkpoints: Final = Table(
    "audit_checkpoints",
    metadata,
    # Every state of the log that was ever signed: another one of that size is never signed.
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)

_REFUSE: Final = (
    "CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
)


def _refuse_changes(table: Table, connection: Connection, **_options: object) -> None:
    for act in ("update", "delete"):
        connection.exec_driver_sql(_REFUSE.format(table=table.name, act=act))


for _table in (entries, nodes, checkpoints):
    event.listen(_table, "after_create", _refuse_changes)
