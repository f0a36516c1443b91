"""The channel of a client that shows a token: how it is opened, and who closes it."""

from types import TracebackType
from typing import Final, Self

import grpc

from assize.access import checked_token, with_token
from assize.wire import ChannelOptions, channel_options

CALL_SECONDS: Final = 60.0
"""Deadline of a call that runs no code."""


def open_channel(
    address: str,
    *,
    token: str = "",
    credentials: grpc.ChannelCredentials | None = None,
    options: ChannelOptions = (),
) -> grpc.Channel:
    """Return a channel to `host:port` or `unix:///path`; nothing is sent yet.

    Without `credentials` it is not encrypted, and takes no token to another machine.

    Raises:
        AccessDenied: The token would go out in the clear.
    """
    shown = checked_token(token, address, secure=credentials is not None)
    chosen = channel_options(options)
    channel = (
        grpc.insecure_channel(address, chosen)
        if credentials is None
        else grpc.secure_channel(address, credentials, chosen)
    )
    return with_token(channel, shown)


class ChannelOwner:
    """What every blocking client is: a context manager that closes its channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        """Take a channel over."""
        self._channel = channel

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the channel."""
        self.close()

    def close(self) -> None:
        """Close the channel; calls under way end as `Cancelled`."""
        self._channel.close()
