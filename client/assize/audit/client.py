"""The client of the audit log and of attestations. What it returns is not verified yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from assize.channels import CALL_SECONDS, ChannelOwner, open_channel
from assize.errors import MalformedAnswer
from assize.status import told_as_assize_errors
from assize.v1 import attestation_pb2, attestation_pb2_grpc, audit_pb2, audit_pb2_grpc

PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as the service gave it."""

    index: int
    """Its place, from 0 on."""
    leaf: bytes
    """Its bytes, see `assize.audit.entries`."""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A public key of the service, as it tells it. Pin keys; do not fetch them to verify."""

    id: str
    """SHA-256 of the key's bytes, in hex."""
    pem: str
    """The key, PEM."""
    since_ms: int
    """When it was made, in milliseconds since 1970."""
    until_ms: int | None
    """When another took its place; None: it signs now."""


class AuditClient(ChannelOwner):
    """Reads one service's log. A context manager that closes the channel."""

    def __init__(
        self,
        address: str,
        *,
        token: str = "",
        timeout_seconds: float | None = CALL_SECONDS,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """Prepare to ask the service at `host:port` or `unix:///path`; nothing is sent yet.

        Raises:
            AccessDenied: The token would go out in the clear.
        """
        self._timeout_seconds = timeout_seconds
        super().__init__(open_channel(address, token=token, credentials=credentials))
        self._audit = audit_pb2_grpc.AuditServiceStub(self._channel)
        self._attestation = attestation_pb2_grpc.AttestationServiceStub(self._channel)

    def entries(
        self, start: int = 0, end: int | None = None, kinds: Sequence[str] = ()
    ) -> Iterator[Listed]:
        """Yield the entries from `start` up to `end` (None: all there are), a page at a time.

        Raises:
            AssizeError: There is no answer, or entries come out of order.
        """
        at = start
        while end is None or at < end:
            page, size = self._page(at, kinds)
            for each in page:
                if each.index < at or (not kinds and each.index != at):
                    raise MalformedAnswer(f"entry {each.index} came where {at} should have")
                at = each.index + 1
                if end is not None and each.index >= end:
                    return
                yield each
            if not page or at >= size:
                return

    def size(self) -> int:
        """Return how many entries the service says there are.

        Raises:
            AssizeError: There is no answer.
        """
        return self._page(0, (), limit=1)[1]

    def checkpoint(self, size: int | None = None) -> str:
        """Return the signed note of the log as it is, or as it was with `size` entries.

        Raises:
            NotFound: The log has never had so many.
            AssizeError: There is no answer.
        """
        request = audit_pb2.GetCheckpointRequest(size=size)
        with told_as_assize_errors():
            answer = self._audit.GetCheckpoint(request, timeout=self._timeout_seconds)
        return answer.note

    def inclusion(self, index: int, size: int) -> tuple[bytes, tuple[bytes, ...]]:
        """Return entry `index` and its path to the root of the first `size` entries.

        Raises:
            NotFound: There is no such entry among them.
            AssizeError: There is no answer.
        """
        request = audit_pb2.ProveInclusionRequest(index=index, size=size)
        with told_as_assize_errors():
            answer = self._audit.ProveInclusion(request, timeout=self._timeout_seconds)
        return answer.entry.leaf, tuple(answer.proof)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return what shows that the log of `new` entries begins with that of `old`.

        Raises:
            NotFound: The log has never had so many.
            AssizeError: There is no answer.
        """
        request = audit_pb2.ProveConsistencyRequest(old_size=old, new_size=new)
        with told_as_assize_errors():
            answer = self._audit.ProveConsistency(request, timeout=self._timeout_seconds)
        return tuple(answer.proof)

    def attestation(self, verification_id: str) -> bytes:
        """Return the signed statement of a verification, for `assize.attest.verify`.

        Raises:
            NotFound: None is kept.
            AssizeError: There is no answer.
        """
        request = attestation_pb2.GetAttestationRequest(verification_id=verification_id)
        with told_as_assize_errors():
            answer = self._attestation.GetAttestation(request, timeout=self._timeout_seconds)
        return answer.envelope

    def service_keys(self) -> tuple[ServiceKey, ...]:
        """Return the service's public keys, the one that signs first.

        Raises:
            AssizeError: There is no answer.
        """
        request = attestation_pb2.ListKeysRequest()
        with told_as_assize_errors():
            answer = self._attestation.ListKeys(request, timeout=self._timeout_seconds)
        return tuple(
            ServiceKey(
                each.id,
                each.pem,
                each.since_ms,
                each.until_ms if each.HasField("until_ms") else None,
            )
            for each in answer.keys
        )

    def _page(
        self, start: int, kinds: Sequence[str], limit: int = PAGE
    ) -> tuple[tuple[Listed, ...], int]:
        request = audit_pb2.ListEntriesRequest(start=start, limit=limit, kinds=kinds)
        with told_as_assize_errors():
            answer = self._audit.ListEntries(request, timeout=self._timeout_seconds)
        return tuple(Listed(each.index, each.leaf) for each in answer.entries), answer.size
