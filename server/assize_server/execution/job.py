"""What travels between the gRPC handlers and whatever runs jobs.

The seam is made for more than one host: a `Dispatcher` may be a queue on this machine or a broker,
an `Executor` is what runs on a host. Jobs are plain data, events are hints, and the verdict that
the dispatcher records is the truth.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import NewType, Protocol

from assize.model.events import Event
from assize.model.spec import Spec
from assize.model.submission import RequestedLimits, SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Reason, Status, Verdict
from assize.trees import FolderNode
from assize_sandbox.limits import Limits
from assize_server.core.policy import Policy
from assize_server.workspaces.records import Snapshot

JobId = NewType("JobId", str)
Emit = Callable[[Event], None]


class Saturated(Exception):
    """No room for another job now; `retry_seconds` is a guess at when there will be."""

    def __init__(self, message: str, *, retry_seconds: float) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Draining(Exception):
    """The service is shutting down and takes no new jobs."""


class IdReused(Exception):
    """The id is known, and its job was another one."""


class UnknownJob(Exception):
    """No such job: never submitted, or forgotten since."""


@dataclass(frozen=True, slots=True)
class PinnedWorkspace:
    """What a job runs over, fixed when it was admitted."""

    use: WorkspaceUse
    workspace_id: int = field(compare=False)
    """The service's own id of the workspace."""
    owner: str = field(compare=False)
    """Whose it is."""
    base: Snapshot = field(compare=False)
    """The snapshot to begin with. Another head does not make the same request another job."""
    start: FolderNode = field(compare=False)
    """The same with the submitted files in it."""
    files: tuple[str, ...] = field(compare=False)
    """The paths of the Python files in it."""
    entry: SourceFile | None = field(default=None, compare=False)
    """The entry point, where it is a file of the workspace and was not submitted."""

    @property
    def name(self) -> str:
        """Owner and name: what effects, holds and grants call the workspace."""
        return f"{self.owner}/{self.use.name}"


@dataclass(frozen=True, slots=True)
class Job:
    """An admitted verification. The policy and the limits are fixed for its whole life."""

    id: JobId
    submission: Submission
    spec: Spec
    policy: Policy
    limits: Limits
    request_id: str = ""
    requested: RequestedLimits = field(default_factory=RequestedLimits)
    """What was asked of the limits: the policy's lowest layer."""
    named_digest: str = ""
    """Digest of the policy that was named, without what the request asks; empty: the same."""
    submitter: str = "anonymous"
    """Who asked, as the credential says."""
    workspace: PinnedWorkspace | None = None
    """What the code runs over; None: an empty folder."""
    released_by: str = field(default="", compare=False)
    """The hold whose approval let the code run; empty: it was not held before."""
    request_bytes: int = field(default=0, compare=False)
    """How long the request was: about what a job takes of memory."""

    @property
    def policy_as_named(self) -> str:
        """The digest of the policy that was named: what a changed policy is known by."""
        return self.named_digest or self.policy.digest

    @property
    def analysed(self) -> tuple[SourceFile, ...]:
        """What is read before anything runs: what was submitted, and what is started.

        Modules of the workspace that these import are not: their effects are weighed all the same.
        """
        entry = None if self.workspace is None else self.workspace.entry
        return self.submission.files if entry is None else (*self.submission.files, entry)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the candidate's files: what was submitted, and what it runs over."""
        submitted = [each.path for each in self.submission.files]
        there = () if self.workspace is None else self.workspace.files
        return tuple(dict.fromkeys((*submitted, *there)))


class Dispatcher(Protocol):
    """What the gRPC handlers see."""

    async def submit(self, job: Job) -> None:
        """Take a job. Idempotent by id: a second submission of the same job does nothing.

        Raises:
            IdReused: The id is known and its job differs from this one.
            Saturated: The queue is full or the host is short of memory.
            Draining: The service is shutting down.
        """
        ...

    async def cancel(self, job_id: JobId) -> None:
        """Stop a job, killing its containers. Unknown and finished jobs are left alone."""
        ...

    def watch(self, job_id: JobId, after: int = 0) -> AsyncGenerator[tuple[int, Event]]:
        """Yield the job's events from number `after` + 1 on: `Admitted` first, the verdict last.

        Raises:
            UnknownJob: No such job.
        """
        ...


class Executor(Protocol):
    """What runs on a host."""

    async def run(self, job: Job, emit: Emit) -> Verdict:
        """Judge one job. Infrastructure failures come back as INFRA_ERROR, never as exceptions.

        Cancelling the task kills the containers of the job before it ends.
        """
        ...


def could_not_tell(job: Job, message: str) -> Verdict:
    """Return the verdict that says nothing about the code."""
    return Verdict(
        verification_id=job.id,
        request_id=job.request_id,
        status=Status.INFRA_ERROR,
        reason=Reason.INFRA_ERROR,
        message=message,
        policy=job.policy.name,
        policy_digest=job.policy.digest,
    )
