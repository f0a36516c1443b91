"""Has a request judged that was held before it ran: admitted anew, under its old id."""

import asyncio
from dataclasses import dataclass, replace

from assize.approvals.digests import held_program, submission_digest
from assize.convert.requests import VerificationRequest
from assize.model.approvals import Hold
from assize.model.verdict import Isolation
from assize_sandbox.errors import SandboxError
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.job import Draining, IdReused, Job, JobId, Saturated
from assize_server.landing.pins import Pins
from assize_server.policies.load import PolicySet
from assize_server.rpc.admission import Refused, UnknownPolicy, UnknownWorkspace, admitted


@dataclass(frozen=True, slots=True)
class _Begun:
    dispatcher: LocalDispatcher
    policies: PolicySet
    pins: Pins
    isolation: Isolation | None


class Releases:
    """Starts what was held. It knows the dispatcher once the service is up."""

    def __init__(self) -> None:
        self._begun: _Begun | None = None

    def begin(
        self,
        dispatcher: LocalDispatcher,
        policies: PolicySet,
        pins: Pins,
        isolation: Isolation | None = None,
    ) -> None:
        """Say where runs are started, and what holds code there; None: policies ask for nothing."""
        self._begun = _Begun(dispatcher, policies, pins, isolation)

    async def release(self, request: VerificationRequest, hold: Hold) -> None:
        """Have the request judged, for the first time.

        Raises:
            SandboxError: It cannot be admitted any more, or the service is going away.
        """
        if self._begun is None:
            raise SandboxError("the service is not up yet")
        begun = self._begun
        job = await _admitted_anew(begun, request, hold)
        released = replace(job, id=JobId(hold.verification_id), released_by=hold.id)
        while True:
            try:
                await begun.dispatcher.resubmit(released)
            except Saturated as error:
                # It never started: no code is run twice.
                await asyncio.sleep(error.retry_seconds)
            except (Draining, IdReused) as error:
                raise SandboxError(str(error)) from error
            else:
                return


async def _admitted_anew(begun: _Begun, request: VerificationRequest, hold: Hold) -> Job:
    """Admit what was approved, as it was approved.

    Raises:
        SandboxError: It cannot be admitted any more, or it is not what was approved.
    """
    try:
        job = await admitted(
            request,
            begun.policies.snapshot(),
            isolation=begun.isolation,
            submitter=hold.submitter,
            pin=begun.pins.pin,
        )
    except (Refused, UnknownPolicy, UnknownWorkspace) as error:
        raise SandboxError(f"the held request is not admitted any more: {error}") from error
    # SECURITY: nobody has agreed to what another policy, or another source, would have held.
    if job.policy_as_named != hold.policy_digest:
        raise SandboxError(f"the policy {hold.policy!r} has changed since {hold.id} was approved")
    pinned = job.workspace
    over = ("", "") if pinned is None else (pinned.name, pinned.base.id)
    same = submission_digest(held_program(job.submission)) == hold.subject
    if not same or over != (hold.workspace, hold.base):
        raise SandboxError(f"what is kept beside the hold {hold.id} is not what was approved")
    return job
