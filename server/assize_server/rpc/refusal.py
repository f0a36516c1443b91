"""The one place that turns our errors into gRPC statuses.

Each carries a stable reason code (`google.rpc.ErrorInfo`, domain `assize.dev`); bad requests also
name the fields at fault, and refusals for want of room say when to try again.
"""

from collections.abc import Sequence
from typing import NoReturn, Protocol

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from assize.errors import ERROR_DOMAIN, FieldViolation, ReasonCode
from assize_server.execution.job import Draining, Saturated


class Context(Protocol):
    """The part of a gRPC call's context that we use."""

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call."""
        ...


async def refuse(
    context: Context,
    code: grpc.StatusCode,
    reason: ReasonCode,
    message: str,
    details: Sequence[Message] = (),
) -> NoReturn:
    """End the call with a rich error."""
    info = error_details_pb2.ErrorInfo(reason=reason.value, domain=ERROR_DOMAIN)
    status = status_pb2.Status(code=getattr(code_pb2, code.name), message=message)
    for detail in (info, *details):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort_with_status(rpc_status.to_status(status))


async def refuse_fields(
    context: Context,
    violations: Sequence[FieldViolation],
    reason: ReasonCode = ReasonCode.INVALID_REQUEST,
) -> NoReturn:
    """End the call naming each field at fault; the message tells the first."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    bad = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=violation.field, description=violation.description
            )
            for violation in violations
        ]
    )
    message = f"{first.field}: {first.description}{more}"
    await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, reason, message, [bad])


async def refuse_for_room(context: Context, error: Saturated | Draining) -> NoReturn:
    """End the call of somebody who should come back later, or go elsewhere."""
    if isinstance(error, Draining):
        await refuse(context, grpc.StatusCode.UNAVAILABLE, ReasonCode.DRAINING, str(error))
    seconds = int(error.retry_seconds)
    nanos = int((error.retry_seconds - seconds) * 1e9)
    retry = error_details_pb2.RetryInfo(
        retry_delay=duration_pb2.Duration(seconds=seconds, nanos=nanos)
    )
    await refuse(
        context,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        ReasonCode.OVERLOADED,
        str(error),
        [retry],
    )
