"""How commands reach a service that asks for a token, and speaks TLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import grpc
import typer

from assize.access import channel_credentials, read_token
from assize.audit.client import AuditClient
from assize.cli.target import AUTHORITIES_VARIABLE, TOKEN_FILE_VARIABLE, reached
from assize.workspaces import WorkspaceClient

TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        envvar=TOKEN_FILE_VARIABLE,
        metavar="FILE",
        show_default=False,
        help="Holds the token to show; without it, ASSIZE_TOKEN is shown, if that is set.",
    ),
]
TlsOption = Annotated[
    bool, typer.Option("--tls", help="Speak TLS with the service.", show_default=False)
]
AuthoritiesOption = Annotated[
    Path | None,
    typer.Option(
        "--tls-ca",
        envvar=AUTHORITIES_VARIABLE,
        metavar="FILE",
        show_default=False,
        help="Speak TLS, and believe these certificate authorities (PEM) and no others.",
    ),
]


@contextmanager
def audit_client(
    server: str,
    token_file: Path | None,
    authorities: Path | None,
    timeout_seconds: float,
    *,
    tls: bool = False,
) -> Iterator[AuditClient]:
    """Give a client of the log of the service at `server`, or of one inside this process.

    Raises:
        AssizeError: The token or the authorities cannot be read, or the token may not be sent.
    """
    token, credentials = _shown(token_file, authorities, tls=tls)
    with (
        reached(server) as address,
        AuditClient(
            address, token=token, timeout_seconds=timeout_seconds, credentials=credentials
        ) as client,
    ):
        yield client


@contextmanager
def workspaces_connected(
    server: str,
    timeout_seconds: float,
    token_file: Path | None = None,
    authorities: Path | None = None,
    *,
    tls: bool = False,
) -> Iterator[WorkspaceClient]:
    """Give a client of the workspaces at `server`, or of those of a service inside this process.

    Raises:
        AssizeError: The token or the authorities cannot be read, or the token may not be sent.
    """
    token, credentials = _shown(token_file, authorities, tls=tls)
    with (
        reached(server) as address,
        WorkspaceClient(
            address, token=token, timeout_seconds=timeout_seconds, credentials=credentials
        ) as client,
    ):
        yield client


def _shown(
    token_file: Path | None, authorities: Path | None, *, tls: bool
) -> tuple[str, grpc.ChannelCredentials | None]:
    """Return the token to show and what the channel is encrypted with, if anything."""
    credentials = channel_credentials(authorities) if tls or authorities else None
    return read_token(token_file), credentials
