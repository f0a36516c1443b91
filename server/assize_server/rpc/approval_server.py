"""The listener of `ApprovalService`, and of nothing else."""

from collections.abc import Sequence
from typing import Any, Final

import grpc

from assize.v1 import approval_pb2_grpc
from assize_server.approvals.desk import Desk
from assize_server.rpc.approvals import ApprovalService
from assize_server.rpc.hold_refusals import Caller
from assize_server.rpc.listening import listen, made_server

RECEIVED_MOST_BYTES: Final = 512 * 1024
"""An envelope has 64 KiB at most; a larger one still gets an answer that says so."""
SENT_MOST_BYTES: Final = 32 * 1024 * 1024


class ApprovalServer:
    """A gRPC server at an address of its own: a submitter's credential does not open it."""

    def __init__(self, desk: Desk, caller: Caller, interceptors: Sequence[Any] = ()) -> None:
        self._server = made_server(
            interceptors,
            received_most_bytes=RECEIVED_MOST_BYTES,
            sent_most_bytes=SENT_MOST_BYTES,
        )
        approval_pb2_grpc.add_ApprovalServiceServicer_to_server(
            ApprovalService(desk, caller), self._server
        )

    async def start(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Listen on `host:port` or `unix:///path`, by TLS if there are credentials.

        Returns the port (0 for a socket).

        Raises:
            OSError: The address cannot be bound.
        """
        return await listen(self._server, address, credentials)

    async def stop(self, grace_seconds: float) -> None:
        """Close the listener, give running calls the grace, then end them."""
        await self._server.stop(grace_seconds)
