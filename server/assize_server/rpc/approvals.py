"""`assize.v1.ApprovalService`: for the people who decide what waits.

SECURITY: served on a listener of its own. Who calls comes from the credential; who decides comes
from the signature; no field of a request says either.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from assize.convert.approvals import (
    bundle_to_proto,
    grant_to_proto,
    stats_to_proto,
    status_to_proto,
)
from assize.convert.holds import state_from_proto, summary_to_proto
from assize.errors import FieldViolation, MalformedAnswer
from assize.v1 import approval_pb2, approval_pb2_grpc
from assize_server.approvals.desk import Desk
from assize_server.rpc.hold_refusals import Caller, named, told_as_statuses
from assize_server.rpc.refusal import refuse_fields


class ApprovalService(approval_pb2_grpc.ApprovalServiceServicer):
    """Shows holds, and takes what people signed."""

    def __init__(self, desk: Desk, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    async def ListHolds(  # noqa: N802 - the names are the API's
        self, request: approval_pb2.ListHoldsRequest, context: Any
    ) -> approval_pb2.ListHoldsResponse:
        """Answer with holds, those that end first at the top."""
        await named(self._caller, context)
        try:
            # Each once: the database takes so many values and no more.
            states = [state_from_proto(each) for each in dict.fromkeys(request.states)]
        except MalformedAnswer:
            await refuse_fields(context, [FieldViolation("states", "one of them is unknown")])
        found = await self._desk.holds(states)
        return approval_pb2.ListHoldsResponse(holds=map(summary_to_proto, found))

    async def GetHold(  # noqa: N802
        self, request: approval_pb2.GetHoldRequest, context: Any
    ) -> approval_pb2.GetHoldResponse:
        """Answer with all that a decision is about."""
        caller = await named(self._caller, context)
        async with told_as_statuses(context):
            return bundle_to_proto(*await self._desk.bundle(request.hold_id, caller))
        raise AssertionError("the call was ended")

    async def WatchHolds(  # noqa: N802
        self, request: approval_pb2.WatchHoldsRequest, context: Any
    ) -> AsyncIterator[approval_pb2.WatchHoldsResponse]:
        """Answer with every change of every hold."""
        await named(self._caller, context)
        async with aclosing(self._desk.watch(request.after)) as changes:
            async for hold in changes:
                yield approval_pb2.WatchHoldsResponse(hold=summary_to_proto(hold))

    async def SubmitDecision(  # noqa: N802
        self, request: approval_pb2.SubmitDecisionRequest, context: Any
    ) -> approval_pb2.SubmitDecisionResponse:
        """Take a signed decision."""
        caller = await named(self._caller, context)
        async with told_as_statuses(context):
            hold_id, status = await self._desk.decide(request.envelope, caller)
            return approval_pb2.SubmitDecisionResponse(
                hold_id=hold_id, status=status_to_proto(status)
            )
        raise AssertionError("the call was ended")

    async def SubmitGrant(  # noqa: N802
        self, request: approval_pb2.SubmitGrantRequest, context: Any
    ) -> approval_pb2.SubmitGrantResponse:
        """Take a signed grant."""
        caller = await named(self._caller, context)
        async with told_as_statuses(context):
            record = await self._desk.grant(request.envelope, caller)
            return approval_pb2.SubmitGrantResponse(grant=grant_to_proto(record))
        raise AssertionError("the call was ended")

    async def ListGrants(  # noqa: N802
        self, request: approval_pb2.ListGrantsRequest, context: Any
    ) -> approval_pb2.ListGrantsResponse:
        """Answer with grants, those that end last at the top."""
        await named(self._caller, context)
        found = await self._desk.grants(every=request.all)
        return approval_pb2.ListGrantsResponse(grants=map(grant_to_proto, found))

    async def RevokeGrant(  # noqa: N802
        self, request: approval_pb2.RevokeGrantRequest, context: Any
    ) -> approval_pb2.RevokeGrantResponse:
        """End a grant."""
        caller = await named(self._caller, context)
        async with told_as_statuses(context):
            record = await self._desk.revoke(request.grant_id, caller)
            return approval_pb2.RevokeGrantResponse(grant=grant_to_proto(record))
        raise AssertionError("the call was ended")

    async def HoldStats(  # noqa: N802
        self, request: approval_pb2.HoldStatsRequest, context: Any
    ) -> approval_pb2.HoldStatsResponse:
        """Answer with how holds ended."""
        await named(self._caller, context)
        return stats_to_proto(await self._desk.stats())
