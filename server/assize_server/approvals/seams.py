"""What the desk needs of others, and what does nothing in their place."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from assize.model.approvals import GrantRecord, HoldStatus, HoldSummary
from assize_server.core.approvals import Accepted


class Committer(Protocol):
    """Carries out what was approved. Both may be called again after a restart."""

    async def commit(self, hold_id: str) -> None:
        """Spend the approval and land the stored effects."""
        ...

    async def start(self, hold_id: str) -> None:
        """Spend the approval and start the run that waited before execution."""
        ...


class Journal(Protocol):
    """Records what the desk does, in the transaction that does it; what it raises undoes it."""

    def decided(
        self, connection: Connection, hold: HoldSummary, counted: Accepted, status: HoldStatus
    ) -> None:
        """Record a decision and what it made of the hold."""
        ...

    def expired(self, connection: Connection, hold: HoldSummary) -> None:
        """Record that nobody decided in time."""
        ...

    def granted(self, connection: Connection, grant: GrantRecord) -> None:
        """Record a grant."""
        ...

    def revoked(self, connection: Connection, grant: GrantRecord) -> None:
        """Record that a grant was ended."""
        ...


class NoJournal:
    """Records nothing."""

    def decided(
        self, connection: Connection, hold: HoldSummary, counted: Accepted, status: HoldStatus
    ) -> None:
        """Do nothing."""

    def expired(self, connection: Connection, hold: HoldSummary) -> None:
        """Do nothing."""

    def granted(self, connection: Connection, grant: GrantRecord) -> None:
        """Do nothing."""

    def revoked(self, connection: Connection, grant: GrantRecord) -> None:
        """Do nothing."""


class NoticeKind(StrEnum):
    """What people are told of."""

    NEW = "hold.new"
    APPROVED = "hold.approved"
    DENIED = "hold.denied"
    EXPIRED = "hold.expired"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people elsewhere may want to know."""

    kind: NoticeKind
    """What happened."""
    hold: HoldSummary
    """To which hold, as it was then."""
    at: int
    """When, in Unix seconds."""


class Notifier(Protocol):
    """Tells people elsewhere."""

    def notify(self, notice: Notice) -> None:
        """Take a notice; never waits and never fails."""
        ...


class NoNotifier:
    """Tells nobody."""

    def notify(self, notice: Notice) -> None:
        """Do nothing."""
