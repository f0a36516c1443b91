"""`assize.v1.HoldService`: for whoever submitted a run that waits.

SECURITY: beside the verifications, so nothing in it may help to approve: no nonce, no bundle. Of
other submitters' holds it says that there are none.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from assize.convert.holds import summary_to_proto
from assize.v1 import hold_pb2, hold_pb2_grpc
from assize_server.approvals.desk import Desk
from assize_server.rpc.hold_refusals import Caller, named, told_as_statuses


class HoldService(hold_pb2_grpc.HoldServiceServicer):
    """Tells submitters where their holds stand."""

    def __init__(self, desk: Desk, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    async def GetHoldStatus(  # noqa: N802 - the names are the API's
        self, request: hold_pb2.GetHoldStatusRequest, context: Any
    ) -> hold_pb2.GetHoldStatusResponse:
        """Answer with where a hold stands."""
        caller = await named(self._caller, context)
        async with told_as_statuses(context):
            found = await self._desk.status_for(request.hold_id, caller)
            return hold_pb2.GetHoldStatusResponse(hold=summary_to_proto(found))
        raise AssertionError("the call was ended")

    async def WatchHoldStatus(  # noqa: N802
        self, request: hold_pb2.WatchHoldStatusRequest, context: Any
    ) -> AsyncIterator[hold_pb2.WatchHoldStatusResponse]:
        """Answer with where a hold stands, until it can change no more."""
        caller = await named(self._caller, context)
        async with (
            told_as_statuses(context),
            aclosing(self._desk.watch_status(request.hold_id, caller)) as changes,
        ):
            async for found in changes:
                yield hold_pb2.WatchHoldStatusResponse(hold=summary_to_proto(found))
