"""Requests: what a caller wants judged."""

from dataclasses import dataclass, field, fields

from assize.convert.faults import Faults, refusing_values
from assize.convert.spec import read_spec, spec_to_proto
from assize.model.spec import Spec
from assize.model.submission import RequestedLimits, SourceFile, Submission, WorkspaceUse
from assize.v1 import submission_pb2, verification_pb2


@dataclass(frozen=True, slots=True)
class VerificationRequest:
    """What is to be judged, how, and under which policy (empty: the service's default one)."""

    submission: Submission
    spec: Spec
    policy: str = ""
    limits: RequestedLimits = field(default_factory=RequestedLimits)
    request_id: str = ""
    workspace: WorkspaceUse | None = None


def request_to_proto(request: VerificationRequest) -> verification_pb2.VerifyRequest:
    """Return the message of a request.

    Raises:
        InvalidFields: A value does not fit its field, or a choice was made twice.
    """
    with refusing_values("request_id"):
        message = verification_pb2.VerifyRequest(request_id=request.request_id)
    with refusing_values("policy"):
        message.policy = request.policy
    message.submission.CopyFrom(submission_to_proto(request.submission))
    message.spec.CopyFrom(spec_to_proto(request.spec))
    message.limits.CopyFrom(limits_to_proto(request.limits))
    if request.workspace is not None:
        message.workspace.CopyFrom(workspace_use_to_proto(request.workspace))
    return message


def request_to_bytes(request: VerificationRequest) -> bytes:
    """Return a request as it is kept.

    Raises:
        InvalidFields: A value does not fit its field, or a choice was made twice.
    """
    return request_to_proto(request).SerializeToString(deterministic=True)


def request_from_bytes(data: bytes) -> VerificationRequest:
    """Return a request that was kept.

    Raises:
        InvalidFields: With every fault in its structure.
        DecodeError: It is none.
    """
    return request_from_proto(verification_pb2.VerifyRequest.FromString(data))


def request_from_proto(message: verification_pb2.VerifyRequest) -> VerificationRequest:
    """Return the request of a message.

    Raises:
        InvalidFields: With every fault in its structure.
    """
    faults = Faults()
    spec = read_spec(message.spec, faults)
    faults.check()
    return VerificationRequest(
        submission=submission_from_proto(message.submission),
        spec=spec,
        policy=message.policy,
        limits=limits_from_proto(message.limits),
        request_id=message.request_id,
        workspace=(
            workspace_use_from_proto(message.workspace) if message.HasField("workspace") else None
        ),
    )


def workspace_use_to_proto(use: WorkspaceUse) -> verification_pb2.WorkspaceUse:
    """Return the message of a workspace's use.

    Raises:
        InvalidFields: A text is not Unicode.
    """
    with refusing_values("workspace"):
        return verification_pb2.WorkspaceUse(
            name=use.name,
            base=use.base,
            keep_submission=use.keep_submission,
            dry_run=use.dry_run,
        )


def workspace_use_from_proto(message: verification_pb2.WorkspaceUse) -> WorkspaceUse:
    """Return the workspace's use of a message."""
    return WorkspaceUse(message.name, message.base, message.keep_submission, message.dry_run)


def submission_to_proto(submission: Submission) -> submission_pb2.Submission:
    """Return the message of a submission.

    Raises:
        InvalidFields: A text is not Unicode.
    """
    with refusing_values("submission"):
        return submission_pb2.Submission(
            files=[
                submission_pb2.SourceFile(path=file.path, content=file.content)
                for file in submission.files
            ],
            entry_point=submission.entry_point or "",
            arguments=submission.arguments,
            stdin=submission.stdin,
            environment=submission.environment,
        )


def submission_from_proto(message: submission_pb2.Submission) -> Submission:
    """Return the submission of a message."""
    return Submission(
        files=tuple(SourceFile(file.path, file.content) for file in message.files),
        entry_point=message.entry_point or None,
        arguments=tuple(message.arguments),
        stdin=message.stdin,
        environment=dict(message.environment),
    )


def limits_to_proto(limits: RequestedLimits) -> submission_pb2.Limits:
    """Return the message of the limits asked for.

    Raises:
        InvalidFields: A limit is zero, which the service would read as none asked for, or it is
            too large for its field.
    """
    faults = Faults()
    for limit in fields(limits):
        if getattr(limits, limit.name) == 0:
            faults.add(f"limits.{limit.name}", "must be more than 0; leave it out to ask for none")
    faults.check()
    with refusing_values("limits"):
        return submission_pb2.Limits(
            wall_seconds=limits.wall_seconds or 0.0,
            cpu_seconds=limits.cpu_seconds or 0.0,
            memory_bytes=limits.memory_bytes or 0,
            pids=limits.pids or 0,
            output_bytes=limits.output_bytes or 0,
            disk_bytes=limits.disk_bytes or 0,
            file_bytes=limits.file_bytes or 0,
            open_files=limits.open_files or 0,
        )


def limits_from_proto(message: submission_pb2.Limits) -> RequestedLimits:
    """Return the limits of a message; a zero asks for nothing."""
    return RequestedLimits(
        wall_seconds=message.wall_seconds or None,
        cpu_seconds=message.cpu_seconds or None,
        memory_bytes=message.memory_bytes or None,
        pids=message.pids or None,
        output_bytes=message.output_bytes or None,
        disk_bytes=message.disk_bytes or None,
        file_bytes=message.file_bytes or None,
        open_files=message.open_files or None,
    )
