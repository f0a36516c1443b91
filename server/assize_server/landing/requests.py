"""The requests of a job: as it was asked for, and the one that leads to it again."""

from dataclasses import replace

from assize.convert.requests import VerificationRequest
from assize.model.submission import RequestedLimits
from assize_sandbox.limits import Limits
from assize_server.execution.job import Job


def request_of(job: Job) -> VerificationRequest:
    """Return a request that asks for this very job again: its snapshot, and limits as they were."""
    pinned = job.workspace
    use = None if pinned is None else replace(pinned.use, base=pinned.base.id)
    limits = asked_again(job.limits)
    return VerificationRequest(
        job.submission, job.spec, job.policy.name, limits, job.request_id, use
    )


def as_asked(job: Job) -> VerificationRequest:
    """Return what was asked, as far as it makes a request another one."""
    use = None if job.workspace is None else job.workspace.use
    return replace(request_of(job), workspace=use)


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
