"""A service whose answers the test chooses; a real gRPC server takes it in."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import (  # type: ignore[import-untyped,unused-ignore]
    code_pb2,
    error_details_pb2,
    status_pb2,
)
from grpc_health.v1 import health
from grpc_status import rpc_status

from assize.convert.answers import event_to_proto, verdict_to_proto
from assize.errors import ERROR_DOMAIN
from assize.model.events import Admitted, Event, StageStarted
from assize.model.verdict import Status, Verdict
from assize.v1 import (
    policy_pb2,
    policy_pb2_grpc,
    verification_pb2,
    verification_pb2_grpc,
)

PASSED = Verdict("v1", Status.PASSED, "all checks passed", "default", "abc")
MOST_WAIT_SECONDS = 30


class FakeService(
    verification_pb2_grpc.VerificationServiceServicer, policy_pb2_grpc.PolicyServiceServicer
):
    """Answers `verdict`, or refuses with `refusal`, or hangs until the caller leaves."""

    def __init__(self) -> None:
        self.address = ""
        self.verdict: Verdict | None = PASSED
        self.refusal: grpc.Status | None = None
        self.hangs = False
        self.requests: list[verification_pb2.VerifyRequest] = []
        self.began, self.ended = threading.Event(), threading.Event()
        self.health = health.HealthServicer()

    def refuse(self, code: grpc.StatusCode, message: str, *details: Message) -> None:
        """Refuse every call with this code and these rich details."""
        status = status_pb2.Status(code=getattr(code_pb2, code.name), message=message)
        for detail in details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        self.refusal = rpc_status.to_status(status)

    def refuse_because(
        self, code: grpc.StatusCode, reason: str, message: str, *details: Message
    ) -> None:
        """Refuse every call with this code and a reason of ours."""
        info = error_details_pb2.ErrorInfo(reason=reason, domain=ERROR_DOMAIN)
        self.refuse(code, message, info, *details)

    def wait_until_left(self) -> bool:
        """Wait until a call that hung has ended."""
        return self.ended.wait(MOST_WAIT_SECONDS)

    def Verify(self, request: Any, context: Any) -> verification_pb2.VerifyResponse:  # noqa: N802
        """Answer as told."""
        context.add_callback(self.ended.set)
        self._begin(request, context)
        if self.verdict is None:
            return verification_pb2.VerifyResponse()
        return verification_pb2.VerifyResponse(verdict=verdict_to_proto(self.verdict))

    def GetVerdict(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer as told."""
        self._begin(request, context)
        if self.verdict is None:
            return verification_pb2.GetVerdictResponse()
        return verification_pb2.GetVerdictResponse(verdict=verdict_to_proto(self.verdict))

    def StreamVerify(  # noqa: N802
        self, request: Any, context: Any
    ) -> Iterator[verification_pb2.StreamVerifyResponse]:
        """Answer as told, after two events and one of a newer kind."""
        context.add_callback(self.ended.set)
        events: Sequence[Event] = (Admitted("v1", "default", "abc"), StageStarted("execute"))
        for sequence, event in enumerate(events, 1):
            yield event_to_proto(event, sequence)
        yield verification_pb2.StreamVerifyResponse(sequence=3)
        self._begin(request.request, context)
        if self.verdict is not None:
            yield event_to_proto(self.verdict, 4)

    def ListPolicies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer with one policy."""
        return policy_pb2.ListPoliciesResponse(policies=[self._summary()])

    def GetPolicy(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer with one policy, or refuse."""
        if self.refusal is not None:
            context.abort_with_status(self.refusal)
        return policy_pb2.GetPolicyResponse(policy=self._summary(), source="name: default\n")

    def ExplainEffect(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer nothing."""
        return policy_pb2.ExplainEffectResponse()

    def EvaluateEffects(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer nothing."""
        return policy_pb2.EvaluateEffectsResponse()

    def ReloadPolicies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer nothing."""
        return policy_pb2.ReloadPoliciesResponse()

    def _summary(self) -> policy_pb2.PolicySummary:
        return policy_pb2.PolicySummary(
            name="default", digest="abc", owner="security", description="for most"
        )

    def _begin(self, request: verification_pb2.VerifyRequest, context: Any) -> None:
        self.requests.append(request)
        self.began.set()
        if self.hangs:
            self.wait_until_left()
        if self.refusal is not None:
            context.abort_with_status(self.refusal)
