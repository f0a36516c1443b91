"""Carries out what people approved: commits what was kept, or starts what was held before it ran.

- Nothing is run a second time: a commit takes the stored tree.
- An approval is spent in the transaction that moves the head. If the head has moved, if the policy
  has changed, or if what was kept is damaged, nothing lands and the hold says why.
- A service that ends between an approval and its commit goes on with it at the next start. A run
  that was started is not started again: its hold then says that it failed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from assize.audit.entries import EntryKind
from assize.convert.requests import VerificationRequest, request_from_bytes
from assize.errors import InvalidFields
from assize.model.approvals import Hold, HoldState
from assize.model.verdict import Reason, Status, Verdict
from assize.model.workspaces import EntryKind as LogKind
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.approvals import decisions, holds
from assize_server.approvals.errors import NotRedeemable
from assize_server.audit.log import append
from assize_server.landing import entries, records
from assize_server.landing.moves import Moves
from assize_server.ledger import drafts, verdicts
from assize_server.ledger.recording import Ledger
from assize_server.ledger.settlement import Settlement
from assize_server.store.database import Database
from assize_server.workspaces import heads
from assize_server.workspaces.errors import Conflict, OverQuota, Unknown
from assize_server.workspaces.proof import prove
from assize_server.workspaces.quotas import Quotas
from assize_server.workspaces.records import Entry, Snapshot
from assize_server.workspaces.steps import step

Release = Callable[[VerificationRequest, Hold], Awaitable[None]]
"""Has a request judged that was held before it ran, under its old id; raises `SandboxError`."""
PolicyDigest = Callable[[str], str]
"""Returns the digest of the policy of that name as it is now; empty where there is none."""

_log = structlog.get_logger(__name__)


class Carrier:
    """Carries out approved holds, each once."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        quotas: Quotas,
        moves: Moves,
        policy_digest: PolicyDigest,
        release: Release,
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self._release = release
        self._ledger = ledger
        self._database = database
        self._objects = objects
        self._quotas = quotas
        self._moves = moves
        self._policy_digest = policy_digest
        self._clock = clock

    async def recover(self) -> None:
        """Write the verdicts that were not when the service ended, and end what it cut off.

        A run that had landed, or was held, is told so; an approved one that had not, failed.
        """
        for verification_id in await self._database.read(drafts.left):
            await self._database.write(partial(self._tell, verification_id))
        for hold in await self._database.read(records.started_runs):
            await self._fail(hold, HoldState.FAILED, "the service ended during the run")

    def _tell(self, verification_id: str, connection: Connection) -> None:
        draft = drafts.find(connection, verification_id)
        if draft is not None:
            self._ledger.record_left(connection, draft, int(self._clock() * 1000))

    async def commit(self, hold_id: str) -> None:
        """Make the effects of an approved hold the workspace's head."""
        bundle = await self._database.read(lambda connection: holds.bundle_of(connection, hold_id))
        hold = bundle.hold
        try:
            base, target = await self._proven(hold)
            step("proven")
            await self._database.write(lambda connection: self._commit(connection, hold, target))
            step("approved effects landed")
        except (Conflict, Unknown) as error:
            await self._fail(hold, HoldState.CONFLICT, str(error))
        except (NotRedeemable, OverQuota, SandboxError) as error:
            await self._fail(hold, HoldState.FAILED, str(error))
        else:
            await self._moves.make_ready(base.root, target.root)

    async def _proven(self, hold: Hold) -> tuple[Snapshot, Snapshot]:
        """Return what the run began with and what would be the head, read from the store in full.

        Raises:
            Unknown: The workspace or the snapshot is gone.
            SandboxError: An object is missing or corrupt, or nothing was kept.
        """

        def found(connection: Connection) -> tuple[Snapshot, Snapshot]:
            kept = records.kept_commit(connection, hold.id)
            if kept is None:
                raise SandboxError(f"nothing is kept beside the hold {hold.id}")
            workspace = heads.by_id(connection, kept[0])
            return heads.resolve(connection, workspace, hold.base), kept[1]

        base, target = await self._database.read(found)
        await asyncio.to_thread(prove, self._objects, base, target)
        if target.id != hold.result:
            raise SandboxError(f"what is kept beside the hold {hold.id} is not what was approved")
        return base, target

    def _commit(self, connection: Connection, hold: Hold, target: Snapshot) -> None:
        now_ms = int(self._clock() * 1000)
        digest = self._policy_digest(hold.policy)
        decisions.spend(
            connection, hold.id, self._moves.approvers, current_policy=digest, now=now_ms // 1000
        )
        step("approval spent, not committed")
        kept = records.kept_commit(connection, hold.id)
        if kept is None:
            raise SandboxError(f"nothing is kept beside the hold {hold.id}")
        append(
            connection,
            entries.of_commit(
                EntryKind.COMMIT_INTENT, hold.verification_id, hold.effect_set, now_ms, hold.id
            ),
        )
        entry = Entry(
            LogKind.COMMIT,
            hold.submitter,
            now_ms,
            message=f"approved: {hold.id}",
            verification_id=hold.verification_id,
        )
        heads.move_head(connection, kept[0], hold.base, target, entry, self._quotas)
        append(
            connection,
            entries.of_commit(
                EntryKind.COMMIT, hold.verification_id, hold.effect_set, now_ms, hold.id
            ),
        )
        step("commit written down, not committed")
        text = f"passed; hold {hold.id} was approved"
        self._settle(connection, hold, Settlement(Status.PASSED, None, text), now_ms)

    async def start(self, hold_id: str) -> None:
        """Have the code of an approved hold judged, for the first time."""
        bundle = await self._database.read(lambda connection: holds.bundle_of(connection, hold_id))
        hold = bundle.hold
        try:
            request = await self._database.write(lambda connection: self._start(connection, hold))
            step("approved run to be started")
            await self._release(request, hold)
        except (NotRedeemable, SandboxError, InvalidFields) as error:
            await self._fail(hold, HoldState.FAILED, str(error))

    def _start(self, connection: Connection, hold: Hold) -> VerificationRequest:
        now = int(self._clock())
        digest = self._policy_digest(hold.policy)
        decisions.spend(connection, hold.id, self._moves.approvers, current_policy=digest, now=now)
        request = records.kept_run(connection, hold.id)
        if request is None:
            raise SandboxError(f"nothing is kept beside the hold {hold.id}")
        return request_from_bytes(request)

    def ended(self, connection: Connection, hold_id: str) -> None:
        """End the verification of a hold that was denied or has expired."""
        hold = holds.bundle_of(connection, hold_id).hold
        detail = holds.status_of(connection, hold_id).detail
        text = f"hold {hold_id} ended without an approval: {detail}"
        settlement = Settlement(Status.FAILED, Reason.POLICY_DENIED, text)
        self._settle(connection, hold, settlement, int(self._clock() * 1000))

    async def _fail(self, hold: Hold, state: HoldState, detail: str) -> None:
        _log.warning("approved_hold_not_carried_out", hold=hold.id, error=detail)

        def act(connection: Connection) -> None:
            if records.kept_run(connection, hold.id) is None:
                # Somebody else has carried it out, or ended it: there is nothing left to end.
                return
            now_ms = int(self._clock() * 1000)
            kind = EntryKind.CONFLICT if state is HoldState.CONFLICT else EntryKind.DISCARD
            holds.mark(connection, hold.id, state, detail, now_ms // 1000)
            append(connection, entries.of_hold(kind, hold, now_ms, state.value.upper()))
            reason = Reason.CONFLICT if state is HoldState.CONFLICT else Reason.INFRA_ERROR
            settlement = Settlement(Status.INFRA_ERROR, reason, detail)
            self._settle(connection, hold, settlement, now_ms)

        await self._database.write(act)

    def _settle(
        self, connection: Connection, hold: Hold, settlement: Settlement, now_ms: int
    ) -> None:
        """Bring the verdict that was HELD up to date, and forget what was kept beside the hold."""
        found = verdicts.find(connection, hold.verification_id)
        request = records.kept_run(connection, hold.id)
        if found is None or not is_of(found[1], hold):
            # Decided before its verdict was written down: that will be, with this on it. A run
            # that was held before has the verdict of its other hold until then.
            verdicts.keep_settlement(connection, hold.id, settlement)
        elif found[1].status is Status.HELD and request is not None:
            submitter, verdict = found
            told = settlement.of(verdict)
            times_ms = hold.created_at * 1000, now_ms
            self._ledger.record(connection, submitter, request_from_bytes(request), told, times_ms)
        records.forget(connection, hold.id)


def is_of(verdict: Verdict, hold: Hold) -> bool:
    """Tell whether a verdict is one that waits, or waited, for this very hold."""
    return verdict.hold is not None and verdict.hold.hold_id == hold.id
