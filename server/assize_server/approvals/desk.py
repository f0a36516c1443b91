"""The desk: what both services and the expiry ask, over the store. It decides nothing itself.

Each change is one transaction with its journal entry. Only afterwards are watchers and webhooks
told, and is the committer asked to carry out what was approved: a crash in between loses a message,
never a decision, and `resume` goes on with what was approved.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Collection
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection

from assize.approvals.envelopes import opened
from assize.approvals.refusals import RefusalCode, Refused
from assize.approvals.tokens import approval_of
from assize.model.approvals import (
    Bundle,
    GrantRecord,
    HoldKind,
    HoldState,
    HoldStats,
    HoldStatus,
    HoldSummary,
)
from assize_server.approvals import decisions, grants, holds, stats
from assize_server.approvals.errors import UnknownHold
from assize_server.approvals.seams import (
    Committer,
    Journal,
    NoJournal,
    NoNotifier,
    Notice,
    NoticeKind,
    Notifier,
)
from assize_server.core.approvers import Approvers, same_being
from assize_server.store.database import Database

COMMIT_WAIT_SECONDS: Final = 20.0
"""How long an approver's call waits to hear that it landed."""
LOOK_AGAIN_SECONDS: Final = 2.0
"""Watchers look by themselves, too: another part of the service may have changed a hold."""
_NOTICES: Final = {
    HoldState.PENDING: NoticeKind.NEW,
    HoldState.APPROVED: NoticeKind.APPROVED,
    HoldState.DENIED: NoticeKind.DENIED,
    HoldState.EXPIRED: NoticeKind.EXPIRED,
}

_log = structlog.get_logger(__name__)


def unix_seconds() -> int:
    """Return the time."""
    return int(time.time())


