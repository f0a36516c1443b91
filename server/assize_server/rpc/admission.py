"""From a request message to a job: structure, bounds, policy, limits. Nothing is run yet."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

from assize.convert.requests import VerificationRequest, request_from_proto
from assize.errors import FieldViolation, InvalidFields, ReasonCode
from assize.model.submission import Submission, WorkspaceUse
from assize.model.verdict import Isolation
from assize.v1 import verification_pb2
from assize_server.core.excerpt import one_line
from assize_server.core.faults import Faults
from assize_server.core.isolation import isolation_fault
from assize_server.core.layers import requested
from assize_server.core.policy import LooserThanPolicy, Policy
from assize_server.core.spec import validate_request
from assize_server.core.submission import check_files
from assize_server.execution.job import Job, JobId, PinnedWorkspace
from assize_server.policies.load import PolicySet

DEFAULT_POLICY = "default"
REQUEST_ID_MOST_CHARS = 128


class Refused(Exception):
    """The request cannot be admitted; each violation says which field, what and the limit."""

    def __init__(self, reason: ReasonCode, violations: tuple[FieldViolation, ...]) -> None:
        super().__init__(reason, violations)
        self.reason = reason
        self.violations = violations


class UnknownPolicy(Exception):
    """No policy of that name is loaded."""


Pin = Callable[[WorkspaceUse, str, Submission], Awaitable[PinnedWorkspace]]
"""Fixes what a submitter's run begins with; raises `UnknownWorkspace` and `UnfitWorkspace`."""


class UnknownWorkspace(Exception):
    """There is no such workspace, or no such snapshot of it, for this submitter."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnfitWorkspace(Exception):
    """The request does not fit the workspace that it names."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


async def admit(
    message: verification_pb2.VerifyRequest,
    policies: PolicySet,
    *,
    isolation: Isolation | None = None,
    submitter: str = "anonymous",
    pin: Pin | None = None,
) -> Job:
    """Return the job that a request asks for.

    Raises:
        Refused: The request is malformed, too large, or asks for more than its policy allows.
        UnknownPolicy: The policy is not loaded.
        UnknownWorkspace: The workspace is not there.
    """
    try:
        request = request_from_proto(message)
    except InvalidFields as error:
        raise Refused(ReasonCode.INVALID_REQUEST, error.violations) from error
    job = await admitted(request, policies, isolation=isolation, submitter=submitter, pin=pin)
    return replace(job, request_bytes=message.ByteSize())


async def admitted(
    request: VerificationRequest,
    policies: PolicySet,
    *,
    isolation: Isolation | None = None,
    submitter: str = "anonymous",
    pin: Pin | None = None,
) -> Job:
    """Do the same with a request that was read.

    Raises:
        Refused: It is too large, or asks for more than its policy allows.
        UnknownPolicy: The policy is not loaded.
        UnknownWorkspace: The workspace is not there.
    """
    if len(request.request_id) > REQUEST_ID_MOST_CHARS:
        text = f"at most {REQUEST_ID_MOST_CHARS} characters, got {len(request.request_id)}"
        raise Refused(ReasonCode.INVALID_REQUEST, (FieldViolation("request_id", text),))
    _refuse(validate_form(request))
    pinned = await _pinned(request, submitter, pin)
    there = None if pinned is None else pinned.files
    _refuse(validate_request(request.submission, request.spec, there))
    policy = policy_named(policies, request.policy)
    if isolation is not None and (fault := isolation_fault(policy.engine, isolation)):
        raise Refused(ReasonCode.ISOLATION_TOO_WEAK, (FieldViolation("policy", fault),))
    try:
        effective = requested(policy, request.limits)
    except LooserThanPolicy as error:
        raise Refused(ReasonCode.LOOSER_THAN_POLICY, tuple(error.violations)) from error
    return Job(
        id=job_id(submitter, request.request_id),
        request_id=request.request_id,
        submission=request.submission,
        spec=request.spec,
        policy=effective,
        limits=effective.limits,
        requested=request.limits,
        named_digest=policy.digest,
        submitter=submitter,
        workspace=pinned,
    )


def validate_form(request: VerificationRequest) -> list[FieldViolation]:
    """Return what is wrong with the submitted files by themselves, before a workspace is asked.

    INVARIANT: nothing is put into a tree whose path was not checked.
    """
    if request.workspace is None:
        return []
    faults = Faults()
    check_files(request.submission.files, faults, needed=False)
    return faults.found()


def _refuse(violations: list[FieldViolation]) -> None:
    if violations:
        raise Refused(ReasonCode.INVALID_REQUEST, tuple(violations))


async def _pinned(
    request: VerificationRequest, submitter: str, pin: Pin | None
) -> PinnedWorkspace | None:
    use = request.workspace
    if use is None:
        return None
    if pin is None:
        raise UnknownWorkspace("workspace", "this service keeps no workspaces")
    try:
        return await pin(use, submitter, request.submission)
    except UnfitWorkspace as error:
        violation = FieldViolation(error.field, str(error))
        raise Refused(ReasonCode.INVALID_REQUEST, (violation,)) from error


def policy_named(policies: PolicySet, name: str) -> Policy:
    """Return the policy of that name; an empty name is the default.

    Raises:
        UnknownPolicy: With the names there are.
    """
    policy = policies.get(name or DEFAULT_POLICY)
    if policy is None:
        known = ", ".join(sorted(policies.names()))
        raise UnknownPolicy(f"there is no policy {one_line(name)!r}; loaded are: {known}")
    return policy


def job_id(submitter: str, request_id: str) -> JobId:
    """Return an id that is the same for a submitter's same request id, and new without one."""
    if not request_id:
        return JobId(uuid.uuid4().hex)
    told = f"request\0{submitter}\0{request_id}"
    return JobId(hashlib.sha256(told.encode()).hexdigest()[:32])
