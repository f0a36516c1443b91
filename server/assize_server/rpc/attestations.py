"""`assize.v1.AttestationService`: signed statements, and the keys that signed them."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from assize.errors import ReasonCode
from assize.v1 import attestation_pb2, attestation_pb2_grpc
from assize_server.attestation.keeping import kept
from assize_server.attestation.keys import KeyTimes, ServiceKeys
from assize_server.rpc.refusal import refuse
from assize_server.store.database import Database

MayRead = Callable[[str], Awaitable[bool]]
"""Tells whether the caller may read what is told of a verification."""


async def anybody(_verification_id: str) -> bool:
    """Let every caller read."""
    return True


class AttestationService(attestation_pb2_grpc.AttestationServiceServicer):
    """Gives out what was signed when the verdict was given; it signs nothing itself."""

    def __init__(self, database: Database, keys: ServiceKeys, may_read: MayRead = anybody) -> None:
        self._database = database
        self._keys = keys
        self._may_read = may_read

    async def GetAttestation(  # noqa: N802 - the name is the API's
        self, request: attestation_pb2.GetAttestationRequest, context: Any
    ) -> attestation_pb2.GetAttestationResponse:
        """Answer with the statement of a verification."""
        asked = request.verification_id
        # SECURITY: an id is no secret; a verdict is its submitter's, and the auditors'.
        allowed = await self._may_read(asked)
        envelope = await self._database.read(lambda connection: kept(connection, asked))
        if envelope is None or not allowed:
            text = f"no attestation of {asked!r:.80} is kept"
            await refuse(context, grpc.StatusCode.NOT_FOUND, ReasonCode.UNKNOWN_VERIFICATION, text)
        return attestation_pb2.GetAttestationResponse(envelope=envelope)

    async def ListKeys(  # noqa: N802
        self, request: attestation_pb2.ListKeysRequest, context: Any
    ) -> attestation_pb2.ListKeysResponse:
        """Answer with every public key."""
        keys = [_key(each) for each in self._keys.listed]
        return attestation_pb2.ListKeysResponse(keys=keys, origin=self._keys.origin)


def _key(each: KeyTimes) -> attestation_pb2.ServiceKey:
    return attestation_pb2.ServiceKey(
        id=each.key.id, pem=each.key.pem(), since_ms=each.since_ms, until_ms=each.until_ms
    )
