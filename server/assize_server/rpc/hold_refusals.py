"""How refused tokens, and holds that are not there, become gRPC statuses; who a caller is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any, Final

import grpc

from assize.approvals.refusals import RefusalCode, Refused
from assize_server.approvals.errors import UnknownGrant, UnknownHold
from assize_server.rpc.refusal import Context, refuse

Caller = Callable[[Any], Awaitable[str] | str]
"""Tells who calls, from the credential and nothing else; refuses the call of nobody."""

_FORBIDDEN: Final = frozenset(
    {
        RefusalCode.UNKNOWN_KEY,
        RefusalCode.REVOKED_KEY,
        RefusalCode.BAD_SIGNATURE,
        RefusalCode.SUBMITTER,
        RefusalCode.NOT_IN_GROUP,
    }
)
_INVALID: Final = frozenset(
    {
        RefusalCode.TOO_LARGE_TOKEN,
        RefusalCode.MALFORMED_TOKEN,
        RefusalCode.WRONG_PAYLOAD_TYPE,
        RefusalCode.WRONG_PREDICATE,
        RefusalCode.REASON_MISSING,
        RefusalCode.TOO_WIDE,
    }
)


async def named(caller: Caller, context: Any) -> str:
    """Return who calls."""
    found = caller(context)
    return await found if isawaitable(found) else found


@asynccontextmanager
async def told_as_statuses(context: Context) -> AsyncIterator[None]:
    """End the call with the status of what is raised inside."""
    try:
        yield
    except Refused as error:
        await refuse(context, _status(error.code), error.code, str(error))
    except UnknownHold as error:
        await refuse(context, grpc.StatusCode.NOT_FOUND, RefusalCode.UNKNOWN_HOLD, str(error))
    except UnknownGrant as error:
        await refuse(context, grpc.StatusCode.NOT_FOUND, RefusalCode.UNKNOWN_GRANT, str(error))


def _status(code: RefusalCode) -> grpc.StatusCode:
    if code in _FORBIDDEN:
        return grpc.StatusCode.PERMISSION_DENIED
    if code in _INVALID:
        return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.FAILED_PRECONDITION
