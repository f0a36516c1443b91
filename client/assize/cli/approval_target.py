"""Where the approval service is, and who asks it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer

from assize.approvals.client import ApprovalClient
from assize.errors import InvalidRequest

TOKEN_VARIABLE: Final = "ASSIZE_APPROVALS_TOKEN"  # noqa: S105 - the name of a variable

ApprovalsServerOption = Annotated[
    str,
    typer.Option(
        "--approvals-server",
        envvar="ASSIZE_APPROVALS_SERVER",
        metavar="ADDRESS",
        show_default=False,
        help="The approval service, host:port or unix:///path. ASSIZE_APPROVALS_TOKEN holds your "
        "token.",
    ),
]
AuthoritiesOption = Annotated[
    Path | None,
    typer.Option(
        "--approvals-ca",
        envvar="ASSIZE_APPROVALS_CA",
        metavar="FILE",
        show_default=False,
        help="Speak TLS, and believe these certificate authorities (PEM) and no others.",
    ),
]


@contextmanager
def approval_client(server: str, authorities: Path | None) -> Iterator[ApprovalClient]:
    """Give a client of the approval service at `server`.

    Raises:
        BadParameter: No service is named.
        AssizeError: The authorities cannot be read, or the token may not be sent.
    """
    if not server:
        text = "name the approval service here or in ASSIZE_APPROVALS_SERVER"
        raise typer.BadParameter(text, param_hint="--approvals-server")
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    with ApprovalClient(server, token, credentials=_credentials(authorities)) as client:
        yield client


def _credentials(authorities: Path | None) -> grpc.ChannelCredentials | None:
    if authorities is None:
        return None
    try:
        return grpc.ssl_channel_credentials(authorities.read_bytes())
    except OSError as error:
        raise InvalidRequest(f"{authorities}: {error.strerror or error}") from error
