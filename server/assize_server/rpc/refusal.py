"""The one place that turns our errors into gRPC statuses.

Each carries a stable reason code (`google.rpc.ErrorInfo`, domain `assize.dev`); bad requests also
name the fields at fault, and refusals for want of room say when to try again.

All of it travels in trailers, and stock clients drop a call whose trailers are over 8 KiB. So every
text is cut, and of many violations only the first ones are told.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NoReturn, Protocol

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from assize.errors import ERROR_DOMAIN, FieldViolation, ReasonCode
from assize_server.execution.job import Draining, Saturated
from assize_server.rpc.admission import UnknownPolicy, UnknownWorkspace

TEXT_MOST_BYTES: Final = 600
"""One message or description. In the header of a message a byte may take three."""
CUT: Final = " ..."
VIOLATIONS_MOST_BYTES: Final = 3000
"""All the violations told, before base64 makes them a third longer."""


class Context(Protocol):
    """The part of a gRPC call's context that we use."""

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call."""
        ...


async def refuse(
    context: Context,
    code: grpc.StatusCode,
    reason: StrEnum,
    message: str,
    details: Sequence[Message] = (),
) -> NoReturn:
    """End the call with a rich error; `reason` is of a closed list, such as `ReasonCode`."""
    info = error_details_pb2.ErrorInfo(reason=reason.value, domain=ERROR_DOMAIN)
    status = status_pb2.Status(code=getattr(code_pb2, code.name), message=cut(message))
    for detail in (info, *details):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort_with_status(rpc_status.to_status(status))


async def refuse_fields(
    context: Context,
    violations: Sequence[FieldViolation],
    reason: ReasonCode = ReasonCode.INVALID_REQUEST,
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT,
) -> NoReturn:
    """End the call naming each field at fault; the message tells the first."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    message = cut(f"{first.field}: {first.description}", TEXT_MOST_BYTES - len(more)) + more
    bad = error_details_pb2.BadRequest(field_violations=fitting(violations))
    await refuse(context, code, reason, message, [bad])


def fitting(
    violations: Sequence[FieldViolation],
) -> Iterator[error_details_pb2.BadRequest.FieldViolation]:
    """Yield the violations that there is room for, at least one."""
    room = VIOLATIONS_MOST_BYTES
    for violation in violations:
        told = error_details_pb2.BadRequest.FieldViolation(
            field=cut(violation.field), description=cut(violation.description)
        )
        room -= told.ByteSize()
        if room < 0:
            return
        yield told


def cut(text: str, most_bytes: int = TEXT_MOST_BYTES) -> str:
    """Return the text, or its beginning if it is too long."""
    data = text.encode(errors="replace")
    if len(data) <= most_bytes:
        return text
    return data[: most_bytes - len(CUT.encode())].decode(errors="ignore") + CUT


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


async def refuse_policy(context: Context, error: UnknownPolicy) -> NoReturn:
    """End the call of somebody who names a policy that is not loaded."""
    await refuse_fields(
        context,
        [FieldViolation("policy", str(error))],
        ReasonCode.UNKNOWN_POLICY,
        grpc.StatusCode.NOT_FOUND,
    )


async def refuse_workspace(context: Context, error: UnknownWorkspace) -> NoReturn:
    """End the call of somebody who names a workspace or a snapshot that is not there."""
    await refuse_fields(
        context,
        [FieldViolation(error.field, str(error))],
        ReasonCode.UNKNOWN_WORKSPACE,
        grpc.StatusCode.NOT_FOUND,
    )
