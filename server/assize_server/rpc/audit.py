"""`assize.v1.AuditService`: pages of the log, signed states, proofs."""

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from sqlalchemy import Connection

from assize.audit.entries import EntryKind
from assize.errors import FieldViolation, ReasonCode
from assize.v1 import audit_pb2, audit_pb2_grpc
from assize_server.attestation.keys import ServiceKeys
from assize_server.audit.log import (
    PAGE_MOST,
    LogBroken,
    Stored,
    prove_consistency,
    prove_inclusion,
    read,
    size,
)
from assize_server.audit.signing import sign_head
from assize_server.rpc.refusal import refuse, refuse_fields
from assize_server.store.database import Database

T = TypeVar("T")
INDEX_MOST = 2**62
"""Above what a log can have and what the database can hold."""


class AuditService(audit_pb2_grpc.AuditServiceServicer):
    """Shows the log. It writes nothing but the states that it signs."""

    def __init__(self, database: Database, keys: ServiceKeys) -> None:
        self._database = database
        self._keys = keys

    async def ListEntries(  # noqa: N802 - the name is the API's
        self, request: audit_pb2.ListEntriesRequest, context: Any
    ) -> audit_pb2.ListEntriesResponse:
        """Answer with a page of the log."""
        kinds = await _kinds(request, context)
        start, limit = min(request.start, INDEX_MOST), request.limit or PAGE_MOST

        def page(connection: Connection) -> tuple[tuple[Stored, ...], int]:
            return read(connection, start, limit, kinds), size(connection)

        entries, count = await self._database.read(page)
        return audit_pb2.ListEntriesResponse(entries=map(_entry, entries), size=count)

    async def GetCheckpoint(  # noqa: N802
        self, request: audit_pb2.GetCheckpointRequest, context: Any
    ) -> audit_pb2.GetCheckpointResponse:
        """Answer with a signed state."""
        at = request.size if request.HasField("size") else None
        made = await _found(
            context, self._database.write, lambda each: sign_head(each, self._keys, at)
        )
        return audit_pb2.GetCheckpointResponse(note=made.note)

    async def ProveInclusion(  # noqa: N802
        self, request: audit_pb2.ProveInclusionRequest, context: Any
    ) -> audit_pb2.ProveInclusionResponse:
        """Answer with an entry and its path to the root."""

        def prove(connection: Connection) -> tuple[Stored, tuple[bytes, ...]]:
            proof = prove_inclusion(connection, request.index, request.size)
            found = read(connection, request.index, 1)
            if not found or found[0].index != request.index:
                raise LogBroken(f"the audit log lacks entry {request.index}")
            return found[0], proof

        entry, proof = await _found(context, self._database.read, prove)
        return audit_pb2.ProveInclusionResponse(entry=_entry(entry), proof=proof)

    async def ProveConsistency(  # noqa: N802
        self, request: audit_pb2.ProveConsistencyRequest, context: Any
    ) -> audit_pb2.ProveConsistencyResponse:
        """Answer with what shows that one state continues another."""
        proof = await _found(
            context,
            self._database.read,
            lambda each: prove_consistency(each, request.old_size, request.new_size),
        )
        return audit_pb2.ProveConsistencyResponse(proof=proof)


def _entry(stored: Stored) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(index=stored.index, leaf=stored.leaf)


async def _kinds(request: audit_pb2.ListEntriesRequest, context: Any) -> list[EntryKind]:
    known = {kind.value for kind in EntryKind}
    unknown = sorted(set(request.kinds) - known)
    if unknown:
        text = f"there is no kind {unknown[0]!r:.60}; known are {', '.join(sorted(known))}"
        await refuse_fields(context, [FieldViolation("kinds", text)])
    return [EntryKind(each) for each in dict.fromkeys(request.kinds)]


async def _found(context: Any, run: Any, act: Callable[[Connection], T]) -> T:
    """Return what `act` finds; what is not there is NOT_FOUND, a log that is broken DATA_LOSS."""
    try:
        found: T = await run(act)
    except ValueError as error:
        await refuse(context, grpc.StatusCode.NOT_FOUND, ReasonCode.NO_SUCH_ENTRY, str(error))
    except LogBroken as error:
        await refuse(context, grpc.StatusCode.DATA_LOSS, ReasonCode.LOG_BROKEN, str(error))
    return found
