"""Has a request judged that was held before it ran: admitted anew, under its old id."""

import asyncio
from dataclasses import dataclass, replace

from assize.convert.requests import VerificationRequest
from assize.model.approvals import Hold
from assize_sandbox.errors import SandboxError
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.job import Draining, IdReused, JobId, Saturated
from assize_server.landing.pins import Pins
from assize_server.policies.load import PolicySet
from assize_server.rpc.admission import Refused, UnknownPolicy, UnknownWorkspace, admitted


@dataclass(frozen=True, slots=True)
class _Begun:
    dispatcher: LocalDispatcher
    policies: PolicySet
    pins: Pins


class Releases:
    """Starts what was held. It knows the dispatcher once the service is up."""

    def __init__(self) -> None:
        self._begun: _Begun | None = None

    def begin(self, dispatcher: LocalDispatcher, policies: PolicySet, pins: Pins) -> None:
        """Say where runs are started."""
        self._begun = _Begun(dispatcher, policies, pins)

    async def release(self, request: VerificationRequest, hold: Hold) -> None:
        """Have the request judged, for the first time.

        Raises:
            SandboxError: It cannot be admitted any more, or the service is going away.
        """
        if self._begun is None:
            raise SandboxError("the service is not up yet")
        begun = self._begun
        try:
            job = await admitted(
                request, begun.policies.snapshot(), submitter=hold.submitter, pin=begun.pins.pin
            )
        except (Refused, UnknownPolicy, UnknownWorkspace) as error:
            raise SandboxError(f"the held request is not admitted any more: {error}") from error
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
