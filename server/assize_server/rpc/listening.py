"""What both listeners share: how a gRPC server of ours is made and bound to an address."""

import os
from collections.abc import Sequence
from typing import Any

import grpc

from assize_server.rpc.faults import UnexpectedFaults
from assize_server.rpc.malformed import MalformedRequests


def made_server(
    authentication: Sequence[Any], *, received_most_bytes: int, sent_most_bytes: int
) -> grpc.aio.Server:
    """Return a server with nothing to serve yet, that asks who calls before anything else."""
    # Read when gRPC is first used. What it does at forks kills children of uvloop now and then:
    # uvloop forks to start a process, and no child of ours needs gRPC.
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
    return grpc.aio.server(
        # SECURITY: who asks comes first; nobody learns anything by bytes that are no message.
        interceptors=[*authentication, MalformedRequests(), UnexpectedFaults()],
        options=[
            ("grpc.max_receive_message_length", received_most_bytes),
            ("grpc.max_send_message_length", sent_most_bytes),
            # Two servers on one port would share its calls in silence.
            ("grpc.so_reuseport", 0),
        ],
    )


async def listen(
    server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None
) -> int:
    """Listen on `host:port` or `unix:///path`, by TLS if there are credentials.

    Returns the port (0 for a socket).

    Raises:
        OSError: The address cannot be bound.
    """
    try:
        port = (
            server.add_insecure_port(address)
            if credentials is None
            else server.add_secure_port(address, credentials)
        )
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: {error}") from error
    await server.start()
    return port
