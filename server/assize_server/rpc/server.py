"""Puts the gRPC server together: our services, standard health, standard reflection."""

from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from assize.v1 import (
    candidates_pb2,
    candidates_pb2_grpc,
    policy_pb2,
    policy_pb2_grpc,
    verification_pb2,
    verification_pb2_grpc,
)
from assize_server.access.interceptor import Authentication, Rules
from assize_server.execution.job import Dispatcher
from assize_server.policies.load import PolicySet
from assize_server.rpc.candidates import CandidateService
from assize_server.rpc.listening import listen, made_server
from assize_server.rpc.policies import PolicyService
from assize_server.rpc.rooms import Rooms, add_rooms, caller_name
from assize_server.rpc.verification import VerificationService

MESSAGE_MOST_BYTES: Final = 32 * 1024 * 1024
"""Far above what admission takes, so that a large request gets an answer that names the limit."""
SERVICES: Final = (
    verification_pb2.DESCRIPTOR.services_by_name["VerificationService"].full_name,
    candidates_pb2.DESCRIPTOR.services_by_name["CandidateService"].full_name,
    policy_pb2.DESCRIPTOR.services_by_name["PolicyService"].full_name,
)


class RpcServer:
    """A gRPC server that can be drained."""

    def __init__(
        self, dispatcher: Dispatcher, policies: PolicySet, rooms: Rooms | None = None
    ) -> None:
        """Serve what is judged; with `rooms`, what is remembered, too."""
        self._server = made_server(
            [Authentication(Rules(None if rooms is None else rooms.credentials))],
            received_most_bytes=MESSAGE_MOST_BYTES,
            sent_most_bytes=MESSAGE_MOST_BYTES,
        )
        self._health = health.aio.HealthServicer()
        verification_pb2_grpc.add_VerificationServiceServicer_to_server(
            _verification(dispatcher, policies, rooms), self._server
        )
        candidates_pb2_grpc.add_CandidateServiceServicer_to_server(
            _candidates(dispatcher, policies, rooms), self._server
        )
        policy_pb2_grpc.add_PolicyServiceServicer_to_server(PolicyService(policies), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._services = SERVICES if rooms is None else (*SERVICES, *add_rooms(self._server, rooms))
        names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Listen on `host:port` or `unix:///path`, by TLS if there are credentials.

        Returns the port (0 for a socket).

        Raises:
            OSError: The address cannot be bound.
        """
        port = await listen(self._server, address, credentials)
        await self._tell_health(health_pb2.HealthCheckResponse.SERVING)
        return port

    async def stop_admitting(self) -> None:
        """Tell load balancers to go elsewhere; running calls go on."""
        await self._tell_health(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Close the listeners, give running calls the grace, then end them."""
        await self._server.stop(grace_seconds)

    async def _tell_health(self, status: int) -> None:
        for name in ("", *self._services):
            await self._health.set(name, status)


def _verification(
    dispatcher: Dispatcher, policies: PolicySet, rooms: Rooms | None
) -> VerificationService:
    if rooms is None:
        return VerificationService(dispatcher, policies)
    return VerificationService(
        dispatcher,
        policies,
        isolation=rooms.isolation,
        pin=rooms.pins.pin,
        caller=caller_name,
        verdicts=rooms.verdict,
    )


def _candidates(
    dispatcher: Dispatcher, policies: PolicySet, rooms: Rooms | None
) -> CandidateService:
    if rooms is None:
        return CandidateService(dispatcher, policies)
    return CandidateService(dispatcher, policies, isolation=rooms.isolation, caller=caller_name)
