"""Who judges: a service elsewhere, or one inside this process where that part is installed."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Final

import typer

from assize.access import channel_credentials, read_token
from assize.client import Client
from assize.errors import AssizeError
from assize.wire import DEFAULT_TIMEOUT_SECONDS

TOKEN_FILE_VARIABLE: Final = "ASSIZE_TOKEN_FILE"  # noqa: S105 - a name
AUTHORITIES_VARIABLE: Final = "ASSIZE_TLS_CA"
_GROUP: Final = "assize.embedded"
_MISSING: Final = (
    "no service is named and none is installed here: name one with --server, "
    "or pip install 'assize[server]'"
)

ServerOption = Annotated[
    str,
    typer.Option(
        "--server",
        envvar="ASSIZE_SERVER",
        metavar="ADDRESS",
        show_default=False,
        help="The service to ask, host:port or unix:///path. Without it one is started inside "
        "this process. ASSIZE_TOKEN or ASSIZE_TOKEN_FILE says who asks, ASSIZE_TLS_CA whom to "
        "believe.",
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout", min=0.001, metavar="SECONDS", help="How long to wait for the answer."
    ),
]
DEFAULT_TIMEOUT: Final = DEFAULT_TIMEOUT_SECONDS


class EmbeddedFailure(AssizeError):
    """The service inside this process does not start; `remedy` says what mends it."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@contextmanager
def connected(server: str, timeout_seconds: float) -> Iterator[Client]:
    """Give a client of the service at `server`, or of one inside this process if it is empty.

    Raises:
        BadParameter: There is neither.
        EmbeddedFailure: The service inside this process does not start.
        AssizeError: The token or the authorities cannot be read, or the token may not be sent.
    """
    named = os.environ.get(TOKEN_FILE_VARIABLE)
    token = read_token(Path(named) if named else None)
    authorities = os.environ.get(AUTHORITIES_VARIABLE)
    credentials = channel_credentials(Path(authorities)) if authorities else None
    with (
        reached(server) as address,
        Client(
            address, timeout_seconds=timeout_seconds, token=token, credentials=credentials
        ) as client,
    ):
        yield client


@contextmanager
def reached(server: str) -> Iterator[str]:
    """Give the address `server`, or that of a service inside this process if it is empty.

    Raises:
        BadParameter: There is neither.
        EmbeddedFailure: The service inside this process does not start.
    """
    with ExitStack() as stack:
        yield server or stack.enter_context(_embedded())


@contextmanager
def _embedded() -> Iterator[str]:
    # Standard output belongs to the verdict; the service's log lines go elsewhere.
    with redirect_stdout(sys.stderr), ExitStack() as stack:
        try:
            address = stack.enter_context(_service())
        except typer.BadParameter:
            raise
        except Exception as error:
            message = str(error) or type(error).__name__
            remedy = str(getattr(error, "remedy", ""))
            raise EmbeddedFailure(f"cannot start the service here: {message}", remedy=remedy) from (
                error
            )
        yield address


def _service() -> AbstractContextManager[str]:
    """Return the service, not started. The entry point is there even where its part is not."""
    for entry_point in entry_points(group=_GROUP):
        try:
            service: AbstractContextManager[str] = entry_point.load()()
        except ImportError as error:
            raise typer.BadParameter(f"{_MISSING} ({error})", param_hint="--server") from error
        return service
    raise typer.BadParameter(_MISSING, param_hint="--server")
