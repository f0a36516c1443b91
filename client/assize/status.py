"""From the gRPC status of a failed call to the errors of `assize.errors`.

The service's rich details (`google.rpc.ErrorInfo`, `BadRequest`, `RetryInfo`) are read where they
are there and well formed. A proxy on the way has none; then the code alone decides.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2  # type: ignore[import-untyped,unused-ignore]
from grpc_status import rpc_status

from assize.errors import (
    ERROR_DOMAIN,
    AccessDenied,
    AssizeError,
    Cancelled,
    Conflict,
    DeadlineExceeded,
    FieldViolation,
    InvalidRequest,
    MalformedAnswer,
    NotFound,
    Overloaded,
    ReasonCode,
    ServiceFailure,
    Unavailable,
)

_SIZE_FAULT: Final = "larger than max"
_ANSWER_TOO_LARGE: Final = ("CLIENT: Received", "SERVER: Sent")
"""How gRPC's own messages begin when a message of the service is over the limit."""


@dataclass(frozen=True, slots=True)
class _Details:
    """What the service says beside code and message."""

    reason: str = ""
    violations: tuple[FieldViolation, ...] = ()
    retry_after_seconds: float | None = None


@contextmanager
def told_as_assize_errors() -> Iterator[None]:
    """Turn a failed call into an `AssizeError`.

    Raises:
        AssizeError: The call failed.
    """
    try:
        yield
    except grpc.RpcError as error:
        raise error_from_rpc(error) from error


def error_from_rpc(error: grpc.RpcError) -> AssizeError:
    """Return our error for one of gRPC's."""
    code, details = error.code(), _details(error)
    message, reason = error.details() or code.name, details.reason
    match code:
        case (
            grpc.StatusCode.INVALID_ARGUMENT
            | grpc.StatusCode.FAILED_PRECONDITION
            | grpc.StatusCode.OUT_OF_RANGE
            | grpc.StatusCode.ALREADY_EXISTS
        ):
            return InvalidRequest(message, reason=reason, violations=details.violations)
        case grpc.StatusCode.NOT_FOUND:
            return NotFound(message, reason=reason, violations=details.violations)
        case grpc.StatusCode.ABORTED:
            return Conflict(message, reason=reason, violations=details.violations)
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return AccessDenied(message, reason=reason)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return _exhausted(message, details)
        case grpc.StatusCode.UNAVAILABLE:
            told = message if reason else f"no service answers: {message}"
            return Unavailable(told, reason=reason)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded("no answer before the deadline; allow more time (--timeout)")
        case grpc.StatusCode.CANCELLED:
            return Cancelled(message, reason=reason)
        case grpc.StatusCode.UNIMPLEMENTED:
            return ServiceFailure(
                "no such call there: it is no Assize service, an older one, or the other of its "
                f"two addresses (approvers have their own): {message}"
            )
        case _:
            return ServiceFailure(f"{code.name}: {message}", reason=reason)


def _exhausted(message: str, details: _Details) -> AssizeError:
    if details.reason == ReasonCode.TOO_LARGE:
        return InvalidRequest(message, reason=details.reason, violations=details.violations)
    if details.reason or _SIZE_FAULT not in message:
        return Overloaded(
            message, reason=details.reason, retry_after_seconds=details.retry_after_seconds
        )
    if message.startswith(_ANSWER_TOO_LARGE):
        return MalformedAnswer(message)
    return InvalidRequest(message, reason=ReasonCode.TOO_LARGE)


def _details(error: grpc.RpcError) -> _Details:
    # An error of the network is read like one of the service: details that are malformed, or at
    # odds with the code, are as good as none.
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
        return _read(status.details) if status is not None else _Details()
    except (DecodeError, ValueError):
        return _Details()


def _read(details: Sequence[any_pb2.Any]) -> _Details:
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_after_seconds = None
    for detail in details:
        detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):
            retry_after_seconds = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return _Details(
        reason=info.reason if info.domain == ERROR_DOMAIN else "",
        violations=tuple(
            FieldViolation(each.field, each.description) for each in bad.field_violations
        ),
        retry_after_seconds=retry_after_seconds,
    )
