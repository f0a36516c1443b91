"""Ends calls that fail in a way that nobody thought of, and tells the caller nothing of how.

Without this gRPC sends the text of the exception: paths of the host, statements of the database.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import grpc
import structlog

from assize.errors import ReasonCode
from assize_server.rpc.refusal import refuse

OURS: Final = "/assize."
TEXT: Final = "the service failed; its log says how"
_KINDS: Final = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")

_log = structlog.get_logger(__name__)


class UnexpectedFaults(grpc.aio.ServerInterceptor):  # type: ignore[misc,name-defined,unused-ignore]
    """Turns what handlers raise by mistake into INTERNAL, and writes it to the log."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the handlers of our services."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or not method.startswith(OURS):
            return handler
        kind = next(each for each in _KINDS if getattr(handler, each) is not None)
        wrap = _streaming if handler.response_streaming else _single
        # The handler is a named tuple, which its type stub does not say.
        return cast("Any", handler)._replace(**{kind: wrap(getattr(handler, kind), method)})


def _single(inner: Any, method: str) -> Any:
    async def answer(request: object, context: Any) -> object:
        async with _told(context, method):
            return await inner(request, context)

    return answer


def _streaming(inner: Any, method: str) -> Any:
    async def answer(request: object, context: Any) -> Any:
        async with _told(context, method):
            async for response in inner(request, context):
                yield response

    return answer


@asynccontextmanager
async def _told(context: Any, method: str) -> AsyncIterator[None]:
    try:
        yield
    except grpc.aio.AbortError:
        # The call was ended on purpose.
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the log's
        _log.error("call_failed", method=method, error=type(error).__name__, exc_info=True)
        await refuse(context, grpc.StatusCode.INTERNAL, ReasonCode.INTERNAL, TEXT)
