"""The client for threads and scripts. `assize.aio` has the same for asyncio."""

from collections.abc import Generator, Sequence
from typing import Final

import grpc

from assize.channels import ChannelOwner, open_channel
from assize.convert.answers import event_from_proto, verdict_from_proto
from assize.convert.candidates import CandidatesRequest, candidates_event_from_proto
from assize.convert.holds import summary_from_proto as hold_from_proto
from assize.convert.policies import (
    PolicySummary,
    PolicyText,
    policy_from_proto,
    summary_from_proto,
)
from assize.convert.requests import VerificationRequest
from assize.errors import DeadlineExceeded, ServiceFailure, Unavailable
from assize.model.approvals import HoldSummary
from assize.model.candidates import CandidatesEvent
from assize.model.events import Event
from assize.model.spec import Spec
from assize.model.submission import RequestedLimits, Submission, WorkspaceUse
from assize.model.verdict import Verdict
from assize.status import error_from_rpc, told_as_assize_errors
from assize.v1 import (
    candidates_pb2,
    candidates_pb2_grpc,
    hold_pb2,
    hold_pb2_grpc,
    policy_pb2,
    policy_pb2_grpc,
    verification_pb2,
    verification_pb2_grpc,
)
from assize.wire import (
    DEFAULT_TIMEOUT_SECONDS,
    HEALTH_METHOD,
    ChannelOptions,
    HealthAnswer,
    HealthRequest,
    candidates_message,
    health_timeout_seconds,
    is_serving,
    request_message,
)

_NO_LIMITS: Final = RequestedLimits()


