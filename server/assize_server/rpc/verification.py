"""`assize.v1.VerificationService`: admits, hands over, tells."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc

from assize.convert.answers import event_to_proto, verdict_to_proto
from assize.errors import FieldViolation, ReasonCode
from assize.model.events import Event
from assize.model.verdict import Isolation, Verdict
from assize.v1 import verification_pb2, verification_pb2_grpc
from assize_server.execution.job import Dispatcher, Draining, IdReused, Job, Saturated
from assize_server.policies.load import PolicySet
from assize_server.rpc.admission import Pin, Refused, UnknownPolicy, UnknownWorkspace, admit
from assize_server.rpc.attendance import Attendance
from assize_server.rpc.callers import ANONYMOUS, Caller, nobody_special
from assize_server.rpc.refusal import (
    refuse_fields,
    refuse_for_room,
    refuse_policy,
    refuse_workspace,
)

Verdicts = Callable[[str], Awaitable[tuple[str, Verdict] | None]]
"""Finds who submitted a verification, and its verdict."""


class VerificationService(verification_pb2_grpc.VerificationServiceServicer):
    """Judges code for whoever calls. A caller that leaves takes its job along."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        policies: PolicySet,
        *,
        isolation: Isolation | None = None,
        pin: Pin | None = None,
        caller: Caller = nobody_special,
        verdicts: Verdicts | None = None,
    ) -> None:
        self._verdicts = verdicts
        self._isolation = isolation
        self._attendance = Attendance(dispatcher)
        self._policies = policies
        self._pin = pin
        self._caller = caller

    async def Verify(  # noqa: N802 - the name is the API's
        self, request: verification_pb2.VerifyRequest, context: Any
    ) -> verification_pb2.VerifyResponse:
        """Answer with the verdict."""
        async with aclosing(self._events(request, context)) as events:
            async for _, event in events:
                if isinstance(event, Verdict):
                    return verification_pb2.VerifyResponse(verdict=verdict_to_proto(event))
        raise AssertionError("a job ends with its verdict")

    async def GetVerdict(  # noqa: N802
        self, request: verification_pb2.GetVerdictRequest, context: Any
    ) -> verification_pb2.GetVerdictResponse:
        """Answer with a verdict that was given to this caller."""
        found = None if self._verdicts is None else await self._verdicts(request.verification_id)
        if found is None or self._caller() not in {found[0], ANONYMOUS}:
            text = "there is no verdict of that id for this caller, or not yet"
            violation = FieldViolation("verification_id", text)
            await refuse_fields(
                context,
                [violation],
                ReasonCode.UNKNOWN_VERIFICATION,
                grpc.StatusCode.NOT_FOUND,
            )
        return verification_pb2.GetVerdictResponse(verdict=verdict_to_proto(found[1]))

    async def StreamVerify(  # noqa: N802
        self, request: verification_pb2.StreamVerifyRequest, context: Any
    ) -> AsyncIterator[verification_pb2.StreamVerifyResponse]:
        """Answer with what happens, the verdict last."""
        async with aclosing(self._events(request.request, context)) as events:
            async for sequence, event in events:
                yield event_to_proto(event, sequence)

    async def _events(
        self, request: verification_pb2.VerifyRequest, context: Any
    ) -> AsyncGenerator[tuple[int, Event]]:
        job = await self._admit(request, context)
        try:
            async with self._attendance.attend(job) as events:
                async for numbered in events:
                    yield numbered
        except (Saturated, Draining) as error:
            await refuse_for_room(context, error)
        except IdReused:
            violation = FieldViolation("request_id", "was used for another request before")
            await refuse_fields(context, [violation], ReasonCode.REQUEST_ID_REUSED)

    async def _admit(self, request: verification_pb2.VerifyRequest, context: Any) -> Job:
        try:
            return await admit(
                request,
                self._policies.snapshot(),
                isolation=self._isolation,
                submitter=self._caller(),
                pin=self._pin,
            )
        except UnknownWorkspace as error:
            await refuse_workspace(context, error)
        except Refused as refused:
            await refuse_fields(context, refused.violations, refused.reason)
        except UnknownPolicy as error:
            await refuse_policy(context, error)
