"""What both clients put on a channel: its options, the request, and the health question."""

from collections.abc import Sequence
from typing import Any, Final

from google.protobuf import wrappers_pb2

from assize.convert.candidates import CandidatesRequest, candidates_request_to_proto
from assize.convert.requests import VerificationRequest, request_to_proto
from assize.errors import FieldViolation, InvalidRequest, ReasonCode
from assize.v1 import candidates_pb2, verification_pb2

MESSAGE_MOST_BYTES: Final = 32 * 1024 * 1024
"""The largest message either way; the service's own limit."""
DEFAULT_TIMEOUT_SECONDS: Final = 300.0
"""Deadline of a verification: far above any policy's limits, so that a dead link does end."""
HEALTH_TIMEOUT_SECONDS: Final = 5.0

HEALTH_METHOD: Final = "/grpc.health.v1.Health/Check"
# The health messages hold one field each, which these two have as well. The package with the real
# ones is needed by the service only.
HealthRequest = wrappers_pb2.StringValue
HealthAnswer = wrappers_pb2.Int32Value
_SERVING: Final = 1

ChannelOptions = Sequence[tuple[str, Any]]
"""gRPC channel arguments, such as `("grpc.keepalive_time_ms", 30_000)`."""


def channel_options(chosen: ChannelOptions) -> list[tuple[str, Any]]:
    """Return the options of a channel; those that the caller chose win."""
    ours: dict[str, Any] = {
        "grpc.max_send_message_length": MESSAGE_MOST_BYTES,
        "grpc.max_receive_message_length": MESSAGE_MOST_BYTES,
        # INVARIANT: code is never run again unless the caller asks for it.
        "grpc.enable_retries": 0,
    }
    return list((ours | dict(chosen)).items())


def request_message(request: VerificationRequest) -> verification_pb2.VerifyRequest:
    """Return the message of a request.

    Raises:
        InvalidRequest: A value does not fit its field, or the whole is too large to send.
    """
    message = request_to_proto(request)
    _refuse_too_large(message.ByteSize(), "submission")
    return message


def candidates_message(request: CandidatesRequest) -> candidates_pb2.VerifyCandidatesRequest:
    """Return the message of a request for several candidates.

    Raises:
        InvalidRequest: A value does not fit its field, or the whole is too large to send.
    """
    message = candidates_request_to_proto(request)
    _refuse_too_large(message.ByteSize(), "candidates")
    return message


def _refuse_too_large(size_bytes: int, field: str) -> None:
    if size_bytes <= MESSAGE_MOST_BYTES:
        return
    text = f"{size_bytes} bytes, at most {MESSAGE_MOST_BYTES} can be sent; leave files out"
    violation = FieldViolation(field, text)
    raise InvalidRequest(f"{field}: {text}", reason=ReasonCode.TOO_LARGE, violations=[violation])


def is_serving(answer: wrappers_pb2.Int32Value) -> bool:
    """Tell whether the service takes requests."""
    return answer.value == _SERVING


def health_timeout_seconds(timeout_seconds: float | None) -> float:
    """Return how long to wait for word of the service's health."""
    return min(timeout_seconds or HEALTH_TIMEOUT_SECONDS, HEALTH_TIMEOUT_SECONDS)