class Client(ChannelOwner):
    """Asks one service. May be shared by threads; a context manager that closes the channel.

    Nothing is ever asked twice: after `Unavailable` and `ServiceFailure` the caller decides.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_seconds: float | None = DEFAULT_TIMEOUT_SECONDS,
        token: str = "",
        credentials: grpc.ChannelCredentials | None = None,
        options: ChannelOptions = (),
    ) -> None:
        """Prepare to ask the service at `host:port` or `unix:///path`; nothing is sent yet.

        `timeout_seconds` is the deadline of each call, None for none. `token` says who calls.
        Without `credentials` the channel is not encrypted.

        Raises:
            AccessDenied: The token would go out in the clear.
        """
        self._timeout_seconds = timeout_seconds
        super().__init__(
            open_channel(address, token=token, credentials=credentials, options=options)
        )
        self._verification = verification_pb2_grpc.VerificationServiceStub(self._channel)
        self._candidates = candidates_pb2_grpc.CandidateServiceStub(self._channel)
        self._holds = hold_pb2_grpc.HoldServiceStub(self._channel)
        self._policies = policy_pb2_grpc.PolicyServiceStub(self._channel)

    def verify(
        self,
        submission: Submission,
        spec: Spec,
        policy: str = "",
        limits: RequestedLimits = _NO_LIMITS,
        request_id: str = "",
        workspace: WorkspaceUse | None = None,
    ) -> Verdict:
        """Have code judged and return the verdict. Leaving by an exception stops the run.

        An empty `policy` is the service's default one. The same `request_id` with the same content
        is judged once. `workspace` is what the code runs over; its effects are committed, held or
        discarded as the policy says.

        Raises:
            AssizeError: There is no verdict; see `assize.errors` for what each kind means.
        """
        request = VerificationRequest(submission, spec, policy, limits, request_id, workspace)
        call = self._verification.Verify.future(
            request_message(request), timeout=self._timeout_seconds
        )
        try:
            with told_as_assize_errors():
                return verdict_from_proto(call.result().verdict)
        finally:
            # Does nothing to a call that has ended.
            call.cancel()

    def verdict(self, verification_id: str) -> Verdict:
        """Return the verdict that was given; of a held run, what is known by now.

        Raises:
            NotFound: There is none of that id for this caller.
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._verification.GetVerdict(
                verification_pb2.GetVerdictRequest(verification_id=verification_id),
                timeout=self._timeout_seconds,
            )
        return verdict_from_proto(answer.verdict)

    def watch_hold(self, hold_id: str) -> Generator[HoldSummary]:
        """Yield where a hold of one's own run stands, at once and with every change, to its end.

        Raises:
            NotFound: There is none of that id for this caller.
            AssizeError: There is no answer.
        """
        call = self._holds.WatchHoldStatus(hold_pb2.WatchHoldStatusRequest(hold_id=hold_id))
        try:
            with told_as_assize_errors():
                for answer in call:
                    yield hold_from_proto(answer.hold)
        finally:
            call.cancel()

    def stream(
        self,
        submission: Submission,
        spec: Spec,
        policy: str = "",
        limits: RequestedLimits = _NO_LIMITS,
        request_id: str = "",
        workspace: WorkspaceUse | None = None,
    ) -> Generator[Event]:
        """Have code judged and yield what happens, the verdict last.

        The call starts with the first event asked for. Closing the generator stops the run.

        Raises:
            AssizeError: There is no verdict; see `assize.errors` for what each kind means.
        """
        request = VerificationRequest(submission, spec, policy, limits, request_id, workspace)
        return self._events(request_message(request))

    def verify_candidates(
        self,
        candidates: Sequence[Submission],
        spec: Spec,
        *,
        k: Sequence[int] = (),
        repetitions: int = 1,
        policy: str = "",
        limits: RequestedLimits = _NO_LIMITS,
    ) -> Generator[CandidatesEvent]:
        """Have several candidates judged; yield each verdict as it comes, the summary last.

        Closing the generator stops the runs.

        Raises:
            AssizeError: The request is at fault, or the service failed.
        """
        request = CandidatesRequest(candidates, spec, policy, limits, k, repetitions)
        return self._candidates_events(candidates_message(request))

    def policies(self) -> tuple[PolicySummary, ...]:
        """Return the policies that the service judges by, in order of name.

        Raises:
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._policies.ListPolicies(
                policy_pb2.ListPoliciesRequest(), timeout=self._timeout_seconds
            )
        return tuple(summary_from_proto(each) for each in answer.policies)

    def policy(self, name: str = "") -> PolicyText:
        """Return one policy as it was written; an empty name is the default one.

        Raises:
            NotFound: No policy of that name is loaded.
            AssizeError: There is no answer.
        """
        with told_as_assize_errors():
            answer = self._policies.GetPolicy(
                policy_pb2.GetPolicyRequest(name=name), timeout=self._timeout_seconds
            )
        return policy_from_proto(answer)

    def healthy(self) -> bool:
        """Tell whether a service answers there and takes requests.

        Raises:
            AssizeError: Something answers that does not tell its health.
        """
        ask = self._channel.unary_unary(
            HEALTH_METHOD,
            request_serializer=HealthRequest.SerializeToString,
            response_deserializer=HealthAnswer.FromString,
        )
        try:
            with told_as_assize_errors():
                timeout_seconds = health_timeout_seconds(self._timeout_seconds)
                return is_serving(ask(HealthRequest(), timeout=timeout_seconds))
        except (Unavailable, DeadlineExceeded):
            return False

    def _candidates_events(
        self, message: candidates_pb2.VerifyCandidatesRequest
    ) -> Generator[CandidatesEvent]:
        call = self._candidates.VerifyCandidates(message, timeout=self._timeout_seconds)
        try:
            with told_as_assize_errors():
                for answer in call:
                    event = candidates_event_from_proto(answer)
                    if event is not None:
                        yield event
        finally:
            call.cancel()

    def _events(self, message: verification_pb2.VerifyRequest) -> Generator[Event]:
        request = verification_pb2.StreamVerifyRequest(request=message)
        call = self._verification.StreamVerify(request, timeout=self._timeout_seconds)
        judged = False
        try:
            for answer in call:
                event = event_from_proto(answer)
                judged = judged or isinstance(event, Verdict)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            # Whatever breaks after the verdict takes nothing from it.
            if not judged:
                raise error_from_rpc(error) from error
        finally:
            call.cancel()
        if not judged:
            raise ServiceFailure("the service ended the stream without a verdict")
