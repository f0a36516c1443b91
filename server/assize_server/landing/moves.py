"""Everything that moves a workspace's head for a run: one transaction each.

What lands together in each: the hold or grant is spent, the head moves, the audit log says so, the
verdict that was given is brought up to date. What raises inside leaves nothing of it. The layer
that the next run needs is made afterwards: it is a cache.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

import structlog
from sqlalchemy import Connection

from assize.audit.entries import EntryKind
from assize.canonical import effect_set_digest
from assize.convert.requests import VerificationRequest, request_to_bytes
from assize.model.approvals import Hold, HoldSummary, RequiredApproval
from assize.model.effects import EffectSet
from assize.model.submission import RequestedLimits
from assize.model.workspaces import EntryKind as LogKind
from assize.trees import FolderNode
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Limits
from assize_server.approvals.drafts import fresh_nonce
from assize_server.approvals.errors import GrantExhausted
from assize_server.approvals.grants import use_grants
from assize_server.approvals.holds import Caps, create_hold
from assize_server.audit.log import append
from assize_server.core.approvers import Approvers
from assize_server.core.weighing import Weighing
from assize_server.execution.job import Job, PinnedWorkspace
from assize_server.landing import entries, records
from assize_server.store.database import Database
from assize_server.workspaces import heads
from assize_server.workspaces.quotas import Quotas
from assize_server.workspaces.records import Entry, Snapshot

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
        layers: Derivations | None = None,
    ) -> None:
        self._database = database
        self._approvers = approvers
        self._quotas = quotas
        self.audience = audience
        self._layers = layers

    @property
    def approvers(self) -> Approvers:
        """Who may approve now."""
        return self._approvers()

    async def commit(self, job: Job, snapshot: Snapshot, effects: EffectSet, now_ms: int) -> None:
        """Make what a run left the head, if the head is what the run began with.

        Raises:
            Conflict: It is not.
            OverQuota: The workspace would hold too much.
        """
        pinned = workspace_of(job)

        def act(connection: Connection) -> None:
            self._move(connection, job, pinned, snapshot, now_ms)
            entry = entries.of_commit(EntryKind.COMMIT, job.id, effects, now_ms)
            append(connection, entry)

        await self._database.write(act)
        await self.make_ready(pinned.base.root, snapshot.root)

    async def commit_by_grant(
        self, job: Job, snapshot: Snapshot, effects: EffectSet, weighing: Weighing, now: float
    ) -> bool:
        """Do the same where signed grants stand for the approval that is asked; tell if they do.

        Raises:
            Conflict: The head is not what the run began with; no grant was used.
            OverQuota: The workspace would hold too much; no grant was used.
        """
        pinned, now_ms = workspace_of(job), int(now * _SECOND_MS)
        if weighing.approval is None:
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
                policy_digest=job.policy.digest,
                subject=effect_set_digest(effects),
                now=int(now),
            )
            for use in uses:
                made = entries.of_grant_use(use.grant_id, job.id, effects, use.effects, now_ms)
                append(connection, made)
            if uses:
                self._move(connection, job, pinned, snapshot, now_ms)
                append(connection, entries.of_commit(EntryKind.COMMIT, job.id, effects, now_ms))
            return bool(uses)

        try:
            landed = await self._database.write(act)
        except GrantExhausted:
            return False
        if landed:
            await self.make_ready(pinned.base.root, snapshot.root)
        return landed

    async def keep_effects(
        self, job: Job, hold: Hold, snapshot: Snapshot, caps: Caps
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
            return made

        return await self._database.write(act)

    async def keep_run(self, job: Job, hold: Hold, caps: Caps) -> HoldSummary:
        """Keep a request until a person has decided whether it is run.

        Raises:
            ApprovalError: It cannot be held.
        """
        request = request_to_bytes(request_of(job))

        def act(connection: Connection) -> HoldSummary:
            made = create_hold(connection, hold, fresh_nonce(), caps)
            records.keep_run(connection, hold.id, request)
            append(connection, entries.of_hold(EntryKind.HOLD, hold, hold.created_at * _SECOND_MS))
            return made

        return await self._database.write(act)

    async def make_ready(self, before: FolderNode, after: FolderNode) -> None:
        """Make the layer that the next run needs. A failure costs time, later, and nothing else."""
        if self._layers is None:
            return
        try:
            await asyncio.to_thread(self._layers.derive, before, after)
        except SandboxError as error:
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


def request_of(job: Job) -> VerificationRequest:
    """Return a request that asks for this very job again: its snapshot, and limits as they were."""
    pinned = job.workspace
    use = None if pinned is None else replace(pinned.use, base=pinned.base.id)
    limits = asked_again(job.limits)
    return VerificationRequest(
        job.submission, job.spec, job.policy.name, limits, job.request_id, use
    )


def asked_again(limits: Limits) -> RequestedLimits:
    """Return the request that leads to these limits."""
    return RequestedLimits(
        wall_seconds=limits.wall_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=limits.shape.memory_bytes,
        pids=limits.shape.pids,
        output_bytes=limits.output_bytes,
        disk_bytes=limits.shape.disk_bytes,
        file_bytes=limits.file_bytes,
        open_files=limits.open_files,
    )
