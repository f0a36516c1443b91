"""What a caller shows the service: a bearer token, and TLS where others could listen.

SECURITY: a token is sent in the clear only where nobody else can hear it, over a unix socket or a
loopback address. Everywhere else `checked_token` refuses it without TLS.
"""

import ipaddress
import os
import stat
from collections import namedtuple
from pathlib import Path
from typing import Any, Final

import grpc

from assize.errors import AccessDenied, InvalidRequest

TOKEN_VARIABLE: Final = "ASSIZE_TOKEN"  # noqa: S105 - the name of a variable
HEADER: Final = "authorization"
TOKEN_MOST_BYTES: Final = 4096
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"

_Details = namedtuple(  # noqa: PYI024 - gRPC reads it by attribute
    "_Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")
)


def read_token(path: Path | None) -> str:
    """Return the token of a file, else that of ASSIZE_TOKEN, else nothing.

    Raises:
        InvalidRequest: The file cannot be read, or others can read it.
    """
    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(TOKEN_MOST_BYTES).decode("ascii")
    except OSError as error:
        text = f"the token file {path} cannot be read: {error.strerror or error}"
        raise InvalidRequest(text) from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the token file {path} holds no token: it is not ASCII") from error
    if stat.S_ISREG(mode) and mode & 0o077:
        raise InvalidRequest(f"the token file {path} can be read by others: chmod 600 {path}")
    return text.strip()


def is_local(address: str) -> bool:
    """Tell whether only this machine hears what is sent to the address."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_token(token: str, address: str, *, secure: bool) -> str:
    """Return the token if it may be sent there.

    Raises:
        AccessDenied: Others could hear it.
    """
    if token and not secure and not is_local(address):
        raise AccessDenied(
            f"a token is not sent to {address} without TLS; others could hear it: set "
            "ASSIZE_TLS_CA to the authorities to believe"
        )
    return token


def channel_credentials(authorities: Path | None = None) -> grpc.ChannelCredentials:
    """Return what a client needs to speak TLS; `authorities` is a PEM file, else the usual ones.

    Raises:
        InvalidRequest: The file cannot be read, or holds no certificate.
    """
    try:
        roots = authorities.read_bytes() if authorities else None
    except OSError as error:
        raise InvalidRequest(f"{authorities}: {error.strerror or error}") from error
    if roots is not None and _CERTIFICATE not in roots:
        # gRPC would say so on standard error, in words of its own, and then that nobody answers.
        raise InvalidRequest(f"{authorities}: there is no certificate in PEM form")
    return grpc.ssl_channel_credentials(roots)


def with_token(channel: grpc.Channel, token: str) -> grpc.Channel:
    """Return the channel, with the token on each call; an empty token changes nothing."""
    return grpc.intercept_channel(channel, _Bearer(token)) if token else channel


def token_interceptors(token: str) -> list[Any]:
    """Return what `grpc.aio.insecure_channel` and `secure_channel` take as `interceptors`."""
    return [kind(token) for kind in _ASYNC] if token else []


class _Bearer(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc,type-arg,unused-ignore]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc,type-arg,unused-ignore]
    grpc.StreamUnaryClientInterceptor,  # type: ignore[misc,type-arg,unused-ignore]
    grpc.StreamStreamClientInterceptor,  # type: ignore[misc,type-arg,unused-ignore]
):
    """Adds the header to each call of a channel for threads."""

    def __init__(self, token: str) -> None:
        self._token = token

    def _with_header(self, details: Any) -> _Details:
        return _Details(
            details.method,
            details.timeout,
            [*(details.metadata or ()), (HEADER, f"Bearer {self._token}")],
            details.credentials,
            getattr(details, "wait_for_ready", None),
            getattr(details, "compression", None),
        )

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(self._with_header(client_call_details), request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(self._with_header(client_call_details), request)

    def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return continuation(self._with_header(client_call_details), request_iterator)

    def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return continuation(self._with_header(client_call_details), request_iterator)


class _AsyncBearer:
    """Adds the header to each call of a channel for asyncio, which wants a class for each kind."""

    def __init__(self, token: str) -> None:
        self._token = token

    def _with_header(self, details: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()))
        metadata.add(HEADER, f"Bearer {self._token}")
        return details._replace(metadata=metadata)


class _UnaryUnary(_AsyncBearer, grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc,type-arg,unused-ignore]
    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(self._with_header(client_call_details), request)


class _UnaryStream(_AsyncBearer, grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[misc,type-arg,unused-ignore]
    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(self._with_header(client_call_details), request)


class _StreamUnary(_AsyncBearer, grpc.aio.StreamUnaryClientInterceptor):  # type: ignore[misc,type-arg,unused-ignore]
    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(self._with_header(client_call_details), request_iterator)


class _StreamStream(_AsyncBearer, grpc.aio.StreamStreamClientInterceptor):  # type: ignore[misc,type-arg,unused-ignore]
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(self._with_header(client_call_details), request_iterator)


_ASYNC: Final = (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)
