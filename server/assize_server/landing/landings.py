"""Weighs what a run left, and commits, holds or discards it.

The order is the promise: the tree is collected, what the submission put there is taken out, the
effects are computed from two trees, each is weighed, and only then, for a run that passed, is
anything kept. A commit is one transaction (docs/adr/0010).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from assize.canonical import effect_set_digest
from assize.model.approvals import HoldSummary
from assize.model.effects import Decision, Effect, EffectSet
from assize.model.verdict import (
    Finding,
    HoldNotice,
    Reason,
    Status,
    WorkspaceOutcome,
    WorkspaceResult,
)
from assize.trees import FolderNode
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.collected import Collected
from assize_sandbox.workspaces.editing import without_untouched
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.specials import Special
from assize_server.approvals.errors import HoldTooLarge, TooManyHolds
from assize_server.approvals.holds import Caps
from assize_server.core.excerpt import one_line
from assize_server.core.verdict import Conclusion
from assize_server.core.weighing import Weighing, weigh
from assize_server.execution.ground import Ground
from assize_server.execution.job import Job, PinnedWorkspace
from assize_server.execution.landing import Landed, NotHeld
from assize_server.landing import holding
from assize_server.landing.drafting import of_held_source, of_landed
from assize_server.landing.moves import Moves
from assize_server.workspaces.contents import measured
from assize_server.workspaces.errors import Conflict, OverQuota
from assize_server.workspaces.records import Snapshot
from assize_server.workspaces.steps import step

_log = structlog.get_logger(__name__)


class Effects(Protocol):
    """Tells two trees apart, databases in a sandbox included."""

    async def between(
        self, before: FolderNode, after: FolderNode, specials: tuple[Special, ...]
    ) -> tuple[Effect, ...]:
        """Return what is different, in order of path.

        Raises:
            SandboxError: We could not tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left, weighed."""

    pinned: PinnedWorkspace
    snapshot: Snapshot
    effects: EffectSet
    weighing: Weighing

    def landed(
        self,
        outcome: WorkspaceOutcome,
        ending: tuple[Status, Reason, str] | None = None,
        hold: HoldNotice | None = None,
    ) -> Landed:
        """Return what became of it."""
        result = WorkspaceResult(
            name=self.pinned.use.name,
            base=self.effects.base,
            result=self.effects.result,
            outcome=outcome,
            effects_digest=effect_set_digest(self.effects),
        )
        return Landed(self.weighing.effects, result, hold, ending)


class WorkspaceLanding:
    """Decides what becomes of the runs of one service."""

    def __init__(
        self,
        moves: Moves,
        objects: ObjectStore,
        effects: Effects,
        caps: Caps,
        clock: Callable[[], float],
        *,
        announce: Callable[[HoldSummary], None],
    ) -> None:
        self._announce = announce
        self._moves = moves
        self._objects = objects
        self._effects = effects
        self._caps = caps
        self._clock = clock

    async def land(
        self, job: Job, conclusion: Conclusion, ground: Ground, left: Collected | None
    ) -> Landed:
        """Weigh what the run left, and commit, hold or discard it. Once for each run.

        Raises:
            SandboxError: We could not tell; the workspace is as it was.
        """
        pinned = job.workspace
        if pinned is None:
            raise ValueError("the job has no workspace")
        found = await self._weighed(job, pinned, ground, left)
        if not found.effects.effects:
            return found.landed(WorkspaceOutcome.UNCHANGED)
        if conclusion.status is not Status.PASSED or pinned.use.dry_run:
            return found.landed(WorkspaceOutcome.DISCARDED)
        match found.weighing.decision:
            case Decision.DENY:
                return found.landed(WorkspaceOutcome.DISCARDED, denial(found.weighing))
            case Decision.HOLD:
                return await self._held(job, conclusion, found)
            case Decision.ALLOW:
                return await self._committed(job, conclusion, found)

    async def _weighed(
        self, job: Job, pinned: PinnedWorkspace, ground: Ground, left: Collected | None
    ) -> Left:
        root = ground.start if left is None else left.root
        if not pinned.use.keep_submission:
            root = await asyncio.to_thread(self._without_submission, job, pinned, root)
        specials = () if left is None else left.specials
        effects = await self._effects.between(pinned.base.root, root, specials)
        snapshot = await asyncio.to_thread(measured, self._objects, pinned.base, root)
        found = EffectSet(pinned.name, pinned.base.id, snapshot.id, effects)
        return Left(pinned, snapshot, found, weigh(job.policy.effects, effects))

    def _without_submission(
        self, job: Job, pinned: PinnedWorkspace, root: FolderNode
    ) -> FolderNode:
        paths = [file.path for file in job.submission.files]
        return without_untouched(self._objects, pinned.base.root, pinned.start, root, paths)

    async def _committed(self, job: Job, conclusion: Conclusion, found: Left) -> Landed:
        await asyncio.to_thread(self._objects.sync)
        step("objects of the run durable")
        now_ms = int(self._clock() * 1000)
        landed = found.landed(WorkspaceOutcome.COMMITTED)
        draft = of_landed(job, conclusion, landed)
        try:
            await self._moves.commit(job, found.snapshot, found.effects, draft, now_ms)
        except Conflict as error:
            return found.landed(
                WorkspaceOutcome.CONFLICT, (Status.INFRA_ERROR, Reason.CONFLICT, str(error))
            )
        except OverQuota as error:
            return found.landed(
                WorkspaceOutcome.DISCARDED, (Status.FAILED, Reason.DISK_LIMIT, str(error))
            )
        return landed

    async def _held(self, job: Job, conclusion: Conclusion, found: Left) -> Landed:
        await asyncio.to_thread(self._objects.sync)
        step("objects of the run durable")
        landed = found.landed(WorkspaceOutcome.COMMITTED)
        draft = of_landed(job, conclusion, landed)
        try:
            if await self._moves.commit_by_grant(
                job, found.snapshot, found.effects, found.weighing, draft, self._clock()
            ):
                return landed
            made = holding.of_effects(
                job, found.effects, found.weighing, self._moves.audience, int(self._clock())
            )
            waiting = found.landed(WorkspaceOutcome.HELD, held(made.notice), made.notice)
            draft = of_landed(job, conclusion, waiting)
            kept = await self._moves.keep_effects(job, made.hold, found.snapshot, draft, self._caps)
        except (HoldTooLarge, TooManyHolds, OverQuota) as error:
            ending = (Status.FAILED, Reason.POLICY_DENIED, str(error))
            return found.landed(WorkspaceOutcome.DISCARDED, ending)
        except Conflict as error:
            return found.landed(
                WorkspaceOutcome.CONFLICT, (Status.INFRA_ERROR, Reason.CONFLICT, str(error))
            )
        self._announce(kept)
        return waiting

    async def hold_before(self, job: Job, findings: tuple[Finding, ...]) -> HoldNotice:
        """Keep a job whose source asks for a person, and tell who must decide.

        Raises:
            NotHeld: The submitter has as many holds as may be, or it is too large for one.
            SandboxError: It could not be kept.
        """
        approval = job.policy.static.approval
        if approval is None:
            raise SandboxError("the policy holds this code and names nobody who may approve it")
        made = holding.of_source(job, findings, approval, self._moves.audience, int(self._clock()))
        draft = of_held_source(job, findings, made.notice)
        try:
            self._announce(await self._moves.keep_run(job, made.hold, draft, self._caps))
        except (HoldTooLarge, TooManyHolds) as error:
            raise NotHeld(str(error)) from error
        return made.notice


def denial(weighing: Weighing) -> tuple[Status, Reason, str]:
    """Return how a verification ends whose effects the policy denies: nothing is asked."""
    denied = [each for each in weighing.effects if each.decision is Decision.DENY]
    if not denied:
        return Status.FAILED, Reason.POLICY_DENIED, weighing.why
    first = denied[0]
    more = f" (and {len(denied) - 1} more)" if len(denied) > 1 else ""
    told = f"{first.effect.kind.value} {one_line(first.effect.path)}{more}"
    text = f"the policy denies {told}, by {first.rule}: {first.why} Nothing was committed"
    return Status.FAILED, Reason.POLICY_DENIED, text


def held(notice: HoldNotice) -> tuple[Status, Reason, str]:
    """Return how a verification ends that waits for a person."""
    rules, groups = ", ".join(notice.rules), " or ".join(notice.groups)
    asks = "asks" if len(notice.rules) == 1 else "ask"
    text = f"passed, and {rules} {asks} {notice.quorum} of {groups} to approve {notice.hold_id}"
    return Status.HELD, Reason.HELD, text
