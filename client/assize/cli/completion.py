"""Names for the shell to complete: workspaces, policies and holds of the service that is named.

Whoever presses Tab waits for it, and what is printed would land in their line. So the service is
asked briefly, none is started for it, and whatever goes wrong completes nothing and says nothing.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import typer

from assize.cli.connection import workspaces_connected
from assize.cli.target import AUTHORITIES_VARIABLE, TOKEN_FILE_VARIABLE, connected

PATIENCE_SECONDS: Final = 2.0


def workspaces(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the caller's workspaces that begin like this."""

    def names(server: str) -> Iterable[str]:
        token, authorities = _path(TOKEN_FILE_VARIABLE), _path(AUTHORITIES_VARIABLE)
        with workspaces_connected(server, PATIENCE_SECONDS, token, authorities) as client:
            return [each.name for each in client.workspaces()]

    return _begun(incomplete, _named(ctx, "server", "ASSIZE_SERVER"), names)


def policies(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the service's policies that begin like this."""

    def names(server: str) -> Iterable[str]:
        with connected(server, PATIENCE_SECONDS) as client:
            return [each.name for each in client.policies()]

    return _begun(incomplete, _named(ctx, "server", "ASSIZE_SERVER"), names)


def holds(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the holds that begin like this and wait for a person."""

    def names(server: str) -> Iterable[str]:
        # It needs libraries that a light installation lacks.
        from assize.cli.approval_target import approval_client  # noqa: PLC0415
        from assize.model.approvals import HoldState  # noqa: PLC0415

        with approval_client(server, _path("ASSIZE_APPROVALS_CA"), PATIENCE_SECONDS) as client:
            return [each.id for each in client.holds((HoldState.PENDING,))]

    return _begun(incomplete, _named(ctx, "server", "ASSIZE_APPROVALS_SERVER"), names)


def _begun(incomplete: str, server: str, names: Callable[[str], Iterable[str]]) -> list[str]:
    if not server:
        return []
    try:
        found = names(server)
    except Exception:  # noqa: BLE001 - a fault of ours must not land in somebody's command line
        return []
    # A name that is not printable could do something to the terminal.
    return [name for name in found if name.startswith(incomplete) and name.isprintable()]


def _named(ctx: typer.Context, option: str, variable: str) -> str:
    return str(ctx.params.get(option) or os.environ.get(variable, ""))


def _path(variable: str) -> Path | None:
    named = os.environ.get(variable)
    return Path(named) if named else None
