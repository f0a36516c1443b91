"""Answers bytes that are not the message they should be.

Without this, a request that is not valid protobuf (a string field that is not UTF-8, say) ends as
INTERNAL, which sends the caller looking for a fault in the service.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError

from assize.errors import ReasonCode
from assize_server.rpc.refusal import refuse

if TYPE_CHECKING:
    # The class takes parameters in its stubs only.
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
else:
    Handler = grpc.RpcMethodHandler
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]


class _Malformed:
    """Stands for a request that could not be parsed."""


class MalformedRequests(grpc.aio.ServerInterceptor):  # type: ignore[misc,name-defined,unused-ignore]
    """Turns unparsable requests into INVALID_ARGUMENT."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Wrap the handlers whose request comes whole."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming or handler.request_deserializer is None:
            return handler
        parse = handler.request_deserializer

        def tolerant(data: bytes) -> object:
            try:
                return parse(data)
            except DecodeError:
                return _Malformed()

        # The handler is a named tuple, which its type stub does not say.
        replace = cast("Any", handler)._replace
        if handler.response_streaming:
            return replace(request_deserializer=tolerant, unary_stream=_stream(handler))
        return replace(request_deserializer=tolerant, unary_unary=_unary(handler))


def _unary(handler: Handler) -> Any:
    inner = cast("Any", handler).unary_unary

    async def answer(request: object, context: Any) -> object:
        if isinstance(request, _Malformed):
            await _refuse(context)
        return await inner(request, context)

    return answer


def _stream(handler: Handler) -> Any:
    inner = cast("Any", handler).unary_stream

    async def answer(request: object, context: Any) -> Any:
        if isinstance(request, _Malformed):
            await _refuse(context)
        async for response in inner(request, context):
            yield response

    return answer


async def _refuse(context: Any) -> None:
    await refuse(
        context,
        grpc.StatusCode.INVALID_ARGUMENT,
        ReasonCode.INVALID_REQUEST,
        "the request is not a valid message: every string field must be UTF-8",
    )
