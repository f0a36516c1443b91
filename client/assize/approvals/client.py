"""The client of `ApprovalService`, for approvers' tools. Blocking."""

from collections.abc import Generator, Sequence

import grpc

from assize.channels import CALL_SECONDS, ChannelOwner, open_channel
from assize.convert.approvals import (
    bundle_from_proto,
    grant_from_proto,
    stats_from_proto,
    status_from_proto,
)
from assize.convert.holds import state_to_proto, summary_from_proto
from assize.model.approvals import (
    Bundle,
    GrantRecord,
    HoldState,
    HoldStats,
    HoldStatus,
    HoldSummary,
)
from assize.status import told_as_assize_errors
from assize.v1 import approval_pb2, approval_pb2_grpc


class ApprovalClient(ChannelOwner):
    """Asks one approval service. A context manager that closes the channel.

    Nothing is ever asked twice. A decision that was sent again is refused as recorded.
    """

    def __init__(
        self,
        address: str,
        token: str = "",
        *,
        credentials: grpc.ChannelCredentials | None = None,
        timeout_seconds: float = CALL_SECONDS,
    ) -> None:
        """Prepare to ask the service at `host:port` or `unix:///path`; nothing is sent yet.

        `token` is the approver's credential. Without `credentials` the channel is not encrypted,
        and takes no token to another machine.

        Raises:
            AccessDenied: The token would go out in the clear.
        """
        super().__init__(open_channel(address, token=token, credentials=credentials))
        self._timeout_seconds = timeout_seconds
        self._stub = approval_pb2_grpc.ApprovalServiceStub(self._channel)

    def holds(self, states: Sequence[HoldState] = ()) -> tuple[HoldSummary, ...]:
        """Return holds, those that end first at the top; of the states, if any are given.

        Raises:
            AssizeError: There is no answer.
        """
        request = approval_pb2.ListHoldsRequest(states=map(state_to_proto, states))
        with told_as_assize_errors():
            answer = self._stub.ListHolds(request, timeout=self._timeout_seconds)
        return tuple(map(summary_from_proto, answer.holds))

    def hold(self, hold_id: str) -> tuple[Bundle, HoldStatus]:
        """Return all that a decision is about, and where the hold stands.

        Raises:
            NotFound: There is none of that id.
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._stub.GetHold(
                approval_pb2.GetHoldRequest(hold_id=hold_id), timeout=self._timeout_seconds
            )
        return bundle_from_proto(answer)

    def watch(self, after: int = 0) -> Generator[HoldSummary]:
        """Yield every hold that changes after a sequence number, without end.

        Closing the generator ends the call.

        Raises:
            AssizeError: The connection broke; go on after the last one seen.
        """
        request = approval_pb2.WatchHoldsRequest(after=after)
        call = self._stub.WatchHolds(request)
        try:
            with told_as_assize_errors():
                for answer in call:
                    yield summary_from_proto(answer.hold)
        finally:
            call.cancel()

    def submit(self, envelope: bytes) -> tuple[str, HoldStatus]:
        """Send a signed decision; return the hold's id and where it stands now.

        Raises:
            AccessDenied: The signer may not decide this.
            InvalidRequest: The decision does not count; `reason` says why.
            AssizeError: There is no answer; ask with `hold` what became of it.
        """
        with told_as_assize_errors():
            answer = self._stub.SubmitDecision(
                approval_pb2.SubmitDecisionRequest(envelope=envelope), timeout=self._timeout_seconds
            )
        return answer.hold_id, status_from_proto(answer.status)

    def submit_grant(self, envelope: bytes) -> GrantRecord:
        """Send a signed grant.

        Raises:
            AccessDenied: The signer may not give it.
            InvalidRequest: It may not be given; `reason` says why.
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._stub.SubmitGrant(
                approval_pb2.SubmitGrantRequest(envelope=envelope), timeout=self._timeout_seconds
            )
        return grant_from_proto(answer.grant)

    def grants(self, *, every: bool = False) -> tuple[GrantRecord, ...]:
        """Return the grants that are active, or every one.

        Raises:
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._stub.ListGrants(
                approval_pb2.ListGrantsRequest(all=every), timeout=self._timeout_seconds
            )
        return tuple(map(grant_from_proto, answer.grants))

    def revoke_grant(self, grant_id: str) -> GrantRecord:
        """End a grant.

        Raises:
            NotFound: There is none of that id.
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._stub.RevokeGrant(
                approval_pb2.RevokeGrantRequest(grant_id=grant_id), timeout=self._timeout_seconds
            )
        return grant_from_proto(answer.grant)

    def stats(self) -> HoldStats:
        """Return how holds ended.

        Raises:
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._stub.HoldStats(
                approval_pb2.HoldStatsRequest(), timeout=self._timeout_seconds
            )
        return stats_from_proto(answer)
