"""Everything that moves a workspace's head for a run: one transaction each.

What lands together in each: the hold or grant is spent, the head moves, the audit log says so, a
verdict that was given is brought up to date, a draft of one that is still to come is kept. What
raises leaves nothing of it. The layer that the next run needs is made afterwards: it is a cache.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from sqlalchemy import Connection

from assize.audit.entries import EntryKind
from assize.canonical import effect_set_digest
from assize.convert.requests import request_to_bytes
from assize.model.approvals import Hold, HoldSummary, RequiredApproval
from assize.model.effects import EffectSet
from assize.model.verdict import Verdict
from assize.model.workspaces import EntryKind as LogKind
from assize.trees import FolderNode
from assize_sandbox.errors import SandboxError
from assize_server.approvals.drafts import fresh_nonce
from assize_server.approvals.errors import GrantExhausted
from assize_server.approvals.grants import use_grants
from assize_server.approvals.holds import Caps, create_hold
from assize_server.audit.log import append
from assize_server.core.approvers import Approvers
from assize_server.core.weighing import Weighing
from assize_server.execution.job import Job, PinnedWorkspace
from assize_server.landing import entries, records
from assize_server.landing.requests import request_of
from assize_server.ledger import drafts
from assize_server.store.database import Database
from assize_server.workspaces import heads
from assize_server.workspaces.quotas import Quotas
from assize_server.workspaces.records import Entry, Snapshot
from assize_server.workspaces.steps import step

_SECOND_MS: Final = 1000

_log = structlog.get_logger(__name__)


class Derivations(Protocol):
    """Makes ready what a run over a new head will need."""

    def derive(self, before: FolderNode, after: FolderNode) -> object:
        """Make the layer from one tree to the next."""
        ...


class Moves:
    """Moves heads, and keeps what waits for a person."""

    def __init__(
        self,
        database: Database,
        approvers: Callable[[], Approvers],
        quotas: Quotas,
        audience: str,
        current_policy: Callable[[str], str],
        layers: Derivations | None = None,
    ) -> None:
        """Move heads; `current_policy` gives a policy's digest as it is now, empty for none."""
        self._current_policy = current_policy
        self._database = database
        self._approvers = approvers
        self._quotas = quotas
        self.audience = audience
        self._layers = layers

    @property
    def approvers(self) -> Approvers:
        """Who may approve now."""
        return self._approvers()

    async def commit(
        self, job: Job, snapshot: Snapshot, effects: EffectSet, draft: Verdict, now_ms: int
    ) -> None:
        """Make what a run left the head, if the head is what the run began with.

        `draft` is what is told of the run if its verdict is never written.

        Raises:
            Conflict: It is not.
            OverQuota: The workspace would hold too much.
        """
        pinned = workspace_of(job)

        def act(connection: Connection) -> None:
            self._move(connection, job, pinned, snapshot, now_ms)
            entry = entries.of_commit(EntryKind.COMMIT, job.id, effects, now_ms)
            append(connection, entry)
            drafts.keep(connection, job, draft, now_ms)
            step("effects landed, not committed")

        await self._database.write(act)
        step("effects landed")
        await self.make_ready(pinned.base.root, snapshot.root)

    async def commit_by_grant(
        self,
        job: Job,
        snapshot: Snapshot,
        effects: EffectSet,
        weighing: Weighing,
        draft: Verdict,
        now: float,
    ) -> bool:
        """Do the same where signed grants stand for the approval that is asked; tell if they do.

        A grant ends with its policy, also for a run that had begun under it before.

        Raises:
            Conflict: The head is not what the run began with; no grant was used.
            OverQuota: The workspace would hold too much; no grant was used.
        """
        pinned, now_ms = workspace_of(job), int(now * _SECOND_MS)
        if weighing.approval is None:
            return False
        if self._current_policy(job.policy.name) != job.policy_as_named:
            return False
        approval = weighing.approval
        required = RequiredApproval(tuple(sorted(approval.groups)), approval.quorum)

        def act(connection: Connection) -> bool:
            uses = use_grants(
                connection,
                self._approvers(),
                weighing.effects,
                required,
                verification_id=job.id,
                submitter=job.submitter,
                workspace=pinned.name,
                policy_digest=job.policy_as_named,
                subject=effect_set_digest(effects),
                now=int(now),
            )
            for use in uses:
                made = entries.of_grant_use(use.grant_id, job.id, effects, use.effects, now_ms)
                append(connection, made)
            if uses:
                step("grant used, not committed")
                self._move(connection, job, pinned, snapshot, now_ms)
                append(connection, entries.of_commit(EntryKind.COMMIT, job.id, effects, now_ms))
                drafts.keep(connection, job, draft, now_ms)
                step("granted effects landed, not committed")
            return bool(uses)

        try:
            landed = await self._database.write(act)
        except GrantExhausted:
            return False
        if landed:
            step("granted effects landed")
            await self.make_ready(pinned.base.root, snapshot.root)
        return landed

    async def keep_effects(
        self, job: Job, hold: Hold, snapshot: Snapshot, draft: Verdict, caps: Caps
    ) -> HoldSummary:
        """Keep what a run left until a person has decided.

        Raises:
            ApprovalError: It cannot be held.
        """
        pinned = workspace_of(job)
        request = request_to_bytes(request_of(job))

        def act(connection: Connection) -> HoldSummary:
            made = create_hold(connection, hold, fresh_nonce(), caps)
            records.keep_run(connection, hold.id, request)
            records.keep_commit(connection, hold.id, pinned.workspace_id, snapshot)
            append(connection, entries.of_hold(EntryKind.HOLD, hold, hold.created_at * _SECOND_MS))
            drafts.keep(connection, job, draft, hold.created_at * _SECOND_MS)
            step("effects kept, not committed")
            return made

        kept = await self._database.write(act)
        step("effects kept")
        return kept

    async def keep_run(self, job: Job, hold: Hold, draft: Verdict, caps: Caps) -> HoldSummary:
        """Keep a request until a person has decided whether it is run.

        Raises:
            ApprovalError: It cannot be held.
        """
        request = request_to_bytes(request_of(job))

        def act(connection: Connection) -> HoldSummary:
            made = create_hold(connection, hold, fresh_nonce(), caps)
            records.keep_run(connection, hold.id, request)
            append(connection, entries.of_hold(EntryKind.HOLD, hold, hold.created_at * _SECOND_MS))
            drafts.keep(connection, job, draft, hold.created_at * _SECOND_MS)
            step("run kept, not committed")
            return made

        kept = await self._database.write(act)
        step("run kept")
        return kept

    async def make_ready(self, before: FolderNode, after: FolderNode) -> None:
        """Make the layer that the next run needs. A failure costs time, later, and nothing else."""
        if self._layers is None:
            return
        try:
            await asyncio.to_thread(self._layers.derive, before, after)
        except (SandboxError, OSError) as error:
            _log.warning("layer_not_made", error=str(error))

    def _move(
        self,
        connection: Connection,
        job: Job,
        pinned: PinnedWorkspace,
        snapshot: Snapshot,
        now_ms: int,
    ) -> None:
        entry = Entry(LogKind.COMMIT, job.submitter, now_ms, verification_id=job.id)
        heads.move_head(
            connection, pinned.workspace_id, pinned.base.id, snapshot, entry, self._quotas
        )


def workspace_of(job: Job) -> PinnedWorkspace:
    """Return what a job runs over, which it is known to have."""
    if job.workspace is None:
        raise ValueError("the job has no workspace")
    return job.workspace
