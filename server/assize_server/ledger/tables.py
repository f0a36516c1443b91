"""The tables of verdicts, and of what is told where none could be written."""

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from assize_server.store.database import metadata

verdicts: Final = Table(
    "verdicts",
    metadata,
    Column("verification_id", String, primary_key=True),
    Column("submitter", String, nullable=False),
    # What was asked, by digest: the same id with another request is refused.
    Column("request", String, nullable=False),
    Column("status", String, nullable=False),
    Column("verdict", LargeBinary, nullable=False),
    Column("time_ms", Integer, nullable=False),
    Index("verdicts_by_time", "time_ms"),
)

settlements: Final = Table(
    "settlements",
    metadata,
    Column("hold_id", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("message", String, nullable=False),
)

drafts: Final = Table(
    "verdict_drafts",
    metadata,
    Column("verification_id", String, primary_key=True),
    Column("submitter", String, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("verdict", LargeBinary, nullable=False),
    # The hold that let the code run; empty where there was none.
    Column("released_by", String, nullable=False),
    Column("time_ms", Integer, nullable=False),
)
