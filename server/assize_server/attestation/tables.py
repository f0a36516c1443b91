"""Where signed statements are kept until they are old."""

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from assize_server.store.database import metadata

attestations: Final = Table(
    "attestations",
    metadata,
    Column("verification_id", String, primary_key=True),
    # A DSSE envelope as JSON.
    Column("envelope", LargeBinary, nullable=False),
    # When it was made, in milliseconds since 1970.
    Column("made_ms", Integer, nullable=False, index=True),
)
