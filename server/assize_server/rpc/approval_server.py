"""The listener of `ApprovalService`, and of nothing else."""

import os
from collections.abc import Sequence
from typing import Any, Final

import grpc

from assize.v1 import approval_pb2_grpc
from assize_server.approvals.desk import Desk
from assize_server.rpc.approvals import ApprovalService
from assize_server.rpc.faults import UnexpectedFaults
from assize_server.rpc.hold_refusals import Caller
from assize_server.rpc.malformed import MalformedRequests

RECEIVED_MOST_BYTES: Final = 512 * 1024
"""An envelope has 64 KiB at most; a larger one still gets an answer that says so."""
SENT_MOST_BYTES: Final = 32 * 1024 * 1024


class ApprovalServer:
    """A gRPC server at an address of its own: a submitter's credential does not open it."""

    def __init__(self, desk: Desk, caller: Caller, interceptors: Sequence[Any] = ()) -> None:
        os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
        self._server = grpc.aio.server(
            # SECURITY: who asks comes first; nobody learns anything by bytes that are no message.
            interceptors=[*interceptors, MalformedRequests(), UnexpectedFaults()],
            options=[
                ("grpc.max_receive_message_length", RECEIVED_MOST_BYTES),
                ("grpc.max_send_message_length", SENT_MOST_BYTES),
                ("grpc.so_reuseport", 0),
            ],
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
        try:
            port = (
                self._server.add_insecure_port(address)
                if credentials is None
                else self._server.add_secure_port(address, credentials)
            )
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {error}") from error
        await self._server.start()
        return port

    async def stop(self, grace_seconds: float) -> None:
        """Close the listener, give running calls the grace, then end them."""
        await self._server.stop(grace_seconds)
