"""The tables of holds, decisions and grants.

A hold's own content is its `bundle`, canonical JSON that never changes. The columns beside it are
what lists, caps and expiry ask for.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from assize.model.approvals import HoldState
from assize_server.store.database import metadata

_STATES: Final = ", ".join(f"'{state.value}'" for state in HoldState)

holds: Final = Table(
    "holds",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("verification_id", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("submitter", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("policy_digest", String, nullable=False),
    Column("state", String, CheckConstraint(f"state IN ({_STATES})"), nullable=False),
    Column("detail", String, nullable=False, default=""),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    # When the wait ended: approved, denied or expired. What statistics are made of.
    Column("decided_at", Integer),
    Column("changed_at", Integer, nullable=False),
    # Grows with every change of any hold.
    Column("sequence", Integer, nullable=False, unique=True),
    Column("nonce", String, nullable=False, unique=True),
    Column("bundle", LargeBinary, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("effects", Integer, nullable=False),
    Column("irreversible", Integer, nullable=False),
    # INVARIANT: one hold for a run at each gate.
    UniqueConstraint("verification_id", "kind"),
    Index("holds_by_state", "state", "expires_at"),
)

decisions: Final = Table(
    "hold_decisions",
    metadata,
    Column("hold_id", String, ForeignKey("holds.id"), primary_key=True),
    # INVARIANT: a person counts once, whatever number of keys.
    Column("person", String, primary_key=True),
    Column("decision", String, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("submitted_by", String, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Column("not_after", Integer, nullable=False),
)

spent_nonces: Final = Table(
    "spent_nonces",
    metadata,
    # INVARIANT: an approval is used once. The insert is what decides a race.
    Column("nonce", String, primary_key=True),
    Column("hold_id", String, ForeignKey("holds.id"), nullable=False, unique=True),
    Column("at", Integer, nullable=False),
)

grants: Final = Table(
    "grants",
    metadata,
    Column("id", String, primary_key=True),
    Column("nonce", String, nullable=False, unique=True),
    Column("person", String, nullable=False),
    Column("key_id", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("not_after", Integer, nullable=False),
    Column("used", Integer, CheckConstraint("used >= 0"), nullable=False, default=0),
    Column("revoked_at", Integer, nullable=False, default=0),
    Column("revoked_by", String, nullable=False, default=""),
    Column("submitted_by", String, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Index("grants_by_workspace", "workspace", "not_after"),
)

grant_uses: Final = Table(
    "grant_uses",
    metadata,
    Column("grant_id", String, ForeignKey("grants.id"), primary_key=True),
    # INVARIANT: a run uses a grant once.
    Column("verification_id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("effects", Integer, nullable=False),
    Column("at", Integer, nullable=False),
)
