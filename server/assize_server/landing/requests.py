"""The request that leads to a job again: what is kept beside a hold."""

from dataclasses import replace

from assize.convert.requests import VerificationRequest
from assize_server.execution.job import Job


def request_of(job: Job) -> VerificationRequest:
    """Return a request that asks for this very job again, over the very same snapshot."""
    pinned = job.workspace
    use = None if pinned is None else replace(pinned.use, base=pinned.base.id)
    return VerificationRequest(
        job.submission, job.spec, job.policy.name, job.requested, job.request_id, use
    )


def as_asked(job: Job) -> VerificationRequest:
    """Return what was asked, as far as it makes a request another one."""
    use = None if job.workspace is None else job.workspace.use
    return replace(request_of(job), workspace=use)