class Desk:
    """Where holds are decided. `close` at the end."""

    def __init__(
        self,
        database: Database,
        *,
        approvers: Callable[[], Approvers],
        audience: str,
        current_policy: Callable[[str], str],
        committer: Committer,
        clock: Callable[[], int] = unix_seconds,
        journal: Journal | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        """Decide by the approvers as they are at each call.

        `current_policy` gives the digest of the policy of a name as it is now, empty for none.
        """
        self._database = database
        self._approvers = approvers
        self._audience = audience
        self._current_policy = current_policy
        self._committer = committer
        self._clock = clock
        self._journal = journal or NoJournal()
        self._notifier = notifier or NoNotifier()
        self._changed = asyncio.Event()
        self._carried_out: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Let what is being carried out end."""
        if self._carried_out:
            await asyncio.wait(set(self._carried_out))

    async def resume(self) -> None:
        """Carry out what was approved before a restart, as far as its time is not over."""
        await self.expire()
        for hold in await self._database.read(holds.approved_holds):
            self._carry_out(hold.id, hold.kind)

    def announce(self, hold: HoldSummary) -> None:
        """Tell watchers, and people elsewhere, of a hold that was made or changed.

        Whoever changes holds in a transaction of its own calls this once it has landed.
        """
        self._ring()
        kind = _NOTICES.get(hold.state)
        if kind is not None and not (kind is NoticeKind.NEW and hold.approvals):
            self._notifier.notify(Notice(kind, hold, self._clock()))

    async def holds(self, states: Collection[HoldState] = ()) -> tuple[HoldSummary, ...]:
        """Return holds, those that end first at the top."""
        return await self._database.read(lambda connection: holds.list_holds(connection, states))

    async def bundle(self, hold_id: str, caller: str) -> tuple[Bundle, HoldStatus]:
        """Return what an approver gets, and where it stands.

        Raises:
            UnknownHold: There is none of that id.
            Refused: The caller submitted the run. SECURITY: it would see the nonce.
        """

        def act(connection: Connection) -> tuple[Bundle, HoldStatus]:
            found = holds.bundle_of(connection, hold_id)
            _refuse_submitter(caller, found.hold.submitter)
            return found, holds.status_of(connection, hold_id)

        return await self._database.read(act)

    async def status_for(self, hold_id: str, submitter: str) -> HoldSummary:
        """Return where a hold stands, for whoever submitted the run.

        Raises:
            UnknownHold: There is none of that id that is the submitter's.
        """
        found = await self._database.read(lambda connection: holds.summary(connection, hold_id))
        if found.submitter != submitter:
            raise UnknownHold(f"there is no hold {hold_id[:80]!r}")
        return found

    async def watch(self, after: int) -> AsyncGenerator[HoldSummary]:
        """Yield every hold that changes after a sequence number, in order, without end."""
        while True:
            changed = self._changed
            found = await self._database.read(partial(holds.changed_after, sequence=after))
            for hold in found:
                after = hold.sequence
                yield hold
            if not found:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), LOOK_AGAIN_SECONDS)

    async def watch_status(self, hold_id: str, submitter: str) -> AsyncGenerator[HoldSummary]:
        """Yield where a hold stands, at once and with every change, to its end.

        Raises:
            UnknownHold: There is none of that id that is the submitter's.
        """
        last = 0
        while True:
            changed = self._changed
            found = await self.status_for(hold_id, submitter)
            if found.sequence != last:
                last = found.sequence
                yield found
            if found.state not in holds.OPEN:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LOOK_AGAIN_SECONDS)

    async def decide(self, envelope: bytes, caller: str) -> tuple[str, HoldStatus]:
        """Take a signed decision; of an approval, wait a while for what it lets happen.

        Raises:
            UnknownHold: It decides a hold that is not there.
            Refused: It does not count; nothing was recorded.
        """
        hold_id = approval_of(opened(envelope)).approval.hold
        hold = await self._database.write(
            lambda connection: self._decide(connection, hold_id, envelope, caller)
        )
        self.announce(hold)
        if hold.state is HoldState.APPROVED:
            task = self._carry_out(hold.id, hold.kind)
            await asyncio.wait({task}, timeout=COMMIT_WAIT_SECONDS)
        status = await self._database.read(lambda connection: holds.status_of(connection, hold_id))
        return hold_id, status

    async def expire(self) -> None:
        """End what waits beyond its time. One that cannot be ended keeps no other from its end."""
        now = self._clock()
        due = await self._database.read(lambda connection: holds.due(connection, now))
        for hold_id in due:
            # One at a time: others want to write, too, and each may take a while to read.
            try:
                ended = await self._database.write(partial(self._expire, hold_id=hold_id, now=now))
            except Exception as error:  # noqa: BLE001 - it is tried again, after the others
                _log.error("hold not expired", hold=hold_id, error=str(error))
            else:
                for hold in ended:
                    self.announce(hold)

    async def grant(self, envelope: bytes, caller: str) -> GrantRecord:
        """Take a signed grant.

        Raises:
            Refused: It may not be given, or was given before.
        """

        def act(connection: Connection) -> GrantRecord:
            record = grants.add_grant(
                connection,
                envelope,
                self._approvers(),
                audience=self._audience,
                submitted_by=caller,
                now=self._clock(),
            )
            self._journal.granted(connection, record)
            return record

        return await self._database.write(act)

    async def revoke(self, grant_id: str, caller: str) -> GrantRecord:
        """End a grant.

        Raises:
            UnknownGrant: There is none of that id.
        """

        def act(connection: Connection) -> GrantRecord:
            record = grants.revoke_grant(connection, grant_id, revoked_by=caller, now=self._clock())
            self._journal.revoked(connection, record)
            return record

        return await self._database.write(act)

    async def grants(self, *, every: bool) -> tuple[GrantRecord, ...]:
        """Return grants; only those that are active, unless every one is wanted."""
        at = None if every else self._clock()
        return await self._database.read(
            lambda connection: grants.list_grants(connection, active_at=at)
        )

    async def stats(self) -> HoldStats:
        """Return how holds ended."""
        return await self._database.read(stats.hold_stats)

    def _decide(
        self, connection: Connection, hold_id: str, envelope: bytes, caller: str
    ) -> HoldSummary:
        hold = holds.summary(connection, hold_id)
        _refuse_submitter(caller, hold.submitter)
        status, counted = decisions.decide(
            connection,
            hold_id,
            envelope,
            self._approvers(),
            current_policy=self._current_policy(hold.policy),
            submitted_by=caller,
            now=self._clock(),
        )
        decided = holds.summary(connection, hold_id)
        self._journal.decided(connection, decided, counted, status)
        return decided

    def _expire(self, connection: Connection, hold_id: str, now: int) -> tuple[HoldSummary, ...]:
        ended = holds.expire(connection, now, only=hold_id)
        for hold in ended:
            self._journal.expired(connection, hold)
        return ended

    def _carry_out(self, hold_id: str, kind: HoldKind) -> asyncio.Task[None]:
        """Begin what was approved; it goes on when the approver's call is cut off."""
        task = asyncio.create_task(self._carried(hold_id, kind))
        self._carried_out.add(task)
        task.add_done_callback(self._carried_out.discard)
        return task

    async def _carried(self, hold_id: str, kind: HoldKind) -> None:
        act = self._committer.commit if kind is HoldKind.BEFORE_COMMIT else self._committer.start
        try:
            await act(hold_id)
        except Exception as error:  # noqa: BLE001 - the hold stays approved, and is resumed
            _log.error("not carried out", hold=hold_id, error=type(error).__name__, exc_info=True)
        self._ring()

    def _ring(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _refuse_submitter(caller: str, submitter: str) -> None:
    if same_being(caller, submitter):
        text = f"{caller} submitted the run and has no say in it; ask somebody else"
        raise Refused(RefusalCode.SUBMITTER, text)
