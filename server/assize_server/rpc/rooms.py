"""The services of what is remembered: workspaces, holds, the audit log, attestations."""

from dataclasses import dataclass
from typing import Final

import grpc

from assize.model.callers import Role
from assize.model.verdict import Isolation, Verdict
from assize.v1 import (
    attestation_pb2,
    attestation_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    hold_pb2,
    hold_pb2_grpc,
    workspace_pb2,
    workspace_pb2_grpc,
)
from assize_server.access.callers import current_caller
from assize_server.access.credentials import Credentials
from assize_server.approvals.desk import Desk
from assize_server.landing.comparing import TreeEffects
from assize_server.landing.pins import Pins
from assize_server.ledger import verdicts
from assize_server.rpc.attestations import AttestationService
from assize_server.rpc.audit import AuditService
from assize_server.rpc.holds import HoldService
from assize_server.rpc.workspaces import WorkspaceService
from assize_server.state import State

NAMES: Final = (
    workspace_pb2.DESCRIPTOR.services_by_name["WorkspaceService"].full_name,
    hold_pb2.DESCRIPTOR.services_by_name["HoldService"].full_name,
    audit_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name,
    attestation_pb2.DESCRIPTOR.services_by_name["AttestationService"].full_name,
)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the services are made of."""

    state: State
    desk: Desk
    pins: Pins
    effects: TreeEffects
    isolation: Isolation | None
    """What holds code here; None: policies ask for nothing."""
    credentials: Credentials | None = None
    """Who may call; None: whoever reaches the listener, as `anonymous`."""

    async def verdict(self, verification_id: str) -> tuple[str, Verdict] | None:
        """Return who submitted a verification, and its verdict."""
        return await self.state.database.read(
            lambda connection: verdicts.find(connection, verification_id)
        )

    async def may_read(self, verification_id: str) -> bool:
        """Tell whether the caller may read what is told of a verification."""
        caller = current_caller()
        if caller.role is not Role.SUBMITTER:
            return True
        found = await self.verdict(verification_id)
        return found is not None and found[0] == caller.name


def caller_name(_context: object = None) -> str:
    """Return who calls, as the credential says."""
    return current_caller().name


def add_rooms(server: grpc.aio.Server, rooms: Rooms) -> tuple[str, ...]:
    """Have a server answer for the rooms; return the names of their services."""
    state = rooms.state
    workspace_pb2_grpc.add_WorkspaceServiceServicer_to_server(
        WorkspaceService(state.workspaces, rooms.effects, caller_name), server
    )
    hold_pb2_grpc.add_HoldServiceServicer_to_server(HoldService(rooms.desk, caller_name), server)
    audit_pb2_grpc.add_AuditServiceServicer_to_server(
        AuditService(state.database, state.keys), server
    )
    attestation_pb2_grpc.add_AttestationServiceServicer_to_server(
        AttestationService(state.database, state.keys, rooms.may_read), server
    )
    return NAMES
