"""Where the approval service is, and who asks it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from assize.access import channel_credentials, is_local
from assize.approvals.client import ApprovalClient
from assize.channels import CALL_SECONDS

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
        help="Speak TLS, and believe these certificate authorities (PEM) and no others. Another "
        "machine is always spoken to by TLS.",
    ),
]


@contextmanager
def approval_client(
    server: str, authorities: Path | None, timeout_seconds: float = CALL_SECONDS
) -> Iterator[ApprovalClient]:
    """Give a client of the approval service at `server`.

    Raises:
        BadParameter: No service is named.
        AssizeError: The authorities cannot be read, or the token may not be sent.
    """
    if not server:
        text = (
            "name the approval service here or in ASSIZE_APPROVALS_SERVER; a service without "
            "credentials has it at unix:///STATE/approvals.sock, STATE being its state folder"
        )
        raise typer.BadParameter(text, param_hint="--approvals-server")
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    secure = authorities is not None or not is_local(server)
    credentials = channel_credentials(authorities) if secure else None
    with ApprovalClient(
        server, token, credentials=credentials, timeout_seconds=timeout_seconds
    ) as client:
        yield client
